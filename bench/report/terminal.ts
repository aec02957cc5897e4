/** A result as it is printed while the run goes on. */
import { formatReading, METRIC_NAMES, METRICS } from "../readings.js";
import { targetText, type WorkloadResult } from "../results.js";

const [FIRST, OTHER] = [22, 16] as const;

export function printResult({ name, title, subjects, verdicts }: WorkloadResult): void {
  const metrics = METRIC_NAMES.filter((metric) => subjects.some(({ medians }) => medians[metric] !== undefined));
  console.log(`\n${title} (${name})`);
  print("", ...subjects.map((subject) => subject.name));
  for (const metric of metrics) {
    print(METRICS[metric].title, ...subjects.map(({ medians }) => formatReading(metric, medians[metric])));
  }
  for (const verdict of verdicts) {
    const [value, least, most] = [verdict.value, verdict.least, verdict.most].map((number) => number.toFixed(2));
    console.log(`  ${verdict.met ? "met" : "missed"}: ${targetText(verdict)}: ${value} (${least} to ${most})`);
  }
}

function print(first: string, ...cells: readonly string[]): void {
  console.log(`  ${first.padEnd(FIRST)}${cells.map((cell) => cell.padStart(OTHER)).join("")}`);
}
