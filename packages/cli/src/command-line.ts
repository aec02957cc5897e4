/**
 * Reads the command line by the rules of etcdctl's flag library: flags stand anywhere before `--`, `--name value`, `--name=value`,
 * `-w value`, `-wvalue`, `-il` for two switches, `--switch=false`; the last one wins, `--endpoints` add up. Own code, because what
 * cannot be read is answered in that library's words, and because a switch that takes a value behind `=` only is foreign to commander.
 */
import { CommandFailure, EXIT } from "./failure.js";
import type { Flag, Flags } from "./flags.js";
import { NumberTextError } from "./numbers.js";
import { quote } from "./output/quote.js";

export interface Parsed {
  readonly args: readonly string[];
  /** Flags that were given, by name. */
  readonly given: Readonly<Record<string, unknown>>;
  readonly dashAt: number | undefined;
}

/**
 * The leading words that name a command. Flags before and between them are passed over, with their values where the flag is
 * known to take one.
 *
 * @param isCommand whether the words begin the name of a command
 */
export function commandWords(
  argv: readonly string[],
  flags: Flags,
  isCommand: (words: readonly string[]) => boolean,
): { readonly words: readonly string[]; readonly rest: readonly string[]; readonly stray: string | undefined } {
  const words: string[] = [];
  const rest: string[] = [];
  for (let at = 0; at < argv.length; at += 1) {
    const argument = argv[at] as string;
    if (argument === "--") return { words, rest: [...rest, ...argv.slice(at)], stray: undefined };
    if (isFlag(argument)) {
      rest.push(argument);
      if (takesNext(argument, flags) && at + 1 < argv.length) rest.push(argv[++at] as string);
      continue;
    }
    if (!isCommand([...words, argument])) return { words, rest: [...rest, ...argv.slice(at)], stray: argument };
    words.push(argument);
  }
  return { words, rest, stray: undefined };
}

/** Errors: `CommandFailure` with exit code 1 for what the flags do not allow. */
export function parseArguments(argv: readonly string[], flags: Flags): Parsed {
  const args: string[] = [];
  const given: Record<string, unknown> = {};
  for (let at = 0; at < argv.length; at += 1) {
    const argument = argv[at] as string;
    if (argument === "--") return { args: [...args, ...argv.slice(at + 1)], given, dashAt: args.length };
    if (!isFlag(argument)) args.push(argument);
    else if (argument.startsWith("--")) at += readLong(argument, argv[at + 1], flags, given);
    else at += readShort(argument, argv[at + 1], flags, given);
  }
  return { args, given, dashAt: undefined };
}

/** A single dash is an argument: it stands for standard input. */
function isFlag(argument: string): boolean {
  return argument.length > 1 && argument.startsWith("-");
}

/** Whether the following argument is the value of this one. */
export function takesNext(argument: string, flags: Flags): boolean {
  if (argument.includes("=")) return false;
  if (argument.startsWith("--")) return isValued(flags[argument.slice(2)]);
  return isValued(byLetter(flags, argument.slice(-1))?.flag);
}

function isValued(flag: Flag<unknown> | undefined): boolean {
  return flag !== undefined && flag.placeholder !== "";
}

/** How many of the following arguments were read as its value: 0 or 1. */
function readLong(argument: string, next: string | undefined, flags: Flags, given: Record<string, unknown>): number {
  const [, name = "", value] = /^--([^=]*)(?:=(.*))?$/s.exec(argument) ?? [];
  if (name === "" || name.startsWith("-")) throw unreadable(`bad flag syntax: ${argument}`);
  const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
  if (flag === undefined) throw unreadable(`unknown flag: --${name}`);
  if (value !== undefined || !isValued(flag)) {
    take(given, flag, name, value ?? "true");
    return 0;
  }
  if (next === undefined) throw unreadable(`flag needs an argument: --${name}`);
  take(given, flag, name, next);
  return 1;
}

function readShort(argument: string, next: string | undefined, flags: Flags, given: Record<string, unknown>): number {
  for (let at = 1; at < argument.length; at += 1) {
    const letter = argument[at] as string;
    const found = byLetter(flags, letter);
    if (found === undefined) throw unreadable(`unknown shorthand flag: '${letter}' in -${argument.slice(at)}`);
    const { name, flag } = found;
    const behind = argument.slice(at + 1);
    if (behind.startsWith("=")) {
      take(given, flag, name, behind.slice(1));
      return 0;
    }
    if (!isValued(flag)) {
      take(given, flag, name, "true");
      continue;
    }
    if (behind === "" && next === undefined) {
      throw unreadable(`flag needs an argument: '${letter}' in -${argument.slice(at)}`);
    }
    take(given, flag, name, behind === "" ? (next as string) : behind);
    return behind === "" ? 1 : 0;
  }
  return 0;
}

function byLetter(flags: Flags, letter: string): { readonly name: string; readonly flag: Flag<unknown> } | undefined {
  for (const [name, flag] of Object.entries(flags)) if (flag.short === letter) return { name, flag };
  return undefined;
}

function take(given: Record<string, unknown>, flag: Flag<unknown>, name: string, text: string): void {
  const value = readValue(flag, name, text);
  const isFurther = flag.join !== undefined && Object.hasOwn(given, name);
  given[name] = isFurther ? flag.join?.(given[name], value) : value;
}

function readValue(flag: Flag<unknown>, name: string, value: string): unknown {
  try {
    return flag.read(value);
  } catch (error) {
    if (!(error instanceof NumberTextError)) throw error;
    const shown = flag.short === undefined ? `--${name}` : `-${flag.short}, --${name}`;
    throw unreadable(`invalid argument ${quote(value)} for "${shown}" flag: ${error.message}`);
  }
}

function unreadable(message: string): CommandFailure {
  return new CommandFailure(EXIT.error, message);
}
