/**
 * What is measured, as data: a group opens its subjects (two servers, two clusters, three clients) and names its workloads;
 * `rounds.ts` plays them. The groups are in `groups/`.
 */
import type { Engine } from "./engines.js";
import type { Metric, Readings } from "./readings.js";

/** Who is measured. Names are the columns of the tables. */
export interface Subject {
  readonly name: string;
}

export interface Settings {
  readonly rounds: number;
  readonly seconds: number;
  /** Everything small: shows that it works, measures nothing. */
  readonly quick: boolean;
  /** Engine of Kvorum's server. */
  readonly engine: Engine;
  readonly sizes: Sizes;
}

/** How much of something a workload has. */
export interface Sizes {
  /** Keys that puts of random keys choose from. */
  readonly keys: number;
  readonly rangeKeys: number;
  readonly watchers: number;
  readonly leases: number;
  readonly growthKeys: readonly number[];
  readonly growthWatchers: readonly number[];
}

/** A value of `subject`, or its ratio to that of `over`, and what it has to be. */
export interface Target {
  readonly metric: Metric;
  readonly subject: string;
  readonly over?: string;
  readonly atLeast?: number;
  readonly atMost?: number;
}

export interface Workload<S extends Subject> {
  /** Short, for `--only`. */
  readonly name: string;
  readonly title: string;
  /** How it is loaded, for the reader of the table. */
  readonly how: string;
  readonly targets: readonly Target[];
  /** Where it stands in a plot of growth. */
  readonly point?: Point;
  /** It changes what it measures, so that there are neither rounds nor a round to warm up. */
  readonly once?: true;
  /** Length of the round to warm up. Default 2. */
  readonly warmSeconds?: number;
  /** Before the rounds, not measured. */
  prepare?(subject: S): Promise<void>;
  measure(subject: S, seconds: number): Promise<Readings>;
}

export interface Point {
  readonly series: string;
  readonly axis: string;
  readonly at: number;
}

export interface Opened<S extends Subject> {
  readonly subjects: readonly S[];
  readonly workloads: readonly Workload<S>[];
  close(): Promise<void>;
}

export interface Group<S extends Subject> {
  readonly name: string;
  readonly title: string;
  /** Names of the workloads, known before anything is started. */
  names(settings: Settings): readonly string[];
  open(settings: Settings): Promise<Opened<S>>;
}
