/** What one round of one workload tells of one subject, and how it is written. */
export interface MetricFacts {
  readonly title: string;
  readonly unit: string;
  readonly digits: number;
  readonly better: "more" | "less";
}

/** Order is that of the tables. */
export const METRICS = {
  perSecond: { title: "throughput", unit: "/s", digits: 0, better: "more" },
  p50Ms: { title: "p50", unit: "ms", digits: 2, better: "less" },
  p99Ms: { title: "p99", unit: "ms", digits: 2, better: "less" },
  p999Ms: { title: "p99.9", unit: "ms", digits: 2, better: "less" },
  /** User and system time of the server's processes. */
  serverCpuMicros: { title: "server CPU", unit: "µs/op", digits: 1, better: "less" },
  /** User and system time of the client under test. */
  clientCpuMicros: { title: "client CPU", unit: "µs/op", digits: 1, better: "less" },
  /** What the load itself took from the same machine. */
  generatorCpuMicros: { title: "generator CPU", unit: "µs/op", digits: 1, better: "less" },
  residentMiB: { title: "resident memory", unit: "MiB", digits: 0, better: "less" },
  /** Of which not backed by the mapped database file. */
  anonymousMiB: { title: "anonymous memory", unit: "MiB", digits: 0, better: "less" },
  /** Written to the disk by the server for each put, however small the put. */
  writtenBytes: { title: "written to disk", unit: "B/op", digits: 0, better: "less" },
  /** Growth of the data directory for each put; preallocated files count as allocated. */
  storedBytes: { title: "bytes on disk", unit: "B/op", digits: 0, better: "less" },
  loopP99Ms: { title: "event loop delay p99", unit: "ms", digits: 1, better: "less" },
  leaderChanges: { title: "leader changes", unit: "", digits: 0, better: "less" },
  firstAnswerMs: { title: "first answer", unit: "ms", digits: 0, better: "less" },
  /** The same with loading the modules, from the start of the process. */
  processAnswerMs: { title: "first answer of the process", unit: "ms", digits: 0, better: "less" },
} as const satisfies Readonly<Record<string, MetricFacts>>;

export type Metric = keyof typeof METRICS;
export const METRIC_NAMES = Object.keys(METRICS) as readonly Metric[];

/** Absent: it was not measured, or the system does not say. */
export type Readings = Readonly<Partial<Record<Metric, number>>>;

/** `1,234/s`, `0.52 ms`; a dash for what is not known. */
export function formatReading(metric: Metric, value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "–";
  const { digits, unit } = METRICS[metric];
  const number = value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return unit.startsWith("/") || unit === "" ? `${number}${unit}` : `${number} ${unit}`;
}
