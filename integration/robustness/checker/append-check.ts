/**
 * The list-append checker (the idea of Elle): are transactions that read lists and append to them strictly serializable? Lists show
 * the order of everything in them, that order says which transaction must precede which, and there is an order of all of them
 * exactly when nothing precedes itself. No revision is believed, and time grows with the size of what was read.
 *
 * 1. Recorded operations become transactions (`append-history.ts`).
 * 2. What was read gives each list its order; single lists that cannot be right are told (`append-order.ts`).
 * 3. Orders and times become edges (`append-edges.ts`), cycles among them violations (`append-cycles.ts`).
 *
 * An unknown outcome may have happened: it counts from when an element of it is seen. A list with two orders is told
 * and gives no edges.
 */
import { findCycles } from "./append-cycles.js";
import { findEdges } from "./append-edges.js";
import type { AppendTransaction } from "./append-history.js";
import { findOrders } from "./append-order.js";
import type { Violation } from "./violation.js";

export interface AppendVerdict {
  /** Empty exactly when everything that was read can be explained by one order that agrees with time. */
  readonly violations: readonly Violation[];
  readonly figures: {
    /** Those that have happened. */
    readonly transactions: number;
    readonly lists: number;
    readonly edges: number;
  };
}

export function checkAppends(transactions: readonly AppendTransaction[]): AppendVerdict {
  const orders = findOrders(transactions);
  const graph = findEdges(orders);
  return {
    violations: [...orders.violations, ...findCycles(graph)],
    figures: {
      transactions: orders.happened.length,
      lists: orders.orders.length,
      edges: graph.edges.reduce((sum, { length }) => sum + length, 0),
    },
  };
}
