/**
 * The kinds of flags. A command declares its own as a record of name → flag, and gets a record of name → value, typed alike.
 * Values are read as etcdctl's flag library reads them, with its words for what cannot be read.
 */
import { NumberTextError, parseBool, parseDuration, parseInt64 } from "./numbers.js";

export interface Flag<T> {
  /** What the help shows for the value; empty for a switch, which needs none. */
  readonly placeholder: string;
  readonly help: string;
  readonly fallback: T;
  /** One letter, for `-w`. */
  readonly short?: string;
  /** Works and is not listed in the help. */
  readonly isHidden?: boolean;
  /** Values to offer where a shell completes; others may be taken as well. */
  readonly choices?: readonly string[];
  /** Errors: `NumberTextError`. */
  read(text: string): T;
  /** What several of the flag mean together. Without it the last one wins. */
  join?(earlier: T, later: T): T;
}

/** Name without dashes → flag. */
export type Flags = Readonly<Record<string, Flag<unknown>>>;

export type FlagValues<F extends Flags> = {
  readonly [Name in keyof F]: F[Name] extends Flag<infer T> ? T : never;
};

/** The declaration of flags whose values are `V`. */
export type FlagsFor<V> = { readonly [Name in keyof V]: Flag<V[Name]> };

interface FlagExtras {
  readonly short?: string;
  readonly isHidden?: boolean;
  readonly placeholder?: string;
  readonly choices?: readonly string[];
}

/** On or off: `--name`, `--name=false`. */
export function onOff(help: string, extras: FlagExtras & { readonly fallback?: boolean } = {}): Flag<boolean> {
  return { fallback: false, ...extras, placeholder: "", help, read: parseBool };
}

export function text(help: string, extras: FlagExtras & { readonly fallback?: string } = {}): Flag<string> {
  return { placeholder: "<text>", fallback: "", ...extras, help, read: (given) => given };
}

/** Several values, separated by commas. */
export function list(help: string, fallback: readonly string[], extras: FlagExtras = {}): Flag<readonly string[]> {
  return { placeholder: "<list>", ...extras, help, fallback, read: (given) => given.split(",") };
}

/** Several values, separated by commas or each behind a flag of its own: all of them count. */
export function repeatedList(help: string, fallback: readonly string[]): Flag<readonly string[]> {
  return { ...list(help, fallback), join: (earlier, later) => [...earlier, ...later] };
}

/** 64 bits with a sign: revisions, limits. */
export function int64(help: string, extras: FlagExtras & { readonly fallback?: bigint } = {}): Flag<bigint> {
  return { placeholder: "<number>", fallback: 0n, ...extras, help, read: (given) => parseInt64(given, 0) };
}

/** A whole number that JavaScript can count with. */
export function int(help: string, extras: FlagExtras & { readonly fallback?: number } = {}): Flag<number> {
  return {
    ...{ placeholder: "<number>", fallback: 0, ...extras, help },
    read: (given) => {
      const value = Number(parseInt64(given, 0));
      if (Number.isSafeInteger(value)) return value;
      throw new NumberTextError(`strconv.ParseInt: parsing "${given}": value out of range`);
    },
  };
}

/** Milliseconds, written as `300ms`, `5s`, `1m30s`. */
export function duration(help: string, fallbackMs: number, extras: FlagExtras = {}): Flag<number> {
  return { placeholder: "<duration>", ...extras, help, fallback: fallbackMs, read: parseDuration };
}
