/**
 * How often the interesting things happened over many runs. A campaign in which one of them never did has tested less than
 * it claims, and fails.
 */

/** What a campaign must have seen at least once. */
export const SOMETIMES = [
  "leader elected",
  "leader elected by a joint configuration",
  "leader change during a conf change",
  "conflict truncated",
  "several writes outstanding",
  "write completed after truncation",
  "snapshot installed",
  "snapshot failed",
  "voter added",
  "voter removed",
  "learner promoted",
  "joint entered",
  "joint left",
  "transfer succeeded",
  "transfer given up",
  "read answered",
  "read asked of a deposed leader",
  "crash lost writes",
  "crash kept unsaid writes",
  "crash lost an unsynced commit",
  "crash lost applied state",
  "old message replayed",
  "log compacted",
  "proposal dropped: no leader",
  "proposal dropped: transfer pending",
  "proposal dropped: conf change pending",
  "proposal dropped: too much uncommitted",
  "sent snapshot",
  "sent timeout-now",
  "sent pre-vote",
  "sent propose",
] as const;

export class Counters {
  readonly #counts: Map<string, number> = new Map();
  readonly #wanted: readonly string[];

  /** @param wanted what must have happened at least once */
  constructor(wanted: readonly string[] = SOMETIMES) {
    this.#wanted = wanted;
  }

  note(name: string, times = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + times);
  }

  add(counts: Readonly<Record<string, number>>): void {
    for (const [name, times] of Object.entries(counts)) this.note(name, times);
  }

  /** What should have happened and did not. */
  missing(): readonly string[] {
    return this.#wanted.filter((name) => !this.#counts.has(name));
  }

  toRecord(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
