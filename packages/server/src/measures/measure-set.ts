/**
 * Numbers that a node counts about itself, under the names by which Prometheus reads them. The parts of a node are handed
 * a set and write plain numbers into it: nothing is allocated, nothing formatted, nobody asked for the time. `rpc/metrics/`
 * reads the sets when somebody scrapes.
 */
import { invariant } from "../core/invariant.js";

export type MeasureType = "counter" | "gauge" | "histogram";

/** One number: a count, or a level that goes up and down. */
export class Amount {
  value = 0;

  add(amount = 1): void {
    this.value += amount;
  }

  set(value: number): void {
    this.value = value;
  }
}

/** How often values fell under each bound, with their sum. */
export class Distribution {
  /** Upper bounds, inclusive, ascending; what lies above the last one counts as well. */
  readonly bounds: readonly number[];
  /** One more than there are bounds; not cumulative. */
  readonly counts: Float64Array;
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let low = 0;
    let high = this.bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (value <= (this.bounds[middle] as number)) high = middle;
      else low = middle + 1;
    }
    this.counts[low] = (this.counts[low] as number) + 1;
    this.sum += value;
  }
}

/** Bounds `start`, `start × factor`, … : `count` of them. */
export function exponential(start: number, factor: number, count: number): readonly number[] {
  // Ten digits are more than any bound has: 0.1 × 2 × 2 × … must not become 0.30000000000000004.
  return Array.from({ length: count }, (_, power) => Number((start * factor ** power).toPrecision(10)));
}

/** Label sets that one family takes; what comes later is counted together under `REST`. */
const LABEL_SETS_MAX = 1024;
const REST = "other";

/** The same measure for several values of its labels. `of` is a look-up: who counts often keeps what it returned. */
export class Family<T extends Amount | Distribution> {
  readonly #make: () => T;
  readonly #members: Map<string, { readonly labels: readonly string[]; readonly measure: T }> = new Map();

  constructor(make: () => T) {
    this.#make = make;
  }

  get members(): Iterable<{ readonly labels: readonly string[]; readonly measure: T }> {
    return this.#members.values();
  }

  of(...labels: readonly string[]): T {
    const key = labels.join("\u0000");
    const known = this.#members.get(key);
    if (known !== undefined) return known.measure;
    // The set that the rest is counted under is one more.
    const isRest = labels.every((label) => label === REST);
    if (this.#members.size >= LABEL_SETS_MAX && !isRest) return this.of(...labels.map(() => REST));
    const measure = this.#make();
    this.#members.set(key, { labels, measure });
    return measure;
  }
}

/** What a scrape asks of a measure. */
export interface Measure {
  readonly name: string;
  readonly help: string;
  readonly type: MeasureType;
  readonly labelNames: readonly string[];
  /** Of a histogram. */
  readonly bounds?: readonly number[];
  /** As of now. */
  read(): Iterable<{ readonly labels: readonly string[]; readonly measure: Amount | Distribution }>;
}

/** Measures that belong together. A subclass makes them as its fields. */
export class MeasureSet {
  readonly #all: Measure[] = [];

  get all(): readonly Measure[] {
    return this.#all;
  }

  /** A number that only grows. */
  protected counter(name: string, help: string): Amount {
    return this.#amount(name, help, "counter");
  }

  protected gauge(name: string, help: string): Amount {
    return this.#amount(name, help, "gauge");
  }

  protected histogram(name: string, help: string, bounds: readonly number[]): Distribution {
    const distribution = new Distribution(bounds);
    this.#add({
      ...{ name, help, type: "histogram", labelNames: [], bounds },
      read: () => [{ labels: [], measure: distribution }],
    });
    return distribution;
  }

  protected counters(name: string, help: string, labelNames: readonly string[]): Family<Amount> {
    return this.#amounts(name, help, "counter", labelNames);
  }

  protected gauges(name: string, help: string, labelNames: readonly string[]): Family<Amount> {
    return this.#amounts(name, help, "gauge", labelNames);
  }

  protected histograms(
    name: string,
    help: string,
    labelNames: readonly string[],
    bounds: readonly number[],
  ): Family<Distribution> {
    const family = new Family(() => new Distribution(bounds));
    this.#add({ name, help, type: "histogram", labelNames, bounds, read: () => family.members });
    return family;
  }

  /** A number that is kept elsewhere and looked at when it is asked for. */
  protected reading(name: string, help: string, type: "counter" | "gauge", value: () => number): void {
    const amount = new Amount();
    this.#add({
      ...{ name, help, type, labelNames: [] },
      read: () => {
        amount.set(value());
        return [{ labels: [], measure: amount }];
      },
    });
  }

  /** Gauges that are looked at when they are asked for: `values` gives label values and the number. */
  protected readings(
    name: string,
    help: string,
    labelNames: readonly string[],
    values: () => Iterable<readonly [labels: readonly string[], value: number]>,
  ): void {
    const read: Measure["read"] = () =>
      Array.from(values(), ([labels, value]) => {
        const measure = new Amount();
        measure.set(value);
        return { labels, measure };
      });
    this.#add({ name, help, type: "gauge", labelNames, read });
  }

  #amount(name: string, help: string, type: "counter" | "gauge"): Amount {
    const amount = new Amount();
    this.#add({ name, help, type, labelNames: [], read: () => [{ labels: [], measure: amount }] });
    return amount;
  }

  #amounts(name: string, help: string, type: "counter" | "gauge", labelNames: readonly string[]): Family<Amount> {
    const family = new Family(() => new Amount());
    this.#add({ name, help, type, labelNames, read: () => family.members });
    return family;
  }

  #add(measure: Measure): void {
    invariant(!this.#all.some(({ name }) => name === measure.name), `${measure.name} is measured once`);
    this.#all.push(measure);
  }
}
