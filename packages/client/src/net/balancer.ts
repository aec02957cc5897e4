/**
 * Which member to ask. Unary calls go round; streams go where the fewest are open. Members that cool are asked only when all
 * do: a client never fails without having asked.
 */
import type { Endpoint } from "./endpoint.js";

/** `round-robin` spreads calls over the members; `pick-first` stays with the first that works. */
export type BalancerPolicy = "round-robin" | "pick-first";

export class Balancer {
  readonly endpoints: readonly Endpoint[];
  readonly #policy: BalancerPolicy;
  #turn = 0;

  constructor(endpoints: readonly Endpoint[], policy: BalancerPolicy) {
    this.endpoints = endpoints;
    this.#policy = policy;
  }

  /** The endpoint of this address. Errors: `TypeError` when the client has none such. */
  pinned(address: string): Endpoint {
    const endpoint = this.endpoints.find((candidate) => candidate.address === address);
    if (endpoint === undefined) throw new TypeError(`${JSON.stringify(address)} is not an endpoint of this client`);
    return endpoint;
  }

  /** For a unary call; `avoid` is the one that just failed, taken again only if there is no other. */
  pick(nowMs: number, avoid?: Endpoint): Endpoint {
    const candidates = this.#candidates(nowMs, avoid);
    if (this.#policy === "pick-first") return this.#at(candidates, 0);
    this.#turn = (this.#turn + 1) % Number.MAX_SAFE_INTEGER;
    return this.#at(candidates, this.#turn % candidates.length);
  }

  /** For a stream. */
  pickForStream(nowMs: number, avoid?: Endpoint): Endpoint {
    const candidates = this.#candidates(nowMs, avoid);
    return candidates.reduce((best, candidate) => (candidate.streams < best.streams ? candidate : best));
  }

  async close(): Promise<void> {
    await Promise.all(this.endpoints.map((endpoint) => endpoint.close()));
  }

  #candidates(nowMs: number, avoid: Endpoint | undefined): readonly Endpoint[] {
    if (this.endpoints.length === 1) return this.endpoints;
    const others = this.endpoints.filter((endpoint) => endpoint !== avoid);
    const warm = others.filter((endpoint) => !endpoint.isCooling(nowMs));
    return warm.length > 0 ? warm : others;
  }

  #at(candidates: readonly Endpoint[], index: number): Endpoint {
    const endpoint = candidates[index];
    if (endpoint === undefined) throw new RangeError("the balancer has no endpoints");
    return endpoint;
  }
}
