/**
 * One run of `kvorumctl`: finds the command, reads flags and variables, runs it, and turns what went wrong into one line and an
 * exit code. Reads top to bottom in the order in which it happens.
 */
import type { Client } from "@kvorum/client";
import type { Command, CommandEntry, Context } from "./command.js";
import { commandWords, parseArguments } from "./command-line.js";
import { COMMANDS } from "./commands.js";
import { COMPLETE } from "./completion-words.js";
import type { ClientExtras } from "./connect.js";
import { failureOf } from "./errors.js";
import { badFeature, EXIT } from "./failure.js";
import { type Flags, onOff } from "./flags.js";
import { FORMATS, GLOBAL_FLAGS, readSettings, type Settings } from "./settings.js";
import { BrokenPipeError, type Terminal } from "./terminal.js";

/** What a run takes from its process. */
export interface World {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly terminal: Terminal;
  /** Aborts with a `SignalReason` when the process is told to end. */
  readonly signal: AbortSignal;
}

const HELP_FLAG = { help: onOff("print this help", { short: "h" }) } as const satisfies Flags;
const ROOT_FLAGS: Flags = { ...GLOBAL_FLAGS, ...HELP_FLAG };

/** Runs one command line and resolves with the exit code. Never rejects. */
export async function runProgram(argv: readonly string[], world: World): Promise<number> {
  try {
    return await run(argv, world);
  } catch (error) {
    if (error instanceof BrokenPipeError) return EXIT.ok;
    const { code, message } = failureOf(error);
    if (message !== undefined) report(world.terminal, message);
    return code;
  }
}

function report(terminal: Terminal, message: string): void {
  try {
    terminal.error(`Error: ${message}\n`);
  } catch {
    // Nobody reads standard error any more: the exit code has to be enough.
  }
}

async function run(argv: readonly string[], world: World): Promise<number> {
  if (argv[0] === COMPLETE) {
    const { candidateLines, candidates } = await import("./completion.js");
    world.terminal.out(candidateLines(await candidates(argv.slice(1), ROOT_FLAGS)));
    return EXIT.ok;
  }
  const { words, rest, stray } = commandWords(argv, ROOT_FLAGS, isCommandStart);
  if (words[0] === undefined && stray === "help") return helpAbout(rest, world);
  const entry = COMMANDS.find(({ name }) => name === words.join(" "));
  if (entry === undefined) {
    // A family of commands alone, or none at all: what there is to choose from.
    if (stray !== undefined) return unknownCommand(words, stray, world);
    parseArguments(rest, ROOT_FLAGS);
    return showHelp(world, words, entry);
  }
  const command = await entry.load();
  const flags: Flags = { ...GLOBAL_FLAGS, ...command.flags, ...HELP_FLAG };
  const { args, given, dashAt } = parseArguments(rest, flags);
  if (given["help"] === true) return showHelp(world, words, entry);
  const { settings, warnings } = readSettings(given, world.environment);
  for (const warning of warnings) world.terminal.error(`Warning: ${warning}\n`);
  if (!FORMATS.includes(settings["write-out"])) throw badFeature("unsupported output format");
  await using clients = new Clients(settings, world.terminal);
  const context = await contextOf({ argv, dashAt, settings, world, clients });
  return (await command.run(context, args, valuesOf(command, given))) ?? EXIT.ok;
}

function isCommandStart(words: readonly string[]): boolean {
  const start = words.join(" ");
  return COMMANDS.some(({ name }) => name === start || name.startsWith(`${start} `));
}

/** `help lease grant`: as `lease grant --help`. */
async function helpAbout(rest: readonly string[], world: World): Promise<number> {
  const named = rest.filter((word) => !word.startsWith("-")).slice(1);
  const known = commandWords(named, ROOT_FLAGS, isCommandStart);
  if (known.stray !== undefined) return unknownCommand(known.words, known.stray, world);
  const entry = COMMANDS.find(({ name }) => name === named.join(" "));
  return showHelp(world, named, entry);
}

async function showHelp(
  { terminal }: World,
  words: readonly string[],
  entry: CommandEntry | undefined,
): Promise<number> {
  const { helpText } = await import("./help.js");
  terminal.out(await helpText(words, entry, terminal));
  return EXIT.ok;
}

async function unknownCommand(words: readonly string[], word: string, { terminal }: World): Promise<number> {
  const { similarCommands } = await import("./help.js");
  const similar = similarCommands(words, word);
  const program = ["kvorumctl", ...words].join(" ");
  const hint = similar.length === 0 ? "" : `\n\nDid you mean this?\n${similar.map((name) => `\t${name}\n`).join("")}`;
  terminal.error(`Error: unknown command "${word}" for "${program}"${hint}\nRun '${program} --help' for usage.\n`);
  return EXIT.error;
}

function valuesOf(command: Command, given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(command.flags).map(([name, flag]) => [
      name,
      Object.hasOwn(given, name) ? given[name] : flag.fallback,
    ]),
  );
}

async function contextOf(parts: {
  readonly argv: readonly string[];
  readonly dashAt: number | undefined;
  readonly settings: Settings;
  readonly world: World;
  readonly clients: Clients;
}): Promise<Context> {
  const { argv, dashAt, settings, world, clients } = parts;
  const { terminal, signal, environment } = world;
  const { formatReport } = await import("./output/report.js");
  return {
    ...{ argv, dashAt, settings, terminal, signal, environment },
    client: () => clients.main(),
    clientWith: (extras) => clients.with(extras),
    clientFor: (endpoints) => clients.for(endpoints),
    call: () => ({ signal, timeout: settings["command-timeout"] }),
    print: (output) => terminal.out(formatReport(output, settings["write-out"])),
  };
}

/** The clients of one run; all are closed at its end. */
class Clients implements AsyncDisposable {
  readonly #settings: Settings;
  readonly #terminal: Terminal;
  readonly #others: Promise<Client>[] = [];
  #main: Promise<Client> | undefined;

  constructor(settings: Settings, terminal: Terminal) {
    this.#settings = settings;
    this.#terminal = terminal;
  }

  main(): Promise<Client> {
    this.#main ??= this.#connect();
    return this.#main;
  }

  with(extras: ClientExtras): Promise<Client> {
    return this.#connect(undefined, extras);
  }

  for(endpoints: readonly string[]): Promise<Client> {
    return this.#connect(endpoints);
  }

  async #connect(endpoints?: readonly string[], extras?: ClientExtras): Promise<Client> {
    const made = import("./connect.js").then(({ connect }) =>
      connect(this.#settings, this.#terminal, endpoints, extras),
    );
    this.#others.push(made);
    return made;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const settled = await Promise.allSettled(this.#others);
    await Promise.all(settled.map((client) => (client.status === "fulfilled" ? client.value.close() : undefined)));
  }
}
