/**
 * Is a member after hours what it was? Over the second half of the samples a straight line is laid through each kind of
 * reading; how much it rises from the first to the last of them must stay within a bound. Kinds that are plain amounts are
 * held to that as they are. Times scatter with everything else that the machine does, so that theirs count as risen only when
 * the rise is beyond the bound by twice its standard error.
 */
import type { Readings, Sample } from "./sample.js";
import { type Point, type Trend, trendOf } from "./trend.js";

export type Unit = "MiB" | "ms" | "";

interface Rule {
  readonly name: string;
  readonly reading: keyof Readings;
  readonly unit: Unit;
  /** The bound on the rise: this share of the mean, and so much more, in the reading's own unit. */
  readonly share: number;
  readonly more: number;
  /** Default false: an amount. */
  readonly scatters?: boolean;
}

const MEBIBYTE = 2 ** 20;

export const RULES: readonly Rule[] = [
  { name: "resident memory", reading: "residentBytes", unit: "MiB", share: 0.15, more: 16 * MEBIBYTE },
  { name: "heap after collection", reading: "heapBytes", unit: "MiB", share: 0.1, more: 3 * MEBIBYTE },
  { name: "buffers outside the heap", reading: "outsideBytes", unit: "MiB", share: 0.1, more: 4 * MEBIBYTE },
  { name: "open handles", reading: "handles", unit: "", share: 0.1, more: 8 },
  { name: "open files", reading: "files", unit: "", share: 0.1, more: 8 },
  { name: "database", reading: "dbBytes", unit: "MiB", share: 0.25, more: 4 * MEBIBYTE },
  { name: "database in use", reading: "dbBytesInUse", unit: "MiB", share: 0.25, more: 4 * MEBIBYTE },
  { name: "watch streams", reading: "watchStreams", unit: "", share: 0.25, more: 4 },
  { name: "watchers", reading: "watchers", unit: "", share: 0.25, more: 10 },
  { name: "leases", reading: "leases", unit: "", share: 0.25, more: 6 },
  { name: "pending events", reading: "pendingEvents", unit: "", share: 0, more: 500 },
  { name: "event loop delay p50", reading: "loopP50Ms", unit: "ms", share: 0.25, more: 5, scatters: true },
  { name: "event loop delay p99", reading: "loopP99Ms", unit: "ms", share: 0.25, more: 20, scatters: true },
  { name: "put p50", reading: "putP50Ms", unit: "ms", share: 0.25, more: 10, scatters: true },
  { name: "put p99", reading: "putP99Ms", unit: "ms", share: 0.25, more: 50, scatters: true },
  { name: "range p50", reading: "rangeP50Ms", unit: "ms", share: 0.25, more: 10, scatters: true },
  { name: "range p99", reading: "rangeP99Ms", unit: "ms", share: 0.25, more: 50, scatters: true },
];

/** `noisy`: beyond the bound, but not by more than chance explains. */
export type Finding = "flat" | "noisy" | "rises" | "too few samples";

export interface Judgement {
  readonly name: string;
  readonly member: string;
  readonly unit: Unit;
  readonly finding: Finding;
  /** Of the second half, in the reading's own unit (bytes for MiB); undefined when there are too few samples. */
  readonly trend: Trend | undefined;
  readonly bound: number;
}

/** Standard errors by which a rise of what scatters must be beyond its bound. */
const ERRORS = 2;
/** In the second half. */
const SAMPLES_MIN = 4;

/** Of every rule and every member. A reading that no sample has, for the system does not tell it, is not judged. */
export function judge(samples: readonly Sample[], durationSeconds: number): Judgement[] {
  const half = samples.filter(({ atSeconds }) => atSeconds >= durationSeconds / 2);
  const members = [...new Set(samples.map(({ member }) => member))].sort();
  return RULES.filter(({ reading }) => samples.some((sample) => sample[reading] !== undefined)).flatMap((rule) =>
    members.map((member) => judgeOne(rule, member, pointsOf(half, member, rule.reading))),
  );
}

export function isBad({ finding }: Judgement): boolean {
  return finding === "rises" || finding === "too few samples";
}

function pointsOf(samples: readonly Sample[], name: string, reading: keyof Readings): Point[] {
  return samples.flatMap(({ member, atSeconds, [reading]: value }) =>
    member === name && value !== undefined ? [{ at: atSeconds, value }] : [],
  );
}

function judgeOne({ name, unit, share, more, scatters = false }: Rule, member: string, points: Point[]): Judgement {
  const trend = points.length < SAMPLES_MIN ? undefined : trendOf(points);
  if (trend === undefined) return { name, member, unit, finding: "too few samples", trend, bound: more };
  const bound = share * trend.mean + more;
  const finding =
    trend.rise <= bound ? "flat" : scatters && trend.rise - ERRORS * trend.error <= bound ? "noisy" : "rises";
  return { name, member, unit, finding, trend, bound };
}

/** Four segments of the log: those in use, the one prepared, and those that the next snapshot sets free. */
const WAL_BYTES_MAX = 4 * 64 * MEBIBYTE;
/** Of one member, beside what each of its lives prints when it begins. */
const PRINTED_BYTES_PER_MINUTE_MAX = 64 * 1024;
const PRINTED_BYTES_MORE = 256 * 1024;

/** What may come and go, but not beyond: each sentence is something that did. */
export function beyondLimits(samples: readonly Sample[]): string[] {
  const problems: string[] = [];
  for (const { member, atSeconds, walBytes, printedBytes } of samples) {
    const at = `${member} after ${Math.round(atSeconds)} s`;
    if (walBytes > WAL_BYTES_MAX) problems.push(`${at}: the log of Raft has ${walBytes} bytes`);
    const printedMax = PRINTED_BYTES_MORE + (PRINTED_BYTES_PER_MINUTE_MAX * atSeconds) / 60;
    if (printedBytes > printedMax) problems.push(`${at}: it has printed ${printedBytes} bytes`);
  }
  return problems;
}

/** Connections between members that were not needed before the load, and such as are about to be closed. */
const FILES_MORE_MAX = 12;
const HANDLES_MORE_MAX = 10;
/** Of what a member without load had in use, once it has served: its caches and compiled code are there to stay. */
const HEAP_MORE_MAX = 24 * MEBIBYTE;

/** What a member still holds of a load that has ended, against what it held before; each sentence is something. */
export function notGivenBack(before: Sample, after: Sample): string[] {
  const problems: string[] = [];
  const check = (name: string, value: number, most: number, more = ""): void => {
    if (value > most)
      problems.push(`${after.member} has ${value} ${name} after the load, and at most ${most} are expected${more}`);
  };
  check("watchers", after.watchers, 0);
  check("watch streams", after.watchStreams, 0);
  check("leases", after.leases, 0);
  check("pending events", after.pendingEvents, 0);
  check(
    "open files",
    after.files ?? 0,
    (before.files ?? 0) + FILES_MORE_MAX,
    moreOf(before.fileKinds, after.fileKinds),
  );
  check(
    "open handles",
    after.handles,
    before.handles + HANDLES_MORE_MAX,
    moreOf(before.handleKinds, after.handleKinds),
  );
  check("bytes on the heap", after.heapBytes, before.heapBytes + HEAP_MORE_MAX);
  return problems;
}

type Kinds = Readonly<Record<string, number>>;

/** Of which kinds there are more now. */
function moreOf(before: Kinds = {}, after: Kinds = {}): string {
  const more = Object.entries(after).filter(([kind, count]) => count > (before[kind] ?? 0));
  const list = more.map(([kind, count]) => `${kind} ${before[kind] ?? 0} → ${count}`);
  return list.length === 0 ? "" : `: ${list.join(", ")}`;
}
