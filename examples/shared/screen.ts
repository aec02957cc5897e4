/**
 * What a story on a terminal looks like: numbered steps, under each a line for everything that was asked, with the answer and the time it
 * took. Colour and the spinner appear on a terminal only; `NO_COLOR` is honoured.
 */
import type { WriteStream } from "node:tty";

type Colour = "bold" | "dim" | "green" | "red" | "cyan";

const CODES: Readonly<Record<Colour, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  green: [32, 39],
  red: [31, 39],
  cyan: [36, 39],
};
const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const FRAME_MS = 80;
const TIME_WIDTH = 9;
const INDENT = "    ";

export class Screen {
  readonly #out: WriteStream;
  readonly #colour: boolean;
  readonly #asked: number;
  readonly #answer: number;

  constructor(out: WriteStream, env: NodeJS.ProcessEnv) {
    this.#out = out;
    this.#colour = out.isTTY === true && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
    const width = Math.min(100, Math.max(80, out.columns ?? 96)) - INDENT.length - TIME_WIDTH - 2;
    this.#asked = Math.ceil(width * 0.52);
    this.#answer = width - this.#asked;
  }

  line(text = ""): void {
    this.#out.write(`${text}\n`);
  }

  title(text: string, detail: string): void {
    this.line(`\n${this.paint("bold", text)}  ${this.paint("dim", detail)}`);
  }

  step(number: number, title: string): void {
    this.line(`\n${this.paint("cyan", String(number).padStart(2))}  ${this.paint("bold", title)}`);
  }

  note(text: string): void {
    this.line(`${INDENT}${this.paint("dim", text)}`);
  }

  /** Something that was asked, what came back, and how long that took. */
  answered(asked: string, answer: string, ms: number): void {
    const time = duration(ms).padStart(TIME_WIDTH);
    this.line(`${INDENT}${asked.padEnd(this.#asked)} ${answer.padEnd(this.#answer)} ${this.paint("dim", time)}`);
  }

  failed(asked: string, reason: string): void {
    this.line(`${INDENT}${asked.padEnd(this.#asked)} ${this.paint("red", reason)}`);
  }

  /** Shows that something is awaited, while the work goes on; nothing where the output is no terminal. */
  async awaiting<T>(asked: string, work: () => Promise<T>): Promise<T> {
    if (this.#out.isTTY !== true) return work();
    const startMs = performance.now();
    let frame = 0;
    const timer = setInterval(() => {
      const spinner = FRAMES[frame++ % FRAMES.length] ?? "";
      const time = duration(performance.now() - startMs);
      this.#out.write(
        `\r\x1b[2K  ${this.paint("cyan", spinner)} ${asked.padEnd(this.#asked)} ${this.paint("dim", time)}`,
      );
    }, FRAME_MS);
    try {
      return await work();
    } finally {
      clearInterval(timer);
      if (frame > 0) this.#out.write("\r\x1b[2K");
    }
  }

  paint(colour: Colour, text: string): string {
    const [on, off] = CODES[colour];
    return this.#colour ? `\x1b[${on}m${text}\x1b[${off}m` : text;
  }
}

/** `0.8 ms`, `45 ms`, `2.31 s`. */
export function duration(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 1_000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(2)} s`;
}
