/**
 * What may come next on a command line that is being typed, for the shells: the same declarations that are run and helped with. A
 * shell's script asks `kvorumctl __complete <words>` at every press of the key and gets a line for each candidate.
 */
import type { CommandEntry } from "./command.js";
import { commandWords, takesNext } from "./command-line.js";
import { COMMANDS } from "./commands.js";
import { type Candidate, FILES } from "./completion-words.js";
import type { Flag, Flags } from "./flags.js";

/**
 * Candidates for the last of the words, which may be empty, and is typed as far as it goes.
 *
 * @param words what stands behind the program's name
 */
export async function candidates(words: readonly string[], globalFlags: Flags): Promise<readonly Candidate[]> {
  const before = words.slice(0, -1);
  const current = words.at(-1) ?? "";
  if (before.includes("--")) return [];
  const { words: named, stray } = commandWords(before, globalFlags, (start) => under(start).length > 0);
  const entry = COMMANDS.find(({ name }) => name === named.join(" "));
  const command = await entry?.load();
  const flags: Flags = { ...command?.flags, ...globalFlags };
  const previous = before.at(-1) ?? "";
  if (previous.startsWith("-") && takesNext(previous, flags)) return values(flagOf(previous, flags), "", current);
  const [, start, name] = /^(--([^=]+)=)/.exec(current) ?? [];
  if (start !== undefined) return values(flags[name as string], start, current);
  if (current.startsWith("-")) return beginning(flagNames(flags), current);
  if (entry === undefined) return stray === undefined ? beginning(nextWords(named), current) : [];
  if (command?.takesFiles === true) return [FILES];
  return beginning(
    (command?.choices ?? []).map((word) => ({ word, help: "" })),
    current,
  );
}

/** One line each: the word, a tab, what it is for. */
export function candidateLines(found: readonly Candidate[]): string {
  return found.map(({ word, help }) => `${word}\t${help}\n`).join("");
}

function beginning(found: readonly Candidate[], start: string): readonly Candidate[] {
  return found.filter(({ word }) => word.startsWith(start));
}

function under(start: readonly string[]): readonly CommandEntry[] {
  const words = start.join(" ");
  return COMMANDS.filter(({ name }) => name === words || name.startsWith(`${words} `));
}

/** The next word of every command that begins with these; families of commands once, with all that they can. */
function nextWords(named: readonly string[]): readonly Candidate[] {
  const found = new Map<string, string[]>();
  for (const { name, summary } of named.length === 0 ? COMMANDS : under(named)) {
    const [word = "", ...deeper] = name.split(" ").slice(named.length);
    found.set(word, [...(found.get(word) ?? []), deeper.length === 0 ? summary : deeper.join(" ")]);
  }
  return [...found].map(([word, helps]) => ({ word, help: helps.join(", ") }));
}

function flagNames(flags: Flags): readonly Candidate[] {
  return Object.entries(flags)
    .filter(([, flag]) => flag.isHidden !== true)
    .map(([name, { help }]) => ({ word: `--${name}`, help }));
}

function flagOf(word: string, flags: Flags): Flag<unknown> | undefined {
  if (word.startsWith("--")) return flags[word.slice(2)];
  return Object.values(flags).find(({ short }) => short === word.slice(-1));
}

function values(flag: Flag<unknown> | undefined, start: string, current: string): readonly Candidate[] {
  if (flag?.placeholder === "<file>" || flag?.placeholder === "<directory>") return [FILES];
  const words = (flag?.choices ?? []).map((choice) => ({ word: start + choice, help: "" }));
  return beginning(words, current);
}
