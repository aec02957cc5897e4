/**
 * The leader looks for leases past their time and proposes to revoke them. Before it does, it asks the others whether it
 * still leads: after a pause of this process another leader may have renewed what looks expired here. What is
 * proposed carries the term in which it was seen, and applying refuses it in any other.
 */
import type { Command } from "../core/apply/command.js";
import { ServerError } from "../core/errors.js";
import type { Lessor } from "../core/lease/lessor.js";
import type { Raft } from "../core/raft/raft.js";
import { NO_MEMBER } from "../core/raft/types.js";
import type { Clock, Failpoints, Logger } from "../env.js";
import type { NodeMeasures } from "../measures/node-measures.js";
import type { Tuning } from "./tuning.js";

export interface LeaseExpiryOptions {
  readonly lessor: () => Lessor;
  readonly raft: Raft;
  readonly clock: Clock;
  readonly failpoints: Failpoints;
  readonly logger: Logger;
  readonly tuning: Pick<Tuning, "leaseScanIntervalMs" | "leaseScanMax" | "leaseRevokesMax">;
  /** Confirms leadership by messages sent after the call. */
  readonly barrier: () => Promise<void>;
  readonly propose: (command: Command) => Promise<unknown>;
  readonly measures?: Pick<NodeMeasures, "leasesExpired"> | undefined;
}

export class LeaseExpiry {
  readonly #options: LeaseExpiryOptions;
  #nextScanMs = 0;
  #scanning = false;

  constructor(options: LeaseExpiryOptions) {
    this.#options = options;
  }

  /** To be called with every tick; scans when it is time and the last scan is done. */
  tick(nowMs: number): void {
    const { raft, tuning, logger } = this.#options;
    const { role, transferee } = raft.status;
    if (this.#scanning || nowMs < this.#nextScanMs || role !== "leader") return;
    // Raft takes nothing while it hands over. What waited for the end of that could come behind a renewal made after it.
    if (transferee !== NO_MEMBER) return;
    this.#nextScanMs = nowMs + tuning.leaseScanIntervalMs;
    this.#scanning = true;
    this.#scan(nowMs)
      // Nothing is lost: what is still expired is found again.
      .catch((error: unknown) => logger.debug({ error: String(error) }, "expired leases were not revoked"))
      .finally(() => {
        this.#scanning = false;
      });
  }

  async #scan(nowMs: number): Promise<void> {
    const { lessor, raft, failpoints, tuning, barrier, propose } = this.#options;
    const { term } = raft.status;
    const checkpoints = lessor().checkpoints(nowMs);
    if (checkpoints.length > 0) {
      failpoints.hit("lease-before-checkpoint");
      await propose({ kind: "lease-checkpoint", checkpoints, leaderTerm: term });
    }
    const expired = lessor().expired(nowMs, tuning.leaseScanMax);
    if (expired.length === 0) return;
    await barrier();
    if (raft.status.role !== "leader" || raft.status.term !== term) return;
    const queue = [...expired];
    const worker = async (): Promise<void> => {
      for (let id = queue.shift(); id !== undefined; id = queue.shift()) await this.#revoke(id, term);
    };
    await Promise.all(Array.from({ length: tuning.leaseRevokesMax }, worker));
  }

  async #revoke(id: bigint, leaderTerm: number): Promise<void> {
    const { lessor, clock, failpoints, logger, propose } = this.#options;
    // A renewal may have been waiting to be read while this process stood still.
    if (lessor().timeToLive(id, clock.nowMs()).ttlSeconds > 0) return;
    try {
      failpoints.hit("lease-before-revoke");
      await propose({ kind: "lease-revoke", id, leaderTerm });
      this.#options.measures?.leasesExpired.add();
    } catch (error) {
      // Whoever revoked it first is right as well; everything else is tried again when it is due again.
      if (error instanceof ServerError && error.reason === "leaseNotFound") return;
      logger.debug({ lease: id.toString(16), error: String(error) }, "revoking an expired lease failed");
    }
  }
}
