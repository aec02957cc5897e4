/**
 * A progress bar for long work, redrawn in place on a terminal and silent everywhere else:
 * ` 42.0% [========>           ] keys  1200/s`.
 */

interface Screen {
  write(text: string): unknown;
  readonly columns?: number;
}

/** Milliseconds between two drawings at least: more is flicker. */
const REDRAW_MS = 100;
const WIDTH = 40;

export class Progress {
  readonly #label: string;
  readonly #total: number;
  readonly #screen: Screen | undefined;
  readonly #start = performance.now();
  #done = 0;
  #drawnAt = 0;

  constructor(label: string, total: number, screen: Screen | undefined) {
    this.#label = label;
    this.#total = total;
    this.#screen = screen;
  }

  /** So much more is done. */
  advance(amount = 1): void {
    this.set(this.#done + amount);
  }

  /** So much is done by now. */
  set(done: number): void {
    this.#done = done;
    const now = performance.now();
    if (this.#screen === undefined || now - this.#drawnAt < REDRAW_MS) return;
    this.#drawnAt = now;
    this.#draw();
  }

  /** Draws the last state and leaves the line. */
  end(): void {
    if (this.#screen === undefined) return;
    this.#draw();
    this.#screen.write("\n");
  }

  #draw(): void {
    const share = this.#total > 0 ? Math.min(1, this.#done / this.#total) : 0;
    const filled = Math.round(share * WIDTH);
    const bar = "=".repeat(Math.max(0, filled - 1)) + (filled > 0 ? ">" : "");
    const seconds = (performance.now() - this.#start) / 1_000;
    const rate = seconds > 0 ? Math.round(this.#done / seconds) : 0;
    const line = `${(share * 100).toFixed(1).padStart(5)}% [${bar.padEnd(WIDTH)}] ${this.#label}  ${rate}/s`;
    this.#screen?.write(`\r${line.slice(0, (this.#screen.columns ?? 80) - 1)}\u001b[K`);
  }
}
