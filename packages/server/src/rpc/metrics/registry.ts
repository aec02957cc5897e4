/** Our measures in the shape in which prom-client's registry prints metrics. */
import { type Metric, Registry } from "prom-client";
import { Distribution, type Measure, type MeasureSet } from "../../measures/measure-set.js";

/** A line of the text format, before it is text. */
interface Value {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** One registry a node, never the global one: two embedded nodes in a process must not share counts. */
export function registryOf(sets: readonly MeasureSet[]): Registry {
  const registry = new Registry();
  for (const measure of sets.flatMap(({ all }) => all)) registry.registerMetric(asMetric(measure));
  return registry;
}

/** The registry asks a metric for nothing but its name and what `get` resolves to. */
function asMetric(measure: Measure): Metric {
  const { name, help, type } = measure;
  const get = async () => ({ name, help, type, aggregator: "sum", values: valuesOf(measure) });
  return { name, get } as unknown as Metric;
}

function valuesOf({ name, labelNames, read }: Measure): Value[] {
  return Array.from(read(), ({ labels: given, measure }) => {
    const labels = Object.fromEntries(labelNames.map((label, index) => [label, given[index] ?? ""]));
    if (measure instanceof Distribution) return valuesOfDistribution(name, labels, measure);
    return [{ metricName: name, labels, value: measure.value }];
  }).flat();
}

/** Prometheus wants every bucket to hold those below it too. */
function valuesOfDistribution(name: string, labels: Value["labels"], measure: Distribution): Value[] {
  let count = 0;
  const buckets = Array.from(measure.counts, (own, index): Value => {
    count += own;
    const le = measure.bounds[index] ?? "+Inf";
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: count };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: measure.sum },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
