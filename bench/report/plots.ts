/** The pictures of a run, by file name. Pure. */
import { METRICS, type Metric } from "../readings.js";
import { metricOf, type RunResult, type WorkloadResult } from "../results.js";
import { pairedRatio } from "../statistics.js";
import { type Bar, barPlot } from "./bar-plot.js";
import { linePlot } from "./line-plot.js";
import { short } from "./scale.js";

export interface Picture {
  /** Of the file. */
  readonly name: string;
  /** Title of the group that it belongs to; none for what compares several. */
  readonly group?: string;
  readonly svg: string;
}

/** A picture is left out where nothing of it was measured. */
export function plots({ workloads }: RunResult): readonly Picture[] {
  const all: Picture[] = [];
  for (const [metric, file] of [
    ["perSecond", "throughput"],
    ["p99Ms", "p99"],
    ["serverCpuMicros", "cpu"],
  ] as const) {
    const picture = ratioPlot(metric, workloads);
    if (picture !== undefined) all.push({ name: `${file}.svg`, svg: picture });
  }
  const clients = workloads.filter(({ subjects }) =>
    subjects.some(({ medians }) => medians.clientCpuMicros !== undefined),
  );
  if (clients[0] !== undefined) all.push({ name: "clients.svg", group: clients[0].group, svg: clientPlot(clients) });
  for (const [key, points] of pointsBySeries(workloads)) {
    all.push({ name: `growth-${key}.svg`, group: points[0]?.group ?? "", svg: growthPlot(points) });
  }
  return all;
}

/** Kvorum over etcd, workload by workload, on new servers. */
function ratioPlot(metric: Metric, workloads: readonly WorkloadResult[]): string | undefined {
  const groups = workloads
    .filter(({ point }) => point === undefined)
    .flatMap(({ title, subjects }) => {
      const ratio = pairedRatio(metricOf(metric, "kvorum", subjects), metricOf(metric, "etcd", subjects));
      if (ratio === undefined) return [];
      const { median, least, most } = ratio;
      return [{ name: title, bars: [{ series: "kvorum", value: median, spread: [least, most] } satisfies Bar] }];
    });
  if (groups.length === 0) return undefined;
  const { title, better } = METRICS[metric];
  const heading = `${title}, Kvorum over etcd (1 is etcd; ${better} is better)`;
  return barPlot({ title: heading, groups, mark: 1, format: (value) => `${value.toFixed(2)} ×` });
}

function clientPlot(workloads: readonly WorkloadResult[]): string {
  const groups = workloads.flatMap(({ title, subjects }) => {
    const bars = subjects.flatMap(({ name, medians }) =>
      medians.clientCpuMicros === undefined ? [] : [{ series: name, value: medians.clientCpuMicros }],
    );
    return [{ name: title.replace(/, one client.* against /, ", against "), bars }];
  });
  return barPlot({ title: "CPU of the client for one call (less is better)", groups, format: (v) => `${short(v)} µs` });
}

function pointsBySeries(workloads: readonly WorkloadResult[]): ReadonlyMap<string, readonly WorkloadResult[]> {
  const by = new Map<string, WorkloadResult[]>();
  for (const workload of workloads) {
    if (workload.point === undefined) continue;
    const key = `${workload.point.series}-${workload.point.axis}`;
    by.set(key, [...(by.get(key) ?? []), workload]);
  }
  return by;
}

function growthPlot(points: readonly WorkloadResult[]): string {
  const { series = "", axis = "" } = points[0]?.point ?? {};
  const metric = series === "memory" ? "residentMiB" : "perSecond";
  const names = points[0]?.subjects.map(({ name }) => name) ?? [];
  const { title, unit } = METRICS[metric];
  return linePlot({
    title: series === "memory" ? `${title} (${unit})` : `${series}, ${title} (${unit})`,
    axis,
    lines: names.map((name) => ({
      series: name,
      points: points.flatMap(({ point, subjects }): [number, number][] => {
        const y = subjects.find((subject) => subject.name === name)?.medians[metric];
        return point === undefined || y === undefined ? [] : [[point.at, y]];
      }),
    })),
  });
}
