/** What the network of members counts. Sizes are those its queues reckon with: a message's data and 64 bytes a part. */
import { type Amount, type Distribution, exponential, type Family, MeasureSet } from "./measure-set.js";

export class PeerMeasures extends MeasureSet {
  readonly activePeers: Family<Amount> = this.gauges("etcd_network_active_peers", "Connected members.", [
    "Local",
    "Remote",
  ]);
  readonly knownPeers: Family<Amount> = this.gauges("etcd_network_known_peers", "Members that are connected to.", [
    "Local",
    "Remote",
  ]);
  readonly disconnections: Family<Amount> = this.counters(
    "etcd_network_disconnected_peers_total",
    "Connections to members that broke.",
    ["Local", "Remote"],
  );
  readonly sentBytes: Family<Amount> = this.counters("etcd_network_peer_sent_bytes_total", "Bytes sent to members.", [
    "To",
  ]);
  readonly receivedBytes: Family<Amount> = this.counters(
    "etcd_network_peer_received_bytes_total",
    "Bytes received from members.",
    ["From"],
  );
  readonly sentFailures: Family<Amount> = this.counters(
    "etcd_network_peer_sent_failures_total",
    "Messages to members that were given up, and attempts to connect that failed.",
    ["To"],
  );
  readonly receivedFailures: Family<Amount> = this.counters(
    "etcd_network_peer_received_failures_total",
    "Streams of members that ended with a failure.",
    ["From"],
  );
  readonly roundTrip: Family<Distribution> = this.histograms(
    "etcd_network_peer_round_trip_time_seconds",
    "Time of a question to a member and its answer.",
    ["To"],
    exponential(0.0001, 2, 16),
  );
}
