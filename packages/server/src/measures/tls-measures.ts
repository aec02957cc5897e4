/** What a member counts of its TLS. etcd has nothing of the kind: it reads its files at every handshake. */
import { type Amount, type Family, MeasureSet } from "./measure-set.js";

export class TlsMeasures extends MeasureSet {
  /** `side` is `client` or `peer`, `result` is `reloaded` or `failed`. */
  readonly reloads: Family<Amount> = this.counters(
    "kvorum_tls_reloads_total",
    "TLS files that have changed, by what became of them.",
    ["side", "result"],
  );
}
