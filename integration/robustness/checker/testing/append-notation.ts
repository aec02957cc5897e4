/** Transactions of the list-append checker in short notation: `[10, 15] x+1 y=1.2` appends 1 to x, then reads y as [1 2]. */
import type { AppendTransaction, MicroOperation } from "../append-history.js";

/** One transaction a line; times that end with `?` make it unknown, with `!` refused. Clients are numbered by line. */
export function transactions(...lines: readonly string[]): AppendTransaction[] {
  return lines.map((line, client) => {
    const [, invoke, returned, mark, words] = /^\[(\d+), (\d+)\]([?!]?) (.*)$/.exec(line) ?? [];
    if (words === undefined) throw new Error(`no transaction: ${line}`);
    const status = mark === "?" ? "unknown" : mark === "!" ? "refused" : "acknowledged";
    return {
      client,
      invoke: Number(invoke),
      return: Number(returned),
      status,
      operations: words.split(" ").map(micro),
    };
  });
}

function micro(word: string): MicroOperation {
  const [, key, sign, rest] = /^(\w)([+=])(.*)$/.exec(word) ?? [];
  if (key === undefined || rest === undefined) throw new Error(`no micro-operation: ${word}`);
  if (sign === "+") return { kind: "append", key, element: rest };
  return { kind: "read", key, list: rest === "" ? [] : rest.split(".") };
}
