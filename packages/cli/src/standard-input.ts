/** Reads standard input: all of it for a value, or line by line for commands that are spoken to. */
import type { Readable } from "node:stream";

/** Everything up to the end. Errors: `signal.reason`. */
export async function readAll(stdin: Readable, signal: AbortSignal): Promise<Uint8Array> {
  signal.throwIfAborted();
  const chunks: Uint8Array[] = [];
  const stop = (): void => {
    stdin.destroy();
  };
  signal.addEventListener("abort", stop, { once: true });
  try {
    for await (const chunk of stdin) chunks.push(chunk as Uint8Array);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
  signal.throwIfAborted();
  return Buffer.concat(chunks);
}

/** Lines without their ends, one at a time; undefined when there are no more, which includes a last one without an end. */
export class Lines {
  readonly #stdin: Readable;
  readonly #signal: AbortSignal;
  #iterator: AsyncIterator<string> | undefined;

  constructor(stdin: Readable, signal: AbortSignal) {
    this.#stdin = stdin;
    this.#signal = signal;
  }

  /** Errors: `signal.reason`. */
  async next(): Promise<string | undefined> {
    this.#signal.throwIfAborted();
    this.#iterator ??= wholeLines(this.#stdin, this.#signal);
    const { done, value } = await this.#iterator.next();
    this.#signal.throwIfAborted();
    return done === true ? undefined : value;
  }
}

/** A line that the input ends in the middle of is none: somebody meant to write more. */
async function* wholeLines(stdin: Readable, signal: AbortSignal): AsyncGenerator<string, void, undefined> {
  const stop = (): void => {
    stdin.destroy();
  };
  signal.addEventListener("abort", stop, { once: true });
  let rest = "";
  const decoder = new TextDecoder();
  try {
    for await (const chunk of stdin) {
      const parts = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split("\n");
      rest = parts.pop() ?? "";
      yield* parts;
    }
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
