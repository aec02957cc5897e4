/**
 * What happened in a run, for the hash that two runs are compared by and for the people who read a failure: the last events
 * are kept, all of them when the run is told to tell.
 */
import { mixHash } from "../../src/core/seeded/chance.js";
import type { World } from "../../src/simulation/world.js";

/** Lines that a failure shows. */
const LINES_KEPT = 200;

export class Trace {
  readonly #world: World;
  readonly #tell: ((line: string) => void) | undefined;
  readonly #lines: string[] = [];
  #noted = 0;

  /** @param tell given every line as it comes */
  constructor(world: World, tell?: (line: string) => void) {
    this.#world = world;
    this.#tell = tell;
  }

  /** Something that happened; part of the run's hash. */
  note(who: string, what: string): void {
    this.#world.mix(hashOf(what));
    this.comment(who, what);
  }

  /** Something for the reader alone: a run is the same whether anybody reads it or not. */
  comment(who: string, what: string): void {
    const line = `${(this.#world.nowMs / 1000).toFixed(4).padStart(9)} ${who.padEnd(5)} ${what}`;
    this.#lines[this.#noted++ % LINES_KEPT] = line;
    this.#tell?.(line);
  }

  /** The last lines, oldest first. */
  get last(): readonly string[] {
    const at = this.#noted % LINES_KEPT;
    return this.#noted <= LINES_KEPT ? this.#lines : [...this.#lines.slice(at), ...this.#lines.slice(0, at)];
  }
}

export function hashOf(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = mixHash(hash, text.charCodeAt(i));
  return hash;
}
