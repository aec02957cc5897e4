/** How often the node was asked for its health and for its metrics, and what it answered. */
import { type Amount, type Family, MeasureSet } from "../../measures/measure-set.js";

export class HealthMeasures extends MeasureSet {
  readonly #success: Amount = this.counter("etcd_server_health_success", "Health requests answered as healthy.");
  readonly #failures: Amount = this.counter("etcd_server_health_failures", "Health requests answered as unhealthy.");
  readonly #last: Family<Amount> = this.gauges("etcd_server_healthcheck", "The last result of each check.", [
    "type",
    "name",
  ]);
  readonly #checks: Family<Amount> = this.counters("etcd_server_healthchecks_total", "Checks, by result.", [
    "type",
    "name",
    "status",
  ]);
  readonly scrapesInFlight: Amount = this.gauge("promhttp_metric_handler_requests_in_flight", "Scrapes being served.");
  readonly scrapes: Family<Amount> = this.counters(
    "promhttp_metric_handler_requests_total",
    "Scrapes by HTTP status code.",
    ["code"],
  );

  constructor() {
    super();
    for (const code of ["200", "500", "503"]) this.scrapes.of(code);
  }

  /** `/health`. */
  countHealth(healthy: boolean): void {
    (healthy ? this.#success : this.#failures).add();
  }

  /** One check of `/livez` or `/readyz`. */
  countCheck(type: "livez" | "readyz", name: string, passed: boolean): void {
    this.#last.of(type, name).set(passed ? 1 : 0);
    this.#checks.of(type, name, passed ? "success" : "error").add();
  }
}
