/**
 * Calls that have no key in common, directly or through others, can be judged apart: a history is linearizable exactly when its
 * part on each object is (Herlihy and Wing 1990, theorem 1), and a set of keys that no call reaches across is an object. Where
 * all calls are of one key this is a part for each key; one list of everything makes it one part.
 */
import type { Call } from "./calls.js";
import type { Span } from "./spans.js";

/** The parts, each in the order of the calls. */
export function partsOf(calls: readonly Call[]): readonly (readonly Call[])[] {
  const segments = mergedSpans(calls);
  const parent = segments.map((_, at) => at);
  const rootOf = (at: number): number => {
    let root = at;
    while (parent[root] !== root) root = parent[root] as number;
    parent[at] = root;
    return root;
  };
  const firstOf = new Map<Call, number>();
  for (const call of calls) {
    const [first, ...others] = call.spans
      .filter(({ key, end }) => key < end)
      .map(({ key }) => segmentOf(segments, key));
    if (first === undefined) continue;
    firstOf.set(call, first);
    for (const other of others) parent[rootOf(other)] = rootOf(first);
  }
  const parts = new Map<number, Call[]>();
  for (const call of calls) {
    const first = firstOf.get(call);
    // A call of no key at all stands by itself: -1 is no segment.
    const root = first === undefined ? -1 : rootOf(first);
    const part = parts.get(root) ?? [];
    parts.set(root, part);
    part.push(call);
  }
  return [...parts.values()];
}

interface Segment {
  readonly key: string;
  end: string;
}

/** What the calls touch, ascending, with overlapping spans made one. */
function mergedSpans(calls: readonly Call[]): readonly Segment[] {
  const spans = new Map<string, Span>();
  for (const span of calls.flatMap((call) => call.spans)) {
    const known = spans.get(span.key);
    if (span.key < span.end && (known === undefined || known.end < span.end)) spans.set(span.key, span);
  }
  const segments: Segment[] = [];
  for (const { key, end } of [...spans.values()].sort((a, b) => (a.key < b.key ? -1 : 1))) {
    const last = segments.at(-1);
    if (last === undefined || last.end <= key) segments.push({ key, end });
    else if (last.end < end) last.end = end;
  }
  return segments;
}

/** Index of the segment that holds the key; there is one. */
function segmentOf(segments: readonly Segment[], key: string): number {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((segments[middle] as Segment).key <= key) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
