/** What a run has found, as it is stored under `bench/results/`: every round, and what follows from the rounds. */
import type { Point, Subject, Target, Workload } from "./plan.js";
import { METRIC_NAMES, METRICS, type Metric, type Readings } from "./readings.js";
import { median, pairedRatio } from "./statistics.js";

export interface RunResult {
  readonly format: 1;
  /** ISO 8601. */
  readonly date: string;
  /** Short; `-dirty` where files were changed. */
  readonly commit: string;
  readonly machine: Machine;
  /** Of what took part: node, kvorum, etcd, the generator. */
  readonly versions: Readonly<Record<string, string>>;
  readonly engine: string;
  readonly rounds: number;
  readonly seconds: number;
  /** Given to both servers. */
  readonly flags: readonly string[];
  readonly workloads: readonly WorkloadResult[];
}

export interface Machine {
  readonly processors: number;
  readonly processor: string;
  readonly memoryGiB: number;
  readonly system: string;
  /** Of the directory with the data, by the number that the system gives it. */
  readonly fileSystem: string;
}

export interface WorkloadResult {
  readonly group: string;
  readonly name: string;
  readonly title: string;
  readonly how: string;
  readonly point?: Point;
  readonly subjects: readonly SubjectResult[];
  readonly verdicts: readonly Verdict[];
}

export interface SubjectResult {
  readonly name: string;
  readonly rounds: readonly Readings[];
  readonly medians: Readings;
}

export interface Verdict extends Target {
  /** A ratio where `over` is set: the median of the rounds' ratios, with the least and the most of them. */
  readonly value: number;
  readonly least: number;
  readonly most: number;
  readonly met: boolean;
}

/** `rounds[i]` are those of `names[i]`. Targets on a subject that did not take part are left out. */
export function workloadResult(
  group: string,
  { name, title, how, targets, point }: Omit<Workload<Subject>, "measure" | "prepare">,
  names: readonly string[],
  rounds: readonly (readonly Readings[])[],
): WorkloadResult {
  const subjects = names.map((subject, index) => {
    const own = rounds[index] ?? [];
    return { name: subject, rounds: own, medians: mediansOf(own) };
  });
  const verdicts = targets.map((target) => verdictOn(target, subjects)).filter((verdict) => verdict !== undefined);
  return { group, name, title, how, ...(point === undefined ? {} : { point }), subjects, verdicts };
}

function mediansOf(rounds: readonly Readings[]): Readings {
  const present = METRIC_NAMES.filter((metric) => rounds.some((round) => round[metric] !== undefined));
  return Object.fromEntries(present.map((metric) => [metric, median(valuesOf(metric, rounds))]));
}

function verdictOn(target: Target, subjects: readonly SubjectResult[]): Verdict | undefined {
  const { metric, over, atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = target;
  const ours = metricOf(metric, target.subject, subjects);
  const ratio = pairedRatio(ours, over === undefined ? ours.map(() => 1) : metricOf(metric, over, subjects));
  if (ratio === undefined) return undefined;
  const { median: value, least, most } = ratio;
  return { ...target, value, least, most, met: value >= atLeast && value <= atMost };
}

/** By round; nothing where the subject did not take part. */
export function metricOf(
  metric: Metric,
  subject: string,
  subjects: readonly SubjectResult[],
): readonly (number | undefined)[] {
  return (subjects.find(({ name }) => name === subject)?.rounds ?? []).map((round) => round[metric]);
}

function valuesOf(metric: Metric, rounds: readonly Readings[]): number[] {
  return rounds.map((round) => round[metric]).filter((value) => value !== undefined);
}

/** `throughput >= 2.5 × etcd`. */
export function targetText({ metric, subject, over, atLeast, atMost }: Target): string {
  const bound = atLeast === undefined ? `<= ${atMost}` : `>= ${atLeast}`;
  const { title, unit } = METRICS[metric];
  const whose = subject === "kvorum" ? "" : `${subject}: `;
  return `${whose}${title} ${bound}${over === undefined ? ` ${unit}`.trimEnd() : ` × ${over}`}`;
}
