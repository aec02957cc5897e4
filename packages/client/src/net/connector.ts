/**
 * Makes the connections of a client and looks after them: the first connect is a race, so that an address where nobody answers
 * costs a quarter of a second; the others are connected behind the first; an endpoint that cools is probed until it is back, and
 * then gets a stream or two again. The race is that of RFC 8305 ("Happy Eyeballs"), over members instead of addresses.
 */
import type { Clock } from "../clock.js";
import type { Balancer } from "./balancer.js";
import type { Endpoint } from "./endpoint.js";
import type { EndpointState } from "./endpoint-health.js";
import type { Prober } from "./prober.js";

/** Head start of an endpoint over the next one. */
const STAGGER_MS = 250;
/** One stream moves at most in this time, so that a member that comes and goes does not shake every watch. */
const REBALANCE_MS = 60_000;

export interface ConnectorOptions {
  readonly balancer: Balancer;
  readonly prober: Prober;
  readonly clock: Clock;
  readonly random: () => number;
  readonly closed: AbortSignal;
  /** Fills the list of endpoints when it is empty. Rejects where that does not work; then nobody can be connected to. */
  readonly resolve: () => Promise<void>;
}

export class Connector {
  readonly #options: ConnectorOptions;
  #connecting: Promise<void> | undefined;
  #movedAtMs = Number.NEGATIVE_INFINITY;
  #cancelRebalance: (() => void) | undefined;

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  /**
   * Resolves when a member has answered, or when all have been tried in vain. All who wait share one race.
   *
   * Errors: those of `resolve`.
   */
  connect(): Promise<void> {
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  changed(endpoint: Endpoint, state: EndpointState): void {
    const { balancer, prober, closed } = this.#options;
    if (closed.aborted) return;
    if (state === "cooling") {
      prober.cooling(endpoint);
      return;
    }
    prober.leave(endpoint);
    if (state !== "ready") return;
    // Who takes the first that works wants one connection and not all of them.
    if (balancer.policy === "pick-first") return;
    for (const other of balancer.endpoints) if (other.state === "idle") prober.pursue(other);
    this.#rebalance();
  }

  close(): void {
    this.#cancelRebalance?.();
  }

  async #connect(): Promise<void> {
    const { balancer, random, resolve } = this.#options;
    if (balancer.endpoints.length === 0) await resolve();
    const untried = balancer.endpoints.filter(({ state }) => state === "idle" || state === "connecting");
    // Every client begins somewhere else, lest all crowd the member that is written first.
    const first = balancer.policy === "pick-first" ? 0 : Math.floor(random() * untried.length);
    await this.#race([...untried.slice(first), ...untried.slice(0, first)]);
  }

  #race(endpoints: readonly Endpoint[]): Promise<void> {
    const { clock, prober, closed } = this.#options;
    return new Promise((resolve) => {
      let next = 0;
      let running = 0;
      let over = false;
      let cancel = (): void => undefined;
      const finish = (): void => {
        over = true;
        cancel();
        closed.removeEventListener("abort", finish);
        resolve();
      };
      const start = (): void => {
        cancel();
        const endpoint = endpoints[next++];
        if (endpoint === undefined) {
          if (running === 0) finish();
          return;
        }
        running += 1;
        cancel = clock.after(STAGGER_MS, start);
        void prober.probe(endpoint).then((result) => {
          running -= 1;
          if (over) return;
          if (result === "healthy") finish();
          else start();
        });
      };
      closed.addEventListener("abort", finish, { once: true });
      start();
    });
  }

  /** Moves one stream from where most are to where fewest are, if that makes the two more equal, and looks again later. */
  #rebalance(): void {
    const { balancer, clock, closed } = this.#options;
    if (typeof balancer.policy === "object" || balancer.policy === "pick-first") return;
    if (closed.aborted || this.#cancelRebalance !== undefined) return;
    const [most, fewest] = extremes(balancer.endpoints);
    if (most === undefined || fewest === undefined || most.streams - fewest.streams < 2) return;
    const waitMs = this.#movedAtMs + REBALANCE_MS - clock.nowMs();
    if (waitMs <= 0 && most.moveOneStream("another member takes a part of the streams")) {
      this.#movedAtMs = clock.nowMs();
    }
    this.#cancelRebalance = clock.after(waitMs > 0 ? waitMs : REBALANCE_MS, () => {
      this.#cancelRebalance = undefined;
      this.#rebalance();
    });
  }
}

/** The ready endpoints with the most and with the fewest streams. */
function extremes(endpoints: readonly Endpoint[]): [Endpoint | undefined, Endpoint | undefined] {
  let most: Endpoint | undefined;
  let fewest: Endpoint | undefined;
  for (const endpoint of endpoints) {
    if (endpoint.state !== "ready") continue;
    if (most === undefined || endpoint.streams > most.streams) most = endpoint;
    if (fewest === undefined || endpoint.streams < fewest.streams) fewest = endpoint;
  }
  return [most, fewest];
}
