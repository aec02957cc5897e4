/** `watch`: prints changes as they come, and may run a program for each. With `-i` watches are asked for line by line. */
import { type Command, type Context, defineCommand } from "../command.js";
import { parseArguments } from "../command-line.js";
import { badArguments, CommandFailure, EXIT } from "../failure.js";
import { Lines } from "../standard-input.js";
import {
  type EnvironmentKeys,
  keysOfEnvironment,
  selectorOf,
  WATCH_FLAGS,
  type WatchFlags,
  watchArguments,
} from "../watch/arguments.js";
import { type Following, follow } from "../watch/follow.js";
import { wordsOf } from "../words.js";

export const watch: Command = defineCommand({
  usage: "[options] [key or prefix] [range_end] [--] [exec-command arg1 arg2 ...]",
  description: [
    "The program behind -- is run for each change, with ETCD_WATCH_REVISION, ETCD_WATCH_EVENT_TYPE, ETCD_WATCH_KEY and",
    "ETCD_WATCH_VALUE in its environment. ETCDCTL_WATCH_KEY and ETCDCTL_WATCH_RANGE_END stand for the arguments.",
  ].join("\n"),
  flags: WATCH_FLAGS,
  run: async (context, args, flags) => {
    const keys = keysOfEnvironment(context.environment);
    if (flags.interactive) return listen(context, keys);
    const { words, program } = watchArguments(args, context.dashAt, keys);
    const { ended } = await follow(context, selectorOf(words, flags.prefix), program, flags);
    await ended;
    return undefined;
  },
});

/** Reads `watch …` and `progress` until the input ends, which is an error as for etcdctl. */
async function listen(context: Context, keys: EnvironmentKeys): Promise<never> {
  const lines = new Lines(context.terminal.stdin, context.signal);
  const followed: Following[] = [];
  // A program that failed, or a format that does not exist, ends the whole command; a watch that the server has ended does not.
  const failed = new AbortController();
  for (;;) {
    const line = await untilFailed(lines.next(), failed.signal);
    if (line === undefined) {
      throw new CommandFailure(EXIT.invalidInput, "Error reading watch request line: EOF");
    }
    const following = await obey(context, line, keys, followed);
    if (following === undefined) continue;
    followed.push(following);
    following.ended.catch((error: unknown) => {
      if (!(error instanceof CommandFailure && error.code === EXIT.interrupted)) failed.abort(error);
    });
  }
}

/** Errors: the reason of `failed`. */
async function untilFailed<T>(work: Promise<T>, failed: AbortSignal): Promise<T> {
  failed.throwIfAborted();
  let stop = (): void => undefined;
  const failure = new Promise<never>((_, reject) => {
    stop = () => reject(failed.reason);
    failed.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([work, failure]);
  } finally {
    failed.removeEventListener("abort", stop);
  }
}

async function obey(
  context: Context,
  line: string,
  keys: EnvironmentKeys,
  followed: readonly Following[],
): Promise<Following | undefined> {
  const { terminal } = context;
  const [verb, ...words] = wordsOf(line);
  if (verb === "watch") {
    if (words.length === 0 && keys.key === "") {
      terminal.error(`Invalid command ${line} (command type or key is not provided)\n`);
      return undefined;
    }
    return startWatch(context, line, words, keys);
  }
  if (verb === "progress") await tellProgress(context, followed);
  else if (verb === undefined) terminal.error(`Invalid command: ${line} (watch and progress supported)\n`);
  else terminal.error(`Invalid command ${line} (only support watch)\n`);
  return undefined;
}

async function startWatch(
  context: Context,
  line: string,
  words: readonly string[],
  keys: EnvironmentKeys,
): Promise<Following | undefined> {
  const { args, given, dashAt } = readLine(words);
  const fallbacks = Object.entries(WATCH_FLAGS).map(([name, flag]) => [name, flag.fallback]);
  // Every flag of the table has its value now, read by itself or its fallback.
  const flags = { ...Object.fromEntries(fallbacks), ...given } as WatchFlags;
  const { words: range, program } = watchArguments(args, dashAt, keys);
  try {
    return await follow(context, selectorOf(range, flags.prefix), program, flags);
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    context.terminal.error(`Invalid command ${line} (${error.message})\n`);
    return undefined;
  }
}

function readLine(words: readonly string[]): ReturnType<typeof parseArguments> {
  try {
    return parseArguments(words, WATCH_FLAGS);
  } catch (error) {
    if (error instanceof CommandFailure) throw badArguments(error.message);
    throw error;
  }
}

/** For each watch, the revision up to which it has reported everything. */
async function tellProgress({ call, terminal }: Context, followed: readonly Following[]): Promise<void> {
  for (const { watch } of followed) terminal.out(`progress notify: ${await watch.progress(call())}\n`);
}
