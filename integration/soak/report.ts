/** A soak in words: a table of what was judged, what was done and what was wrong. */
import type { Judgement, Unit } from "./verdict.js";

export interface SoakReport {
  readonly minutes: number;
  readonly seed: number;
  readonly node: string;
  /** By name, what the load did; by reason, the errors that were expected. */
  readonly counts: Readonly<Record<string, number>>;
  readonly expected: Readonly<Record<string, number>>;
  readonly judgements: readonly Judgement[];
  /** Empty exactly when the soak passed. */
  readonly problems: readonly string[];
}

/** In one column a member: `mean rise ± error`. */
export function tableOf(judgements: readonly Judgement[]): string {
  const members = [...new Set(judgements.map(({ member }) => member))];
  const names = [...new Set(judgements.map(({ name }) => name))];
  const rows = names.map((name) => {
    const row = judgements.filter((judgement) => judgement.name === name);
    const cells = members.map((member) => cellOf(row.find((judgement) => judgement.member === member)));
    const bounds = row.map(({ bound, unit }) => inUnit(bound, unit));
    const findings = [...new Set(row.map(({ finding }) => finding))].join(", ");
    return [name, row[0]?.unit ?? "", ...cells, String(Math.min(...bounds)), findings];
  });
  const head = ["second half", "unit", ...members.map((member) => `${member}: mean, rise ± error`), "bound", "finding"];
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

export function listOf(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([name, count]) => `${count.toLocaleString("en")} × ${name}`);
  return parts.length === 0 ? "none" : parts.join(", ");
}

function cellOf(judgement: Judgement | undefined): string {
  if (judgement?.trend === undefined) return "-";
  const { trend, unit } = judgement;
  const [mean, rise, error] = [trend.mean, trend.rise, trend.error].map((value) => inUnit(value, unit));
  return `${mean}, ${(rise ?? 0) < 0 ? "" : "+"}${rise} ± ${error}`;
}

/** With one decimal. */
function inUnit(value: number, unit: Unit): number {
  return Math.round((unit === "MiB" ? value / 2 ** 20 : value) * 10) / 10;
}
