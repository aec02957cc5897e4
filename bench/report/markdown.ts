/** Tables for README and docs, and the places in a text where they go. Pure. */
import { formatReading, METRIC_NAMES, METRICS } from "../readings.js";
import { metricOf, type RunResult, targetText, type WorkloadResult } from "../results.js";
import { pairedRatio } from "../statistics.js";

/** One row a workload and subject; columns are what any of the workloads has. */
export function resultTable(workloads: readonly WorkloadResult[]): string {
  const metrics = METRIC_NAMES.filter((metric) =>
    workloads.some(({ subjects }) => subjects.some(({ medians }) => medians[metric] !== undefined)),
  );
  const rows = workloads.flatMap((workload) =>
    workload.subjects.map(({ name, medians }, index) => [
      index === 0 ? `**${workload.title}**` : "",
      name,
      ...metrics.map((metric) => formatReading(metric, medians[metric])),
      index === 0 ? ratioText(workload) : "",
    ]),
  );
  const heads = ["workload", "", ...metrics.map((metric) => METRICS[metric].title), "throughput ratio (spread)"];
  return table(heads, rows, 2);
}

/** The first subject over the second, with the least and the most of the rounds. */
function ratioText({ subjects }: WorkloadResult): string {
  const [ours, theirs] = subjects.map(({ name }) => metricOf("perSecond", name, subjects));
  const ratio = pairedRatio(ours ?? [], theirs ?? []);
  if (ratio === undefined) return "";
  return `${ratio.median.toFixed(2)} × (${ratio.least.toFixed(2)}–${ratio.most.toFixed(2)})`;
}

export function targetTable(workloads: readonly WorkloadResult[]): string {
  const rows = workloads.flatMap(({ title, verdicts }) =>
    verdicts.map((verdict) => {
      const show = (value: number): string =>
        verdict.over === undefined ? formatReading(verdict.metric, value) : `${value.toFixed(2)} ×`;
      const { value, least, most, met } = verdict;
      return [title, targetText(verdict), show(value), `${show(least)} – ${show(most)}`, met ? "yes" : "no"];
    }),
  );
  return table(["workload", "target", "median", "spread", "met"], rows, 2);
}

/** How each of them is loaded, with the name that `--only` takes. */
export function workloadTable(workloads: readonly WorkloadResult[]): string {
  return table(
    ["name", "workload", "load"],
    workloads.map(({ name, title, how }) => [`\`${name}\``, title, how]),
    3,
  );
}

/** What was measured, with what, on what. */
export function circumstances(run: RunResult): string {
  const { machine, versions } = run;
  const made = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `${run.date.slice(0, 10)}, commit \`${run.commit}\`, engine \`${run.engine}\`: ${run.rounds} rounds of ${run.seconds} s in turn, medians.`,
    `${machine.processors} × ${machine.processor}, ${machine.memoryGiB} GiB, ${machine.system}, ${machine.fileSystem}; ${made.join(", ")}.`,
    `Flags of both servers: \`${run.flags.join(" ")}\`; nothing that would answer a put before it is on the disk.`,
  ].join("\n");
}

export function table(heads: readonly string[], rows: readonly (readonly string[])[], textColumns: number): string {
  const widths = heads.map((head, column) =>
    Math.max(3, head.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells
      .map((cell, i) => (i < textColumns ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join(" | ")} |`;
  const rule = widths.map((width, i) => (i < textColumns ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [line(heads), line(rule), ...rows.map(line)].join("\n");
}

/** Replaces what stands between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`, wherever that is. */
export function fillMarkers(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  return text
    .split(begin)
    .map((part, index) => {
      if (index === 0) return part;
      const at = part.indexOf(end);
      if (at < 0) throw new Error(`${begin} has no ${end}`);
      return `${begin}\n\n${content}\n\n${part.slice(at)}`;
    })
    .join("");
}
