/**
 * Renewing a lease and asking for what is left of it. Only the leader runs leases down, and it makes sure that it still
 * leads before it answers: a paused leader must not promise time on a lease that its successor has ended.
 */

import type { Command } from "../core/apply/command.js";
import { ServerError } from "../core/errors.js";
import type { LeaseCheckpoint, LeaseStatus, Lessor } from "../core/lease/lessor.js";
import type { Raft } from "../core/raft/raft.js";
import type { Clock, Failpoints } from "../env.js";
import type { NodeMeasures } from "../measures/node-measures.js";
import type { LeaderCalls } from "./leader-calls.js";
import { sleep } from "./sleep.js";

/** Milliseconds between looks at a lease that is being revoked. */
const RETRY_MS = 50;

export interface LeaseRequestsOptions {
  readonly lessor: () => Lessor;
  readonly raft: Raft;
  readonly clock: Clock;
  readonly failpoints: Failpoints;
  readonly calls: LeaderCalls;
  readonly requestTimeoutMs: number;
  /** Confirms leadership, and that everything committed before the call is applied. */
  readonly barrier: () => Promise<void>;
  readonly propose: (command: Command) => Promise<unknown>;
  readonly stopped: () => boolean;
  readonly measures?: Pick<NodeMeasures, "leasesRenewed"> | undefined;
}

export class LeaseRequests {
  readonly #options: LeaseRequestsOptions;

  constructor(options: LeaseRequestsOptions) {
    this.#options = options;
  }

  /** Seconds of TTL after the renewal; 0 when the lease does not exist or has expired. */
  async renew(id: bigint): Promise<number> {
    const here = async () => ({ kind: "lease-renew", ttlSeconds: await this.renewHere(id) }) as const;
    const answer = await this.#options.calls.call({
      question: { kind: "lease-renew", id },
      here,
      whenLost: "ask-again",
    });
    return answer.ttlSeconds;
  }

  async timeToLive(id: bigint): Promise<LeaseStatus> {
    const here = async () => ({ kind: "lease-time-to-live", ...(await this.timeToLiveHere(id)) }) as const;
    return this.#options.calls.call({ question: { kind: "lease-time-to-live", id }, here, whenLost: "ask-again" });
  }

  /** On the leader. Errors: `notPrimary` on any other member, `leaderChanged` when it stopped to be that meanwhile. */
  async renewHere(id: bigint): Promise<number> {
    const { barrier, clock, failpoints, lessor, requestTimeoutMs, stopped } = this.#options;
    await barrier();
    const clear = lessor().checkpointToClear(id);
    if (clear !== undefined) await this.#clear(clear);
    failpoints.hit("lease-before-renew");
    const ttlSeconds = lessor().renew(id, clock.nowMs());
    // An expired lease answers 0 only when it is gone, so that its keys are gone for whoever hears of it (etcd).
    const deadlineMs = clock.nowMs() + requestTimeoutMs;
    if (ttlSeconds > 0) this.#options.measures?.leasesRenewed.add();
    while (ttlSeconds === 0 && lessor().exists(id)) {
      if (stopped()) throw new ServerError("stopped");
      if (clock.nowMs() > deadlineMs) throw new ServerError("timeout");
      await sleep(clock, RETRY_MS);
    }
    return ttlSeconds;
  }

  /** On the leader. Errors: `notPrimary` on any other member. */
  async timeToLiveHere(id: bigint): Promise<LeaseStatus> {
    const { barrier, clock, failpoints, lessor } = this.#options;
    await barrier();
    failpoints.hit("lease-before-time-to-live");
    if (!lessor().primary) throw new ServerError("notPrimary");
    return lessor().timeToLive(id, clock.nowMs());
  }

  /** Nothing that this leader asks for counts under another: there it could undo what was recorded meanwhile. */
  async #clear(checkpoint: LeaseCheckpoint): Promise<void> {
    const { propose, raft } = this.#options;
    const { role, term } = raft.status;
    if (role !== "leader") throw new ServerError("notPrimary");
    await propose({ kind: "lease-checkpoint", checkpoints: [checkpoint], leaderTerm: term });
  }
}
