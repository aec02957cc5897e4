/**
 * Splits a line as etcdctl's interactive modes do: words at spaces, `"…"` with Go's escapes, `'…'` as it stands. The words of a
 * transaction's requests and of `watch -i`.
 */
import { CommandFailure, EXIT } from "./failure.js";
import { readQuoted } from "./output/unquote.js";

/** Errors: `CommandFailure` for an escape that is none. */
export function wordsOf(line: string): string[] {
  const found = line.match(/"(?:[^"\\]|\\.)*"|'[^']*'|[^'"\s]\S*[^'"\s]?/g) ?? [];
  return found.map((word) => {
    if (word.startsWith("'")) return word.slice(1, -1);
    if (!word.startsWith('"')) return word;
    const read = readQuoted(word);
    if (read === undefined) throw new CommandFailure(EXIT.invalidInput, `invalid syntax: ${word}`);
    return read.text;
  });
}
