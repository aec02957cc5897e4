/**
 * Cycles among transactions: an order of them exists exactly when there is none. Tarjan's strongly connected components, without
 * recursion; in each the shortest cycle of the worst kind is told (Adya's classes, after Elle).
 */

import type { Edge, EdgeKind, Graph } from "./append-edges.js";
import type { AppendTransaction } from "./append-history.js";
import type { Rule, Violation } from "./violation.js";

/** From the worst on: a cycle with this edge in it whose other edges are of these kinds. */
const CLASSES: readonly {
  readonly rule: Rule;
  readonly words: string;
  readonly edge: EdgeKind;
  readonly rest: readonly EdgeKind[];
}[] = [
  { rule: "append-g0", words: "appends in a circle (G0)", edge: "ww", rest: ["ww"] },
  { rule: "append-g1c", words: "information flows in a circle (G1c)", edge: "wr", rest: ["ww", "wr"] },
  {
    rule: "append-g-single",
    words: "one read misses what its own past contains (G-single)",
    edge: "rw",
    rest: ["ww", "wr"],
  },
  { rule: "append-g2", words: "several reads miss each other's appends (G2)", edge: "rw", rest: ["ww", "wr", "rw"] },
  ...(
    [
      ["ww", ["ww", "real-time"], "appends in another order than that of their calls"],
      ["wr", ["ww", "wr", "real-time"], "a read of what was appended only afterwards"],
      ["rw", ["ww", "wr", "real-time"], "a read misses what had been there before it began"],
      ["rw", ["ww", "wr", "rw", "real-time"], "reads miss each other's appends, against the order of their calls"],
    ] as const
  ).map(([edge, rest, words]) => ({ rule: "append-real-time" as const, words, edge, rest })),
];

/** One violation for each component: its transactions in the order of the cycle. */
export function findCycles(graph: Graph): Violation[] {
  return components(graph.edges)
    .filter((nodes) => nodes.length > 1)
    .map((nodes) => describeComponent(graph, nodes));
}

/** Strongly connected components as lists of nodes. */
export function components(edges: readonly (readonly { readonly to: number }[])[]): number[][] {
  const index = new Int32Array(edges.length).fill(-1);
  const low = new Int32Array(edges.length);
  const open = new Uint8Array(edges.length);
  const stack: number[] = [];
  const found: number[][] = [];
  let count = 0;
  for (let root = 0; root < edges.length; root++) {
    if (index[root] !== -1) continue;
    const path = [{ node: root, next: 0 }];
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const { node } = top;
      if (top.next === 0) {
        index[node] = low[node] = count++;
        open[node] = 1;
        stack.push(node);
      }
      const to = edges[node]?.[top.next++]?.to;
      if (to !== undefined) {
        if (index[to] === -1) path.push({ node: to, next: 0 });
        else if (open[to] === 1) low[node] = Math.min(low[node] as number, index[to] as number);
        continue;
      }
      path.pop();
      const above = path.at(-1)?.node;
      if (above !== undefined) low[above] = Math.min(low[above] as number, low[node] as number);
      if (low[node] !== index[node]) continue;
      const component = stack.splice(stack.lastIndexOf(node));
      for (const one of component) open[one] = 0;
      found.push(component);
    }
  }
  return found;
}

interface Step {
  readonly from: number;
  readonly edge: Edge;
}

function describeComponent(graph: Graph, nodes: readonly number[]): Violation {
  const inside = new Set(nodes);
  for (const { rule, words, edge, rest } of CLASSES) {
    const cycle = shortestCycle(graph, inside, edge, new Set(rest));
    if (cycle !== undefined) return describeCycle(graph, rule, words, cycle);
  }
  throw new Error("transactions that reach each other are on no cycle");
}

function shortestCycle(
  graph: Graph,
  inside: ReadonlySet<number>,
  kind: EdgeKind,
  rest: ReadonlySet<EdgeKind>,
): Step[] | undefined {
  let best: Step[] | undefined;
  for (const from of inside) {
    for (const edge of graph.edges[from] ?? []) {
      if (edge.kind !== kind || !inside.has(edge.to)) continue;
      const back = shortestPath(graph, inside, edge.to, from, rest);
      if (back === undefined) continue;
      const cycle = transactionSteps(graph, [{ from, edge }, ...back]);
      if (best === undefined || cycle.length < best.length) best = cycle;
      if (best.length === 2) return best;
    }
  }
  return best;
}

/** Without the steps that begin at a barrier. */
function transactionSteps({ transactions }: Graph, steps: readonly Step[]): Step[] {
  return steps.filter(({ from }) => from < transactions.length);
}

/** Breadth first, within the component. A barrier on the way costs nothing. */
function shortestPath(
  { edges, transactions }: Graph,
  inside: ReadonlySet<number>,
  start: number,
  goal: number,
  kinds: ReadonlySet<EdgeKind>,
): Step[] | undefined {
  const came = new Map<number, Step | undefined>([[start, undefined]]);
  for (let level = [start]; level.length > 0 && !came.has(goal); ) {
    const next: number[] = [];
    // Barriers join the level while the loop runs.
    for (const node of level) {
      for (const edge of edges[node] ?? []) {
        if (!kinds.has(edge.kind) || !inside.has(edge.to) || came.has(edge.to)) continue;
        came.set(edge.to, { from: node, edge });
        (edge.to < transactions.length ? next : level).push(edge.to);
      }
    }
    level = next;
  }
  if (!came.has(goal)) return undefined;
  const path: Step[] = [];
  for (let step = came.get(goal); step !== undefined; step = came.get(step.from)) path.unshift(step);
  return path;
}

/** The cycle from transaction to transaction, with what makes each come before the next. */
function describeCycle({ transactions }: Graph, rule: Rule, words: string, steps: readonly Step[]): Violation {
  const lines = steps.map(({ edge }, index) => {
    const [one, other] = [index + 1, ((index + 1) % steps.length) + 1];
    return `  T${one} before T${other} (${edge.kind}): ${reason(edge, `T${one}`, `T${other}`)}`;
  });
  const witnesses = steps.map(({ from }) => transactions[from] as AppendTransaction);
  return {
    rule,
    message: [`${words}: no order of these ${steps.length} transactions is possible`, ...lines].join("\n"),
    witnesses: witnesses.map((transaction) => ({ kind: "transaction", transaction })),
  };
}

function reason({ kind, key, element, next }: Edge, one: string, other: string): string {
  const after = element === undefined ? "when it was empty" : `after ${element}`;
  switch (kind) {
    case "ww":
      return `${one} appended ${element} to ${key}, ${other} appended ${next} after it`;
    case "wr":
      return `${one} appended ${element} to ${key}, ${other} read it`;
    case "rw":
      return `${one} read ${key} without ${next}, which ${other} appended ${after}`;
    case "real-time":
      return `${one} had returned before ${other} was invoked`;
  }
}
