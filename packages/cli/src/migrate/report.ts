/**
 * A migration as a person sees it: a line for each step, a bar while keys are copied, and while changes are followed a line that is
 * redrawn on a terminal and written now and then elsewhere.
 */
import type { Terminal } from "../terminal.js";
import type { MigrationReport } from "./migration.js";

/** Milliseconds between two states of following: on a terminal, and in a pipe. */
const REDRAW_MS = 200;
const LINE_MS = 10_000;

export class TerminalReport implements MigrationReport {
  readonly #terminal: Terminal;
  /** Told once when keys are copied and changes are followed. */
  readonly #onFollowing: () => void;
  #bar: ReturnType<Terminal["progress"]> | undefined;
  #changes = 0;
  #shownAt = Number.NEGATIVE_INFINITY;
  #onLine = false;

  constructor(terminal: Terminal, onFollowing: () => void) {
    this.#terminal = terminal;
    this.#onFollowing = onFollowing;
  }

  started(source: bigint, target: bigint, resumedAt: bigint | undefined): void {
    const how = resumedAt === undefined ? "" : `, which has it up to revision ${resumedAt}`;
    this.line(`Migrating cluster ${source.toString(16)} to cluster ${target.toString(16)}${how}`);
  }

  copying(keys: bigint, revision: bigint): void {
    this.line(`Copying ${keys} keys as of revision ${revision}`);
    this.#bar = this.#terminal.progress("keys", Number(keys));
  }

  key(): void {
    this.#bar?.advance();
  }

  copied({ written, deleted, alike }: Parameters<MigrationReport["copied"]>[0], leases: number): void {
    this.#endBar();
    this.line(`Copied: ${written} written, ${deleted} deleted, ${alike} were there; ${leases} leases`);
  }

  followed(revision: bigint, behind: bigint, changes: number): void {
    this.#onFollowing();
    this.#changes += changes;
    const now = performance.now();
    const { isInteractive } = this.#terminal;
    if (now - this.#shownAt < (isInteractive ? REDRAW_MS : LINE_MS)) return;
    this.#shownAt = now;
    const text = `Following: revision ${revision}, ${behind} behind, ${this.#changes} changes`;
    this.#terminal.out(isInteractive ? `\r${text.slice(0, this.#terminal.columns - 1)}\u001b[K` : `${text}\n`);
    this.#onLine = isInteractive;
  }

  verifying(revision: bigint): void {
    this.line(`Comparing both as of revision ${revision}`);
  }

  line(text: string): void {
    this.end();
    this.#terminal.out(`${text}\n`);
  }

  /** Leaves the line and the bar that are being drawn. */
  end(): void {
    this.#endBar();
    if (this.#onLine) this.#terminal.out("\n");
    this.#onLine = false;
  }

  #endBar(): void {
    this.#bar?.end();
    this.#bar = undefined;
  }
}
