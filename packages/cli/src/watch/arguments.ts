/**
 * What `watch` is given: the key and the range end, by argument or by `ETCDCTL_WATCH_KEY` and `ETCDCTL_WATCH_RANGE_END`, and behind
 * `--` a program to run for each change.
 */
import { type KeyRange, prefix, range, type Selector } from "@kvorum/client";
import { badArguments } from "../failure.js";
import { type FlagsFor, int64, onOff } from "../flags.js";
import { quote } from "../output/quote.js";

export interface WatchFlags {
  readonly interactive: boolean;
  readonly prefix: boolean;
  readonly "prev-kv": boolean;
  readonly "progress-notify": boolean;
  readonly rev: bigint;
}

export const WATCH_FLAGS: FlagsFor<WatchFlags> = {
  interactive: onOff("Interactive mode", { short: "i" }),
  prefix: onOff("Watch on a prefix if prefix is set"),
  "prev-kv": onOff("get the previous key-value pair before the event happens"),
  "progress-notify": onOff("get periodic watch progress notification from server"),
  rev: int64("Revision to start watching"),
};

export interface WatchArguments {
  /** A key, and maybe a range end. */
  readonly words: readonly string[];
  readonly program: readonly string[];
}

export interface EnvironmentKeys {
  readonly key: string;
  readonly end: string;
}

/** Errors: `CommandFailure` for a range end without a key. */
export function keysOfEnvironment(environment: Readonly<Record<string, string | undefined>>): EnvironmentKeys {
  const key = environment["ETCDCTL_WATCH_KEY"] ?? "";
  const end = environment["ETCDCTL_WATCH_RANGE_END"] ?? "";
  if (key === "" && end !== "") {
    throw badArguments(`ETCDCTL_WATCH_KEY is empty but got ETCDCTL_WATCH_RANGE_END=${quote(end)}`);
  }
  return { key, end };
}

/** Errors: `CommandFailure` for words that are missing, or said twice. */
export function watchArguments(
  args: readonly string[],
  dashAt: number | undefined,
  environment: EnvironmentKeys,
): WatchArguments {
  const words = args.slice(0, dashAt);
  const program = dashAt === undefined ? [] : args.slice(dashAt);
  if (dashAt !== undefined && program.length === 0) {
    throw badArguments("bad number of arguments (found separator --, but no commands)");
  }
  if (environment.key === "") {
    if (words.length === 0) throw badArguments("bad number of arguments");
    return { words, program };
  }
  if (words.length > 0) throw badArguments("bad number of arguments (found conflicting environment key)");
  return { words: [environment.key, environment.end].filter((word) => word !== ""), program };
}

/** Errors: `CommandFailure` for a range end beside a prefix. */
export function selectorOf(words: readonly string[], isPrefix: boolean): Selector {
  const [key = "", end] = words;
  if (end !== undefined && isPrefix) throw badArguments("`range_end` and `--prefix` are mutually exclusive");
  if (isPrefix) return prefix(key);
  return end === undefined ? key : rangeOf(key, end);
}

function rangeOf(key: string, end: string): KeyRange {
  try {
    return range(key, end);
  } catch (error) {
    throw badArguments(error instanceof Error ? error.message : String(error));
  }
}
