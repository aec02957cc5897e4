/** `lock`: takes a lock, prints its key and holds it until it is told to end; or runs a program while it holds it. */
import { type Lock, Mutex } from "@kvorum/concurrency";
import { runChild } from "../child.js";
import { type Command, type Context, defineCommand } from "../command.js";
import { messageOf, SignalReason } from "../errors.js";
import { badArguments, CommandFailure, EXIT } from "../failure.js";
import { int } from "../flags.js";
import { rangeReport } from "../output/pairs.js";
import { openSession } from "../session.js";

export const lock: Command = defineCommand({
  usage: "<lockname> [exec-command arg1 arg2 ...]",
  description: [
    "Waits for the lock, prints its key, and holds it until Ctrl-C or SIGTERM. A program is run while the lock is held,",
    "with ETCD_LOCK_KEY and ETCD_LOCK_REV in its environment; its exit code is ours. Should the lock be lost meanwhile,",
    "the program is told to end. Put -- before a program with flags.",
  ].join("\n"),
  flags: { ttl: int("timeout for session", { fallback: 10, placeholder: "<seconds>" }) },
  run: async (context, args, { ttl }) => {
    const [name, ...program] = args;
    if (name === undefined) {
      throw badArguments("lock takes a lock name argument and an optional command to execute");
    }
    const client = await context.client();
    await using session = await openSession(context, client, ttl);
    await using held = await new Mutex(session, name).lock({ signal: context.signal });
    if (program.length > 0) return await runHeld(context, held, program);
    const pair = await client.rpc.kv.range({ key: Buffer.from(held.key) }, context.call());
    if (pair.kvs.length === 0) throw new CommandFailure(EXIT.error, "lock lost on init");
    context.print(rangeReport(pair, { hex: context.settings.hex }));
    await untilAborted(held.signal, context.signal);
    if (!context.signal.aborted)
      throw new CommandFailure(EXIT.error, `session expired: ${messageOf(held.signal.reason)}`);
    return EXIT.ok;
  },
});

async function runHeld(context: Context, held: Lock, program: readonly string[]): Promise<number> {
  const { environment, signal, terminal } = context;
  const variables = {
    ETCD_LOCK_KEY: held.key,
    ETCD_LOCK_REV: String(held.fencingToken),
    ...environment,
  };
  const { code } = await runChild(program, variables, AbortSignal.any([signal, held.signal]));
  if (held.signal.aborted) {
    terminal.error(`Error: the lock was lost while the command ran: ${messageOf(held.signal.reason)}\n`);
    return code === 0 ? EXIT.error : code;
  }
  return signal.reason instanceof SignalReason && code === 0 ? signal.reason.exitCode : code;
}

/** Resolves as soon as one of them aborts. */
export function untilAborted(...signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of signals) {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    }
  });
}
