/**
 * The seam to the other members: what a node asks of its network, and what the network asks of the node. `io/peers/`
 * implements it over gRPC, `testing/` in memory; both pass `io/peers/contract.ts`.
 *
 * Raft messages may be lost at any time and nobody is told; a question gets an answer or an error. Nothing here blocks.
 */
import type { Member } from "./core/apply/command.js";
import type { LeaseStatus } from "./core/lease/lessor.js";
import type { Message } from "./core/raft/types.js";

export type SnapshotMessage = Extract<Message, { type: "snapshot" }>;

export interface PeerIdentity {
  readonly clusterId: bigint;
  readonly memberId: bigint;
  /** Told to every member this one connects to. */
  readonly peerUrls: readonly string[];
  /** Whether this member began without a log and has told the cluster nothing yet; asked anew at every connection. */
  readonly isNew: () => boolean;
}

export interface PeerAddress {
  readonly id: bigint;
  readonly urls: readonly string[];
}

/** A snapshot file (`io/snapshot/format.ts`) on its way, its digest at the end. */
export interface SnapshotBody {
  /** Bytes of the whole file, digest included. */
  readonly bytes: number;
  /** In order; read once. Fails when the connection does. */
  readonly pieces: AsyncIterable<Uint8Array>;
  /** Frees what the body holds on to; idempotent. The receiver of the body calls it. */
  close(): void;
}

/** A membership change as it is asked for; the leader checks it, proposes it and answers when it is applied there. */
export type MemberRequest =
  | { readonly kind: "add"; readonly peerUrls: readonly string[]; readonly isLearner: boolean }
  | { readonly kind: "remove"; readonly id: bigint }
  | { readonly kind: "update"; readonly id: bigint; readonly peerUrls: readonly string[] }
  | { readonly kind: "promote"; readonly id: bigint };

/** What a member asks another one, most often the leader. */
export type PeerQuestion =
  | { readonly kind: "lease-renew"; readonly id: bigint }
  | { readonly kind: "lease-time-to-live"; readonly id: bigint }
  | { readonly kind: "member-change"; readonly request: MemberRequest }
  | { readonly kind: "hash-kv"; readonly revision: bigint };

export type PeerAnswer =
  | { readonly kind: "lease-renew"; readonly ttlSeconds: number }
  | ({ readonly kind: "lease-time-to-live" } & LeaseStatus)
  | {
      readonly kind: "member-change";
      /** The added member. Undefined for other changes. */
      readonly member: Member | undefined;
      /** After the change. */
      readonly members: readonly Member[];
    }
  | {
      readonly kind: "hash-kv";
      readonly hash: number;
      /** -1n when never compacted. */
      readonly compactRevision: bigint;
      readonly hashRevision: bigint;
    };

export type AnswerTo<Q extends PeerQuestion> = Extract<PeerAnswer, { kind: Q["kind"] }>;

/** What a running member tells anybody who asks for its cluster: one that wants to join does not know the ids yet. */
export interface ClusterDescription {
  readonly clusterId: bigint;
  readonly members: readonly Member[];
  /** Ids that are banned because they were members once. */
  readonly removed: readonly bigint[];
}

/** The node's side. Handlers do not throw. */
export interface PeerHandlers {
  /** A member has connected to this one, perhaps one that this member's log has not told it of yet. */
  met(peer: PeerAddress): void;
  receive(message: Message): void;
  /** Resolves when the snapshot is installed or found unneeded; rejects when it is refused. Closes the body. */
  receiveSnapshot(message: SnapshotMessage, body: SnapshotBody): Promise<void>;
  /** Messages to the member may have been lost. */
  unreachable(id: bigint): void;
  snapshotSent(to: bigint, result: "finished" | "failed"): void;
  /** Rejects with a `ServerError`, which reaches the asking member as the same error. */
  answer(question: PeerQuestion): Promise<PeerAnswer>;
  describe(): ClusterDescription;
  /** Whether the id was a member once and was removed: its connections are refused, and it is told why. */
  isRemoved(id: bigint): boolean;
  /** Another member says that this one was removed from the cluster. */
  removed(): void;
  /** Whether the member has told the cluster its name: one that says it is new has then lost what it promised. */
  hasStarted(id: bigint): boolean;
  /**
   * Another member says that this one was started before and has lost its log: its answers are not listened to. It may be the
   * late answer to a handshake from before `isNew` turned false.
   */
  forgotten(): void;
}

export interface PeerNetwork {
  /**
   * From here on messages are exchanged under this identity. Before, everything that comes in is refused as not ready.
   */
  start(identity: PeerIdentity, handlers: PeerHandlers): void;
  /** All other members. Connections to members that are not in the list any more end, those with new URLs move. */
  setPeers(peers: readonly PeerAddress[]): void;
  /** May drop, never blocks, never throws. Takes no `snapshot` messages. */
  send(messages: readonly Message[]): void;
  /** Streams a snapshot and tells the outcome by `snapshotSent`. Closes the body. */
  sendSnapshot(message: SnapshotMessage, body: SnapshotBody): void;
  /** Errors: the `ServerError` of the other side; `PeerUnavailableError` when no answer came, and the outcome is unknown. */
  ask<Q extends PeerQuestion>(to: bigint, question: Q, timeoutMs: number): Promise<AnswerTo<Q>>;
  /** Asks addresses for their cluster, in turn, until one answers; undefined when none does. Works before `start`. */
  discover(urls: readonly string[], timeoutMs: number): Promise<ClusterDescription | undefined>;
  /** Since when the member can be reached without interruption, by the node's clock; undefined when it cannot be. */
  connectedSince(id: bigint): number | undefined;
}

/** No answer came from the member: what was asked may or may not have happened. */
export class PeerUnavailableError extends Error {
  override readonly name = "PeerUnavailableError";
}
