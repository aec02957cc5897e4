/**
 * S7 (the same entries with the same answers in the same order on every member), and what must be equal wherever two members
 * have applied the same index: S15 (revision and compact revision, which never go back), S18 (alarms).
 */
import type { Entry } from "../../../src/core/raft/types.js";
import { violated } from "../violation.js";
import { contentHash } from "./durable-log.js";
import { hashValue } from "./hash-value.js";

/** What the state machine says of itself at an applied index. */
export interface StateFigures {
  readonly revision: bigint;
  readonly compactRevision: bigint;
  readonly alarms: string;
}

/** Of one life of a member. */
export interface AppliedMark {
  /** The last entry that this life has applied; undefined before the first. */
  applied: number | undefined;
  /** As of the last look. */
  figures: StateFigures | undefined;
}

export class AppliedHistory {
  readonly #entries: { readonly hash: number; readonly by: string }[] = [];
  readonly #figures: (StateFigures & { readonly by: string })[] = [];
  /** Indexes of the conf changes that were applied, ascending. */
  readonly #confChanges: number[] = [];

  /** @param stored the backend's mark: where a life begins, and where a snapshot takes it */
  applied(name: string, mark: AppliedMark, entry: Entry, answer: unknown, stored: number, committed: number): void {
    const { index } = entry;
    if (index > committed)
      violated("S7", `${name} applies ${index}; nobody knows more than ${committed} to be committed`);
    const follows = mark.applied === undefined ? stored : mark.applied;
    if (index !== follows + 1 && index !== stored + 1) {
      violated("S7", `${name} applies ${index} after ${follows}; its backend is at ${stored}`);
    }
    mark.applied = index;
    const hash = hashValue(contentHash(entry), answer);
    const known = this.#entries[index];
    if (known === undefined) {
      this.#entries[index] = { hash, by: name };
      if (entry.type === "conf-change") this.#confChanges.push(index);
    } else if (known.hash !== hash) {
      violated("S7", `${name} and ${known.by} differ in entry ${index}, term ${entry.term}, or in its answer`);
    }
  }

  /** The last conf change at or below an index; 0 when there is none. */
  confChangeAt(index: number): number {
    return this.#confChanges.findLast((change) => change <= index) ?? 0;
  }

  /** Called when nothing is under way on the member. */
  stands(name: string, mark: AppliedMark, index: number, figures: StateFigures): void {
    const before = mark.figures;
    mark.figures = figures;
    if (
      before !== undefined &&
      (figures.revision < before.revision || figures.compactRevision < before.compactRevision)
    ) {
      violated("S15", `${name} goes back from ${describe(before)} to ${describe(figures)} at index ${index}`);
    }
    const known = this.#figures[index];
    if (known === undefined) {
      this.#figures[index] = { ...figures, by: name };
      return;
    }
    if (known.revision !== figures.revision || known.compactRevision !== figures.compactRevision) {
      violated("S15", `at index ${index} ${name} has ${describe(figures)}, ${known.by} has ${describe(known)}`);
    }
    if (known.alarms !== figures.alarms) {
      violated("S18", `at index ${index} ${name} has the alarms "${figures.alarms}", ${known.by} "${known.alarms}"`);
    }
  }
}

function describe({ revision, compactRevision }: StateFigures): string {
  return `revision ${revision} (compacted to ${compactRevision})`;
}
