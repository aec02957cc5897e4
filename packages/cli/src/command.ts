/**
 * How one command is declared. A file `commands/<noun>.ts` exports commands made with `defineCommand`; `commands.ts` lists all of
 * them with the one line of the help, and loads a file only when one of its commands is called: a short command starts fast.
 */
import type { CallOptions, Client } from "@kvorum/client";
import type { ClientExtras } from "./connect.js";
import type { Flags, FlagValues } from "./flags.js";
import type { Report } from "./output/report.js";
import type { Settings } from "./settings.js";
import type { Terminal } from "./terminal.js";

/** What a command is given beside its own arguments and flags. */
export interface Context {
  readonly settings: Settings;
  readonly terminal: Terminal;
  /** Aborts when the user (Ctrl-C) or the system wants the command to end. */
  readonly signal: AbortSignal;
  /** What stood on the command line behind the program's name, untouched. */
  readonly argv: readonly string[];
  /** How many of the arguments stood before `--`; undefined where there was none. */
  readonly dashAt: number | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The client that the global flags describe; made at the first call, closed when the command has ended. */
  client(): Promise<Client>;
  /** Another client for the same endpoints, which the command has more to say about. Closed by the program as well. */
  clientWith(extras: ClientExtras): Promise<Client>;
  /** A client like it for other endpoints (one member of the cluster, say). Closed by the program as well. */
  clientFor(endpoints: readonly string[]): Promise<Client>;
  /** The options of a call that has `--command-timeout`, beginning now, and ends with the command. */
  call(): CallOptions;
  /** Prints in the format of `--write-out`. Errors: `CommandFailure` where the command has no such format. */
  print(report: Report): void;
}

export interface Command<F extends Flags = Flags> {
  /** What follows the name in the usage line: `[options] <key> [range_end]`. */
  readonly usage: string;
  /** Longer text of the help, if the summary in `commands.ts` does not say it all. */
  readonly description?: string;
  readonly flags: F;
  /** Its arguments are names of files, for a shell that completes. */
  readonly takesFiles?: boolean;
  /** What its argument may be, likewise. */
  readonly choices?: readonly string[];
  /**
   * Resolves when the work is done; a number is the exit code, nothing is 0.
   *
   * Errors: `CommandFailure` with its code, an error of the client, or the reason of `context.signal`.
   */
  run(context: Context, args: readonly string[], flags: FlagValues<F>): Promise<number | undefined>;
}

/** The command as it is, its flags' values typed after their declaration. */
export function defineCommand<const F extends Flags>(command: Command<F>): Command {
  // The program gives `run` the values of exactly the flags that are declared beside it.
  return command as unknown as Command;
}

/** A line of the list in `commands.ts`. */
export interface CommandEntry {
  /** The words that call it: `get`, `lease grant`. */
  readonly name: string;
  readonly summary: string;
  /** Heading in the list of commands. */
  readonly group: "Keys" | "Leases and coordination" | "Cluster" | "Access" | "Data" | "Other";
  load(): Promise<Command>;
}
