/**
 * Which transaction must come before which, and why: a graph with an edge for each reason. Who appended before whom (ww), who read
 * what another appended (wr), who read a list without what another appended next (rw), and who had returned before another was
 * invoked (real time). The last would be O(n²) edges; a chain of barriers, one for each return, makes them O(n).
 */
import type { AppendTransaction } from "./append-history.js";
import { type ListOrder, type Orders, writerName } from "./append-order.js";

export type EdgeKind = "ww" | "wr" | "rw" | "real-time";

export interface Edge {
  readonly to: number;
  readonly kind: EdgeKind;
  /** The list, what the first has appended to it or read last, and what the second has appended. */
  readonly key?: string;
  readonly element?: string;
  readonly next?: string;
}

/** Nodes are numbers: first the transactions in their order, then barriers. */
export interface Graph {
  readonly transactions: readonly AppendTransaction[];
  readonly edges: readonly (readonly Edge[])[];
}

export function findEdges(orders: Orders): Graph {
  const transactions = orders.happened;
  const edges: Edge[][] = transactions.map(() => []);
  const nodes = new Map(transactions.map((transaction, node) => [transaction, node]));
  const nodeOf = (key: string, element: string): number | undefined => {
    const writer = orders.writers.get(writerName(key, element))?.transaction;
    return writer === undefined ? undefined : nodes.get(writer);
  };
  const add = (from: number | undefined, edge: Omit<Edge, "to">, to: number | undefined): void => {
    if (from !== undefined && to !== undefined && from !== to) edges[from]?.push({ ...edge, to });
  };
  for (const order of orders.orders) addListEdges(order, nodes, nodeOf, add);
  addRealTime(transactions, edges);
  return { transactions, edges };
}

function addListEdges(
  { key, elements, reads, unseen }: ListOrder,
  nodes: ReadonlyMap<AppendTransaction, number>,
  nodeOf: (key: string, element: string) => number | undefined,
  add: (from: number | undefined, edge: Omit<Edge, "to">, to: number | undefined) => void,
): void {
  const following = (index: number): readonly string[] => {
    const next = elements[index];
    return next === undefined ? unseen : [next];
  };
  for (const [index, element] of elements.entries()) {
    for (const next of following(index + 1)) {
      add(nodeOf(key, element), { kind: "ww", key, element, next }, nodeOf(key, next));
    }
  }
  for (const { transaction, list } of reads) {
    const reader = nodes.get(transaction);
    const element = list.at(-1);
    if (element !== undefined) add(nodeOf(key, element), { kind: "wr", key, element }, reader);
    for (const next of following(list.length)) {
      add(reader, { kind: "rw", key, ...(element !== undefined && { element }), next }, nodeOf(key, next));
    }
  }
}

/** After each return a barrier, after it the next one; who is invoked comes after the last barrier. Equal times say nothing. */
function addRealTime(transactions: readonly AppendTransaction[], edges: Edge[][]): void {
  const moments = transactions.flatMap(({ status, invoke, return: returned }, node) => [
    { node, atMs: invoke, returns: false },
    ...(status === "acknowledged" ? [{ node, atMs: returned, returns: true }] : []),
  ]);
  moments.sort((one, other) => one.atMs - other.atMs || Number(one.returns) - Number(other.returns));
  let barrier: number | undefined;
  for (const { node, returns } of moments) {
    if (!returns) {
      if (barrier !== undefined) edges[barrier]?.push({ to: node, kind: "real-time" });
      continue;
    }
    const next = edges.length;
    edges.push([]);
    edges[node]?.push({ to: next, kind: "real-time" });
    if (barrier !== undefined) edges[barrier]?.push({ to: next, kind: "real-time" });
    barrier = next;
  }
}
