/**
 * Asks for a password: without an echo on a terminal, the first line elsewhere. Control keys work as at a login: Ctrl-C gives up,
 * backspace takes a character back.
 */
import { createInterface } from "node:readline";
import type { ReadStream } from "node:tty";
import { CommandFailure, EXIT } from "./failure.js";
import type { Terminal } from "./terminal.js";

/** Errors: `CommandFailure` when the input ends or the user gives up. */
export async function readPassword(terminal: Terminal, prompt: string): Promise<string> {
  terminal.error(prompt);
  const password = terminal.stdin.isTTY ? await readHidden(terminal.stdin as ReadStream) : await readLine(terminal);
  if (terminal.stdin.isTTY) terminal.error("\n");
  if (password === undefined) throw new CommandFailure(EXIT.badArguments, "no password was given");
  return password;
}

/** The first line of standard input; undefined where there is none. */
export async function readLine({ stdin }: Terminal): Promise<string | undefined> {
  const lines = createInterface({ input: stdin, crlfDelay: Number.POSITIVE_INFINITY });
  try {
    for await (const line of lines) return line;
    return undefined;
  } finally {
    lines.close();
  }
}

function readHidden(stdin: ReadStream): Promise<string | undefined> {
  return new Promise((resolve) => {
    let typed: string[] = [];
    const finish = (password: string | undefined): void => {
      stdin.off("data", read).setRawMode(false).pause();
      resolve(password);
    };
    const press = (character: string): void => {
      typed = character === "\u007f" || character === "\b" ? typed.slice(0, -1) : [...typed, character];
    };
    const read = (chunk: Buffer): void => {
      for (const character of chunk.toString()) {
        const givesUp = character === "\u0003" || (character === "\u0004" && typed.length === 0);
        const ends = givesUp || character === "\r" || character === "\n";
        if (!ends) press(character);
        else {
          finish(givesUp ? undefined : typed.join(""));
          break;
        }
      }
    };
    stdin.setRawMode(true).on("data", read).resume();
  });
}
