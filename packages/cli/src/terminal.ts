/**
 * Where a command reads and writes. Colour and progress are for people: only on a terminal, and never where `NO_COLOR` is set or
 * the terminal is dumb. In a pipe nothing but the answer is written.
 */
import { writeSync } from "node:fs";
import type { Readable } from "node:stream";
import { Progress } from "./output/progress.js";

export type Colour = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

const CODES: Readonly<Record<Colour, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

export interface Terminal {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  /** Standard output is a terminal: a person reads along. */
  readonly isInteractive: boolean;
  readonly columns: number;
  out(chunk: string | Uint8Array): void;
  error(chunk: string): void;
  /** The text in that colour where the output shows colours, else as it is. */
  paint(text: string, ...colours: readonly Colour[]): string;
  /** A bar on standard error for long work; silent where that is no terminal. `total` in whatever unit the work counts. */
  progress(label: string, total: number): Progress;
}

/** The terminal of this process. Writes are synchronous, so that the order of the two streams and the last line are kept. */
export function processTerminal(environment: Readonly<Record<string, string | undefined>> = process.env): Terminal {
  const isInteractive = process.stdout.isTTY === true;
  const hasColour = isInteractive && (environment["NO_COLOR"] ?? "") === "" && environment["TERM"] !== "dumb";
  return {
    stdin: process.stdin,
    isInteractive,
    columns: process.stdout.columns ?? 80,
    out: (chunk) => writeAll(1, chunk),
    error: (chunk) => writeAll(2, chunk),
    paint: (text, ...colours) => (hasColour ? colours.reduce(painted, text) : text),
    progress: (label, total) => new Progress(label, total, process.stderr.isTTY ? process.stderr : undefined),
  };
}

/** The other end of the pipe is gone: nobody reads on, which ends the program without a word. */
export class BrokenPipeError extends Error {
  override readonly name = "BrokenPipeError";
}

/** A pipe that is full answers EAGAIN where it was set to be non-blocking: try again until it takes more. */
function writeAll(descriptor: 1 | 2, chunk: string | Uint8Array): void {
  const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EPIPE") throw new BrokenPipeError("nobody reads any more", { cause: error });
      if (code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

function painted(text: string, colour: Colour): string {
  const [on, off] = CODES[colour];
  return `\u001b[${on}m${text}\u001b[${off}m`;
}
