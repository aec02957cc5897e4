/**
 * Who wrote the revisions that no acknowledged operation claims. A put of unknown outcome is recognised by its unique
 * value. A deletion has no such mark: any deletion of unknown outcome that would have had exactly these effects may be
 * the writer, so revisions and deletions are matched as a bipartite graph, which finds an assignment whenever one exists.
 */
import type { Operation } from "./history.js";

/** A revision without an acknowledged writer, and everyone who may have written it. */
export interface Unclaimed {
  readonly revision: number;
  readonly candidates: readonly Operation[];
}

/**
 * Gives each revision a writer of its own. Revisions that are missing in the answer cannot be explained.
 *
 * Augmenting paths (Kuhn): quadratic in the worst case, but the graph holds deletions of unknown outcome only, of which
 * the traffic keeps few in flight.
 */
export function assignWriters(unclaimed: readonly Unclaimed[]): Map<number, Operation> {
  const writerOf = new Map<number, Operation>();
  const revisionOf = new Map<Operation, Unclaimed>();
  const place = (one: Unclaimed, tried: Set<Operation>): boolean => {
    for (const candidate of one.candidates) {
      if (tried.has(candidate)) continue;
      tried.add(candidate);
      const other = revisionOf.get(candidate);
      if (other !== undefined && !place(other, tried)) continue;
      revisionOf.set(candidate, one);
      writerOf.set(one.revision, candidate);
      return true;
    }
    return false;
  };
  for (const one of unclaimed) place(one, new Set());
  return writerOf;
}
