/**
 * The help, drawn by commander from our own declarations: it knows how wide the terminal is, wraps, and finds the command
 * that was probably meant.
 */
import { Command as CommanderCommand, Option } from "commander";
import type { CommandEntry } from "./command.js";
import { COMMANDS } from "./commands.js";
import type { Flag, Flags } from "./flags.js";
import { GLOBAL_FLAGS } from "./settings.js";
import type { Terminal } from "./terminal.js";

const PROGRAM = "kvorumctl";
const WIDTH_MAX = 110;
const GLOBAL_TITLE = "Global flags:";

/** Of the program, of a family of commands (`lease`), or of one command. */
export async function helpText(
  words: readonly string[],
  entry: CommandEntry | undefined,
  terminal: Pick<Terminal, "columns" | "isInteractive" | "paint">,
): Promise<string> {
  if (entry !== undefined) return draw(await describe(entry), terminal);
  // The flags stand below the commands, where commander would have them above.
  const flags = new CommanderCommand().helpOption("-h, --help", "print this help, or that of a command");
  addFlags(flags, GLOBAL_FLAGS, GLOBAL_TITLE);
  const listed = draw(flags, terminal);
  return `${draw(listOf(words), terminal)}\n${listed.slice(listed.indexOf("\n\n") + 2)}`;
}

function draw(command: CommanderCommand, terminal: Pick<Terminal, "columns" | "isInteractive" | "paint">): string {
  return command
    .configureOutput({ getOutHasColors: () => true, stripColor: (text) => text })
    .configureHelp({
      helpWidth: terminal.isInteractive ? Math.min(terminal.columns, WIDTH_MAX) : WIDTH_MAX,
      showGlobalOptions: false,
      styleTitle: (text) => terminal.paint(text, "bold"),
      styleCommandText: (text) => terminal.paint(text, "cyan"),
      styleSubcommandTerm: (text) => terminal.paint(text, "cyan"),
      styleOptionTerm: (text) => terminal.paint(text, "cyan"),
    })
    .helpInformation();
}

/** What may follow the words and is a slip away from `word`. */
export function similarCommands(words: readonly string[], word: string): string[] {
  const family = COMMANDS.filter(({ name }) => words.every((one, at) => name.split(" ")[at] === one));
  const names = [...new Set(family.flatMap(({ name }) => name.split(" ")[words.length] ?? []))];
  return names.filter((name) => distance(name, word) <= 2 || name.startsWith(word));
}

function listOf(words: readonly string[]): CommanderCommand {
  const start = words.length === 0 ? "" : `${words.join(" ")} `;
  const program = new CommanderCommand(PROGRAM)
    .usage(`${start}<command> [flags]`)
    .description("The command line of etcd and Kvorum clusters.")
    .helpOption(false)
    .helpCommand(false);
  for (const { name, summary, group } of COMMANDS) {
    if (!name.startsWith(start)) continue;
    program.addCommand(new CommanderCommand(name).description(summary).helpGroup(`${group}:`).helpOption(false));
  }
  return program;
}

async function describe(entry: CommandEntry): Promise<CommanderCommand> {
  const { usage, description, flags } = await entry.load();
  const command = new CommanderCommand(`${PROGRAM} ${entry.name}`)
    .usage(usage)
    .description(description === undefined ? entry.summary : `${entry.summary}\n\n${paragraphs(description)}`)
    .helpOption("-h, --help", "print this help");
  addFlags(command, flags, "Options:");
  addFlags(command, GLOBAL_FLAGS, GLOBAL_TITLE);
  return command;
}

/** A single line break in a declaration is for its readers; how wide a line is, the terminal decides. */
function paragraphs(description: string): string {
  return description.replace(/(?<!\n)\n(?![\n ])/g, " ");
}

function addFlags(command: CommanderCommand, flags: Flags, group: string): void {
  for (const [name, flag] of Object.entries(flags)) {
    const short = flag.short === undefined ? "" : `-${flag.short}, `;
    const value = flag.placeholder === "" ? "" : ` ${flag.placeholder}`;
    const option = new Option(`${short}--${name}${value}`, flag.help + fallbackText(flag)).helpGroup(group);
    command.addOption(flag.isHidden ? option.hideHelp() : option);
  }
}

function fallbackText({ fallback, placeholder }: Flag<unknown>): string {
  if (["", "0", "false"].includes(String(fallback))) return "";
  return ` (default: ${placeholder === "<duration>" ? `${Number(fallback) / 1_000}s` : String(fallback)})`;
}

/** Levenshtein's: how many letters to change, add or take away. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const changed = (row[j] as number) + (letter === other ? 0 : 1);
      next.push(Math.min(changed, (row[j + 1] as number) + 1, (next[j] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
