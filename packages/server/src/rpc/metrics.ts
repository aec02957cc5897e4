/**
 * The node's Prometheus metrics under etcd's names, so that existing dashboards and alerts read them. One set of numbers a
 * server, never a global one: two embedded nodes in a process must not share counts. Only what can be filled truthfully is
 * there; what of etcd's is not, and why, stands in `metrics/absent.ts`.
 *
 * Read on with `measures/` (what the parts of a node count) and `metrics/` (calls, readings, the text format).
 */
import { lateImport } from "@kvorum/transport";
import type { Registry } from "prom-client";
import type { MeasureSet } from "../measures/measure-set.js";
import { NodeMeasures } from "../measures/node-measures.js";
import { CallMeasures } from "./metrics/call-measures.js";
import { HealthMeasures } from "./metrics/health-measures.js";
import { NodeReadings, type NodeReadingsOptions } from "./metrics/node-readings.js";
import { ProcessReadings } from "./metrics/process-readings.js";

export interface MetricsOptions extends NodeReadingsOptions {
  /** What the parts of the node count. Default: nothing is. */
  readonly measures?: NodeMeasures | undefined;
  /** What else is to be shown: the network of members. */
  readonly more?: readonly MeasureSet[];
  /** `--metrics=extensive`: histograms of handling time. Default false. */
  readonly extensive?: boolean;
}

export class Metrics {
  readonly node: NodeMeasures;
  readonly calls: CallMeasures;
  readonly #health = new HealthMeasures();
  readonly #sets: readonly MeasureSet[];
  #registry: Registry | undefined;

  constructor(options: MetricsOptions) {
    const { measures = new NodeMeasures(), more = [], extensive = false } = options;
    this.node = measures;
    this.calls = new CallMeasures(extensive);
    const readings = new NodeReadings(options);
    this.#sets = [measures, ...more, this.calls, this.#health, readings, new ProcessReadings()];
  }

  /** A request to `/health`. */
  countHealth(healthy: boolean): void {
    this.#health.countHealth(healthy);
  }

  /** One check of `/livez` or `/readyz`, by its name. */
  countCheck(type: "livez" | "readyz", name: string, passed: boolean): void {
    this.#health.countCheck(type, name, passed);
  }

  /** Everything in Prometheus' text format. */
  async text(): Promise<string> {
    const { scrapes, scrapesInFlight } = this.#health;
    scrapesInFlight.add();
    try {
      // `prom-client` is loaded by the first who asks: an embedded node is rarely asked.
      this.#registry ??= (await lateImport(() => import("./metrics/registry.js"))).registryOf(this.#sets);
      const text = await this.#registry.metrics();
      scrapes.of("200").add();
      return text;
    } catch (error) {
      scrapes.of("500").add();
      throw error;
    } finally {
      scrapesInFlight.add(-1);
    }
  }
}
