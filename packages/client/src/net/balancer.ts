/**
 * The endpoints of a client and which of them to ask. Who may be asked is graded: those that answer come first, then those not
 * tried yet, then those that cool, and the one that just failed last of all: a client never fails without having asked.
 *
 * A pick makes no object, unless the picker is the user's own: it is on the path of every call.
 */
import { RpcError, StatusCode } from "@kvorum/transport";
import type { Endpoint } from "./endpoint.js";
import { type BalancerPolicy, better, type Picker } from "./picker.js";

/** Grades of endpoints, best first. */
const FRESH = 0;
const USABLE = 1;
const UNTRIED = 2;
const COOLING = 3;
const AVOIDED = 4;

export class Balancer {
  readonly policy: BalancerPolicy | Picker;
  readonly #random: () => number;
  #endpoints: readonly Endpoint[];
  /** No longer in the list, and with calls that still end there. */
  #leaving: readonly Endpoint[] = [];
  #turn = 0;
  /** Connects to somebody while nobody is ready. Without it an endpoint counts as ready until it fails. */
  connector: { connect(): Promise<void> } | undefined;

  constructor(
    endpoints: readonly Endpoint[],
    policy: BalancerPolicy | Picker = "two-choices",
    random: () => number = Math.random,
  ) {
    this.#endpoints = endpoints;
    this.policy = policy;
    this.#random = random;
  }

  get endpoints(): readonly Endpoint[] {
    return this.#endpoints;
  }

  /** Calls under way on an endpoint that leaves go on, its streams open elsewhere. */
  replace(endpoints: readonly Endpoint[]): void {
    const before = this.#endpoints;
    this.#endpoints = endpoints;
    const removed = before.filter((endpoint) => !endpoints.includes(endpoint));
    for (const endpoint of removed) endpoint.remove();
    this.#leaving = [...this.#leaving, ...removed].filter(({ inFlight, streams }) => inFlight + streams > 0);
  }

  /** The endpoint of this address. Errors: `TypeError` when the client has none such. */
  pinned(address: string): Endpoint {
    const endpoint = this.#endpoints.find((candidate) => candidate.address === address);
    if (endpoint === undefined) throw new TypeError(`${JSON.stringify(address)} is not an endpoint of this client`);
    return endpoint;
  }

  /** To wait for before picking: a connection is being made, and none is there. Undefined where there is no need to wait. */
  connecting(nowMs: number): Promise<void> | undefined {
    const { connector } = this;
    if (connector === undefined || this.#endpoints.length === 1) return undefined;
    let untried = this.#endpoints.length === 0;
    for (const endpoint of this.#endpoints) {
      if (endpoint.health.isUsable(nowMs)) return undefined;
      untried ||= endpoint.state === "idle" || endpoint.state === "connecting";
    }
    return untried ? connector.connect() : undefined;
  }

  /**
   * For a unary call; `avoid` is the one that just failed, taken again only if there is no other. Members that have not shown
   * the revision `atLeast` are passed over where one has.
   *
   * Errors: `RpcError` UNAVAILABLE when there are no endpoints (yet).
   */
  pick(nowMs: number, avoid?: Endpoint, atLeast = 0n): Endpoint {
    const endpoint = this.#pick(nowMs, avoid, atLeast);
    this.#turn += 1;
    endpoint.picked = this.#turn;
    return endpoint;
  }

  /** For a stream: where the fewest are open. */
  pickForStream(nowMs: number, avoid?: Endpoint): Endpoint {
    const endpoints = this.#endpoints;
    const { policy } = this;
    if (typeof policy === "object") return this.#ask(policy, "stream", nowMs, avoid, 0n);
    const first = policy === "pick-first" ? 0 : Math.floor(this.#random() * endpoints.length);
    let best: Endpoint | undefined;
    let bestGrade = AVOIDED + 1;
    for (let i = 0; i < endpoints.length; i++) {
      const endpoint = endpoints[(first + i) % endpoints.length] as Endpoint;
      const grade = this.#grade(endpoint, nowMs, avoid, 0n, true);
      const fewer = policy !== "pick-first" && best !== undefined && endpoint.streams < best.streams;
      if (grade < bestGrade || (grade === bestGrade && fewer)) {
        best = endpoint;
        bestGrade = grade;
      }
    }
    return best ?? nobody();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#endpoints, ...this.#leaving].map((endpoint) => endpoint.close()));
  }

  #pick(nowMs: number, avoid: Endpoint | undefined, atLeast: bigint): Endpoint {
    const { policy } = this;
    const [only] = this.#endpoints;
    if (only === undefined) return nobody();
    if (this.#endpoints.length === 1) return only;
    if (typeof policy === "object") return this.#ask(policy, "unary", nowMs, avoid, atLeast);
    const grade = this.#bestGrade(nowMs, avoid, atLeast);
    if (policy === "pick-first") return this.#nth(0, grade, nowMs, avoid, atLeast);
    const count = this.#count(grade, nowMs, avoid, atLeast);
    if (policy === "round-robin") return this.#nth((this.#turn + 1) % count, grade, nowMs, avoid, atLeast);
    const first = Math.floor(this.#random() * count);
    const one = this.#nth(first, grade, nowMs, avoid, atLeast);
    if (count === 1) return one;
    const second = (first + 1 + Math.floor(this.#random() * (count - 1))) % count;
    return better(one, this.#nth(second, grade, nowMs, avoid, atLeast), nowMs);
  }

  #grade(endpoint: Endpoint, nowMs: number, avoid: Endpoint | undefined, atLeast: bigint, stream: boolean): number {
    if (endpoint === avoid) return AVOIDED;
    const { state } = endpoint;
    const untried = state === "idle" || state === "connecting";
    // The one call that a half-open endpoint takes must be short.
    const usable = stream ? state === "ready" : endpoint.health.isUsable(nowMs);
    if (usable || (untried && this.connector === undefined)) return endpoint.revision >= atLeast ? FRESH : USABLE;
    return untried ? UNTRIED : COOLING;
  }

  #bestGrade(nowMs: number, avoid: Endpoint | undefined, atLeast: bigint): number {
    let best = AVOIDED;
    for (const endpoint of this.#endpoints) best = Math.min(best, this.#grade(endpoint, nowMs, avoid, atLeast, false));
    return best;
  }

  #count(grade: number, nowMs: number, avoid: Endpoint | undefined, atLeast: bigint): number {
    let count = 0;
    for (const endpoint of this.#endpoints) if (this.#grade(endpoint, nowMs, avoid, atLeast, false) === grade) count++;
    return count;
  }

  #nth(index: number, grade: number, nowMs: number, avoid: Endpoint | undefined, atLeast: bigint): Endpoint {
    let left = index;
    for (const endpoint of this.#endpoints) {
      if (this.#grade(endpoint, nowMs, avoid, atLeast, false) === grade && left-- === 0) return endpoint;
    }
    return nobody();
  }

  /** The user's own picker chooses among those of the best grade. */
  #ask(
    picker: Picker,
    kind: "unary" | "stream",
    nowMs: number,
    avoid: Endpoint | undefined,
    atLeast: bigint,
  ): Endpoint {
    const grades = this.#endpoints.map((endpoint) => this.#grade(endpoint, nowMs, avoid, atLeast, kind === "stream"));
    const best = Math.min(...grades);
    const candidates = this.#endpoints.filter((_, index) => grades[index] === best);
    const [only] = candidates;
    if (only === undefined) return nobody();
    if (candidates.length === 1) return only;
    const picked = picker.pick(candidates, kind, nowMs);
    if (!candidates.includes(picked)) throw new TypeError("the balancer's pick() must return one of its candidates");
    return picked;
  }
}

function nobody(): never {
  throw new RpcError(StatusCode.UNAVAILABLE, "the client has no endpoints", { maybeSent: false });
}
