/**
 * Figures of a client: durations and numbers of calls, retries, what watches report and how far consumers are behind, what
 * becomes of leases, and states of connections.
 */
import type { Counter, Histogram, Meter, UpDownCounter } from "@opentelemetry/api";
import type { CallMessage, ConnectionMessage, LeaseMessage, WatchMessage, WatchSubject } from "../observe/messages.js";
import { callAttributes, outcomeAttributes, serverAttributes } from "./attributes.js";

/** Seconds; those that the conventions for RPC name. */
const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
/** Events. */
const LAG_BUCKETS = [0, 1, 10, 100, 1_000, 10_000];

export class ClientMetrics {
  readonly #duration: Histogram;
  readonly #inFlight: UpDownCounter;
  readonly #retries: Counter;
  readonly #watchesOpen: UpDownCounter;
  readonly #watchEvents: Counter;
  readonly #watchLag: Histogram;
  readonly #watchTransitions: Counter;
  readonly #leaseTransitions: Counter;
  readonly #connectionTransitions: Counter;
  /** Calls that were counted in, so that those under way at the start are not counted out. */
  readonly #counted = new WeakSet<CallMessage>();
  readonly #openWatches = new WeakSet<WatchSubject>();

  constructor(meter: Meter) {
    this.#duration = meter.createHistogram("rpc.client.call.duration", {
      description: "Duration of a logical call, retries included",
      unit: "s",
      advice: { explicitBucketBoundaries: DURATION_BUCKETS },
    });
    this.#inFlight = meter.createUpDownCounter("etcd.client.call.in_flight", {
      description: "Logical calls under way",
      unit: "{call}",
    });
    this.#retries = meter.createCounter("etcd.client.call.retries", {
      description: "Attempts of calls after the first",
      unit: "{attempt}",
    });
    this.#watchesOpen = meter.createUpDownCounter("etcd.client.watch.open", {
      description: "Watches that a server has, or is about to have again",
      unit: "{watch}",
    });
    this.#watchEvents = meter.createCounter("etcd.client.watch.events", {
      description: "Events received",
      unit: "{event}",
    });
    this.#watchLag = meter.createHistogram("etcd.client.watch.lag", {
      description: "Events that wait for the consumer when others arrive",
      unit: "{event}",
      advice: { explicitBucketBoundaries: LAG_BUCKETS },
    });
    const transition = { unit: "{transition}" };
    this.#watchTransitions = meter.createCounter("etcd.client.watch.transitions", {
      ...transition,
      description: "Watches created, resumed, disconnected, parked, compacted, closed",
    });
    this.#leaseTransitions = meter.createCounter("etcd.client.lease.transitions", {
      ...transition,
      description: "Leases granted, renewed, suspect, lost, revoked, released",
    });
    this.#connectionTransitions = meter.createCounter("etcd.client.connection.transitions", {
      ...transition,
      description: "Changes of the state of endpoints",
    });
  }

  callStarted(message: CallMessage): void {
    this.#counted.add(message);
    this.#inFlight.add(1, callAttributes(message));
  }

  callEnded(message: CallMessage): void {
    if (!this.#counted.delete(message)) return;
    const attributes = callAttributes(message);
    this.#inFlight.add(-1, attributes);
    this.#duration.record((message.durationMs ?? 0) / 1_000, { ...attributes, ...outcomeAttributes(message) });
    if (message.attempts > 1) this.#retries.add(message.attempts - 1, attributes);
  }

  watch(message: WatchMessage): void {
    if (message.event === "events") {
      this.#watchEvents.add(message.count);
      this.#watchLag.record(message.lag);
      return;
    }
    this.#watchTransitions.add(1, { "etcd.event": message.event });
    const { watch, event } = message;
    if ((event === "created" || event === "resumed") && !this.#openWatches.has(watch)) {
      this.#openWatches.add(watch);
      this.#watchesOpen.add(1);
    }
    if (event === "closed" && this.#openWatches.delete(watch)) this.#watchesOpen.add(-1);
  }

  lease(message: LeaseMessage): void {
    this.#leaseTransitions.add(1, { "etcd.event": message.event });
  }

  connection(message: ConnectionMessage): void {
    const attributes = { ...serverAttributes(message.endpoint), "etcd.state": message.state };
    this.#connectionTransitions.add(1, attributes);
  }
}
