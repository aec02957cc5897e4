/**
 * What other members want of this one: their messages go to Raft, their snapshots to the receiver, and their questions are
 * answered here, never sent on: the member that asks looks for the leader itself.
 */
import type { StateMachine } from "../core/apply/state-machine.js";
import { ServerError } from "../core/errors.js";
import { InvariantError } from "../core/invariant.js";
import type { HashKvResult } from "../core/mvcc/hash.js";
import type { Raft } from "../core/raft/raft.js";
import type { Message } from "../core/raft/types.js";
import type { Failpoints } from "../env.js";
import type {
  ClusterDescription,
  PeerAddress,
  PeerAnswer,
  PeerHandlers,
  PeerQuestion,
  SnapshotBody,
  SnapshotMessage,
} from "../peer-network.js";
import type { LeaseRequests } from "./lease-requests.js";
import type { MemberChanges } from "./member-changes.js";
import type { SnapshotReceiver } from "./snapshot-receiver.js";
import type { SnapshotSender } from "./snapshot-sender.js";
import type { Strangers } from "./strangers.js";

export interface PeerDeskOptions {
  readonly raft: Raft;
  readonly machine: StateMachine;
  readonly clusterId: bigint;
  readonly leaseRequests: LeaseRequests;
  readonly memberChanges: MemberChanges;
  readonly receiver: SnapshotReceiver;
  readonly sender: SnapshotSender;
  readonly strangers: Strangers;
  readonly failpoints: Failpoints;
  readonly hashKv: (revision: bigint) => Promise<HashKvResult>;
  readonly stopped: () => boolean;
  readonly wake: () => void;
  readonly onUnreachable: (id: bigint) => void;
  readonly onRemoved: () => void;
  readonly onForgotten: () => void;
  readonly onError: (error: unknown) => void;
}

export class PeerDesk implements PeerHandlers {
  readonly #options: PeerDeskOptions;

  constructor(options: PeerDeskOptions) {
    this.#options = options;
  }

  met(peer: PeerAddress): void {
    if (!this.#options.stopped()) this.#options.strangers.met(peer);
  }

  receive(message: Message): void {
    this.#withRaft((raft) => {
      this.#options.failpoints.hit("raft-before-receive");
      raft.step(message);
    });
  }

  async receiveSnapshot(message: SnapshotMessage, body: SnapshotBody): Promise<void> {
    if (this.#options.stopped()) {
      body.close();
      throw new ServerError("stopped");
    }
    try {
      await this.#options.receiver.receive(message, body);
    } catch (error) {
      // A snapshot that is refused is its sender's affair; what Raft finds impossible stops this member, as in `receive`.
      if (error instanceof InvariantError) this.#options.onError(error);
      throw error;
    }
  }

  unreachable(id: bigint): void {
    this.#withRaft((raft) => {
      raft.reportUnreachable(id);
      this.#options.onUnreachable(id);
    });
  }

  snapshotSent(to: bigint, result: "finished" | "failed"): void {
    this.#options.sender.ended(to, result);
    this.#withRaft((raft) => {
      this.#options.failpoints.hit("snapshot-after-send");
      raft.reportSnapshot(to, result);
    });
  }

  async answer(question: PeerQuestion): Promise<PeerAnswer> {
    const { leaseRequests, memberChanges, hashKv, stopped } = this.#options;
    if (stopped()) throw new ServerError("stopped");
    switch (question.kind) {
      case "lease-renew":
        return { kind: "lease-renew", ttlSeconds: await leaseRequests.renewHere(question.id) };
      case "lease-time-to-live":
        return { kind: "lease-time-to-live", ...(await leaseRequests.timeToLiveHere(question.id)) };
      case "member-change":
        return memberChanges.changeHere(question.request);
      case "hash-kv":
        return { kind: "hash-kv", ...(await hashKv(question.revision)) };
    }
  }

  describe(): ClusterDescription {
    const { machine, clusterId } = this.#options;
    const { members, removed } = machine.membership;
    return { clusterId, members, removed };
  }

  isRemoved(id: bigint): boolean {
    return this.#options.machine.membership.isRemoved(id);
  }

  removed(): void {
    this.#options.onRemoved();
  }

  hasStarted(id: bigint): boolean {
    return (this.#options.machine.membership.member(id)?.name ?? "") !== "";
  }

  forgotten(): void {
    this.#options.onForgotten();
  }

  #withRaft(act: (raft: Raft) => void): void {
    const { raft, stopped, wake, onError } = this.#options;
    if (stopped()) return;
    try {
      act(raft);
      wake();
    } catch (error) {
      onError(error);
    }
  }
}
