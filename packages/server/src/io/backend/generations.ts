/**
 * Which of several directories is the backend's content. Replacing everything means filling a new directory and then
 * naming it in the file `CURRENT`, by a rename: a crash leaves either the old content or the new. Whatever `CURRENT` does
 * not name is rubbish of an unfinished replacement or a finished one, and goes at the next start.
 */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { hasCode } from "../disk/disk-error.js";

const CURRENT = "CURRENT";

export class Generations {
  readonly #directory: string;
  #current: number;

  /** Removes leftovers. A directory without `CURRENT` starts with the first generation. */
  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#current = readCurrent(join(directory, CURRENT));
    const keep = generationName(this.#current);
    for (const name of readdirSync(directory)) {
      if (name !== CURRENT && name !== keep) rmSync(join(directory, name), { recursive: true });
    }
    mkdirSync(join(directory, keep), { recursive: true, mode: 0o700 });
    this.#point(this.#current);
  }

  get current(): string {
    return join(this.#directory, generationName(this.#current));
  }

  /** An empty directory for the content to come. */
  prepareNext(): string {
    const next = join(this.#directory, generationName(this.#current + 1));
    rmSync(next, { recursive: true, force: true });
    mkdirSync(next, { mode: 0o700 });
    return next;
  }

  /** From here on, also after a crash, the next directory is the content. Its files are durable already. */
  switchToNext(): void {
    syncPath(join(this.#directory, generationName(this.#current + 1)));
    this.#point(this.#current + 1);
    this.#current++;
  }

  /** Blocking calls on purpose: no commit can come between the two contents. */
  #point(generation: number): void {
    const temporary = join(this.#directory, `${CURRENT}.tmp`);
    writeFileSync(temporary, `${generationName(generation)}\n`, { mode: 0o600 });
    syncPath(temporary);
    renameSync(temporary, join(this.#directory, CURRENT));
    syncPath(this.#directory);
  }
}

function generationName(generation: number): string {
  return `generation-${String(generation).padStart(6, "0")}`;
}

function readCurrent(path: string): number {
  try {
    const text = readFileSync(path, "utf8");
    const [, digits] = /^generation-(\d+)\n$/.exec(text) ?? [];
    if (digits === undefined) throw new Error(`${path} does not name a generation: ${JSON.stringify(text)}`);
    return Number(digits);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return 1;
    throw error;
  }
}

function syncPath(path: string): void {
  const fileDescriptor = openSync(path, "r");
  try {
    fsyncSync(fileDescriptor);
  } finally {
    closeSync(fileDescriptor);
  }
}
