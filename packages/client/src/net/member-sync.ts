/**
 * Keeps the list of endpoints in step with the cluster: asks for the members a moment after the first answer, then every few
 * minutes and after errors that smell of a change, and adopts an address only when the member that is said to listen there
 * answers there. `member-plan.ts` decides, this file asks and adopts.
 */
import { Cluster } from "@kvorum/proto";
import type { Clock } from "../clock.js";
import type { CallOptions } from "../options.js";
import { parseAddress } from "./addresses.js";
import type { Balancer } from "./balancer.js";
import type { Caller } from "./caller.js";
import type { Endpoint } from "./endpoint.js";
import { advertisedKeys, type ListedMember, planMembers } from "./member-plan.js";
import type { Prober } from "./prober.js";

export const DEFAULT_SYNC_MS = 300_000;
/** After the first answer. A process that makes a call and ends costs the cluster nothing more than that call. */
const FIRST_SYNC_MS = 1_000;
/** Between two synchronisations at least, however many errors hint at a change. */
const DOUBT_SYNC_MS = 10_000;

export interface MemberSyncOptions {
  readonly balancer: Balancer;
  readonly prober: Prober;
  readonly caller: Pick<Caller, "unary">;
  readonly clock: Clock;
  readonly closed: AbortSignal;
  readonly makeEndpoint: (address: string) => Endpoint;
  /** Milliseconds between two synchronisations; false: only when asked. */
  readonly intervalMs: number | false;
  /** Looks names up again, before the members are asked. */
  readonly refreshNames: () => Promise<void>;
}

export class MemberSync {
  readonly #options: MemberSyncOptions;
  #advertisedBefore: ReadonlySet<string> = new Set();
  #clusterId = 0n;
  #running: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;
  #dueMs = Number.POSITIVE_INFINITY;
  #syncedAtMs = Number.NEGATIVE_INFINITY;
  #started = false;

  constructor(options: MemberSyncOptions) {
    this.#options = options;
  }

  /** A member has answered for the first time. */
  connected(): void {
    if (this.#started) return;
    this.#started = true;
    this.#schedule(FIRST_SYNC_MS);
  }

  /** Something happened after which the members may be others. */
  doubt(): void {
    if (!this.#started) return;
    this.#schedule(Math.max(FIRST_SYNC_MS, this.#syncedAtMs + DOUBT_SYNC_MS - this.#options.clock.nowMs()));
  }

  /** The user has set another list, of another cluster perhaps. */
  reset(): void {
    this.#advertisedBefore = new Set();
    this.#clusterId = 0n;
    this.doubt();
  }

  /**
   * Synchronises now. `trusted`: the caller knows that the advertised addresses are meant for it.
   *
   * Errors: those of the call that lists the members.
   */
  async sync(trusted: boolean, options: CallOptions = {}): Promise<void> {
    // One after the other: two that overlap could each bring back what the other has removed.
    const before = this.#running;
    this.#running = (async () => {
      await before?.catch(() => undefined);
      await this.#sync(trusted, options);
    })();
    await this.#running;
  }

  async close(): Promise<void> {
    this.#cancelTimer?.();
    await this.#running?.catch(() => undefined);
  }

  #schedule(delayMs: number): void {
    const { clock, closed, intervalMs } = this.#options;
    if (intervalMs === false || closed.aborted) return;
    const dueMs = clock.nowMs() + delayMs;
    if (this.#dueMs <= dueMs) return;
    this.#cancelTimer?.();
    this.#dueMs = dueMs;
    this.#cancelTimer = clock.after(delayMs, () => {
      this.#dueMs = Number.POSITIVE_INFINITY;
      // In the background an error means: the list stays as it is, until next time.
      void this.sync(false, { signal: closed })
        .catch(() => undefined)
        .then(() => this.#schedule(intervalMs));
    });
  }

  async #sync(trusted: boolean, options: CallOptions): Promise<void> {
    const { balancer, caller, clock, refreshNames, closed } = this.#options;
    this.#syncedAtMs = clock.nowMs();
    await refreshNames();
    const answer = await caller.unary(Cluster.method.memberList, { linearizable: true }, "read", options);
    const clusterId = answer.header?.clusterId ?? 0n;
    // Another cluster's members are not this client's, wherever its requests went by mistake.
    if (this.#clusterId !== 0n && clusterId !== this.#clusterId) return;
    this.#clusterId = clusterId;
    const members = answer.members.map(
      ({ ID, name, clientURLs, isLearner }): ListedMember => ({ id: ID, name, clientUrls: clientURLs, isLearner }),
    );
    const plan = planMembers(members, balancer.endpoints, this.#advertisedBefore, trusted);
    if (plan === undefined) return;
    const added = await Promise.all(plan.missing.map((voter) => this.#reach(voter.id, voter.addresses, clusterId)));
    const found = added.filter((endpoint) => endpoint !== undefined);
    // The list may have been set meanwhile: then that is the list.
    const kept = balancer.endpoints.filter(({ address }) => plan.keep.includes(address));
    const reachable = found.length > 0 || kept.some(({ state }) => state === "ready");
    if (!reachable || closed.aborted) {
      await Promise.all(found.map((endpoint) => endpoint.close()));
      return;
    }
    this.#advertisedBefore = new Set(advertisedKeys(members));
    if (found.length > 0 || kept.length < balancer.endpoints.length) balancer.replace([...kept, ...found]);
  }

  /** The endpoint where this member of this cluster answers, ready for use. */
  async #reach(id: bigint, addresses: readonly string[], clusterId: bigint): Promise<Endpoint | undefined> {
    for (const address of addresses) {
      const endpoint = this.#tryMake(address);
      if (endpoint === undefined) continue;
      const result = await this.#options.prober.probe(endpoint);
      const itself = endpoint.memberId === id && endpoint.clusterId === clusterId;
      if (itself && result === "healthy") return endpoint;
      endpoint.remove();
      await endpoint.close();
    }
    return undefined;
  }

  /** A member may advertise what this client cannot speak. */
  #tryMake(address: string): Endpoint | undefined {
    try {
      return this.#options.makeEndpoint(parseAddress(address));
    } catch {
      return undefined;
    }
  }
}
