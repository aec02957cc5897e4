/**
 * The first message on every connection between members, and the refusals that answer it. A refusal is a gRPC status
 * with a word in a trailer: the word is for the program on the other side, the text for the person who reads its log.
 */
import { create } from "@bufbuild/protobuf";
import { type PeerHandshake, PeerHandshakeSchema } from "@kvorum/proto";
import { type CallContext, RpcError, StatusCode } from "@kvorum/transport";
import type { PeerHandlers, PeerIdentity } from "../../peer-network.js";

/** Version of the messages between members. */
export const PEER_FORMAT = 1;

/** Why a member does not listen to another one. */
export type Refusal = "not-ready" | "format" | "cluster" | "member" | "removed" | "forgotten" | "malformed" | "busy";

/** What a member that takes part has been told by `start`. */
export interface Running {
  readonly identity: PeerIdentity;
  readonly handlers: PeerHandlers;
}

const REFUSAL_TRAILER = "kvorum-refusal";

const REFUSAL_CODES: Readonly<Record<Refusal, StatusCode>> = {
  "not-ready": StatusCode.UNAVAILABLE,
  format: StatusCode.UNIMPLEMENTED,
  cluster: StatusCode.FAILED_PRECONDITION,
  member: StatusCode.NOT_FOUND,
  removed: StatusCode.PERMISSION_DENIED,
  forgotten: StatusCode.DATA_LOSS,
  malformed: StatusCode.INVALID_ARGUMENT,
  busy: StatusCode.RESOURCE_EXHAUSTED,
};

export class RefusalError extends Error {
  override readonly name = "RefusalError";
  readonly refusal: Refusal;

  constructor(refusal: Refusal, message: string) {
    super(message);
    this.refusal = refusal;
  }
}

export function handshakeTo(to: bigint, { clusterId, memberId, peerUrls, isNew }: PeerIdentity): PeerHandshake {
  const own = { clusterId, from: memberId, peerUrls: [...peerUrls], new: isNew() };
  return create(PeerHandshakeSchema, { format: PEER_FORMAT, to, ...own });
}

/**
 * Who speaks, when that is a member to listen to. The id need not be known: a member may have been added a moment ago.
 *
 * Errors: `RefusalError`. The cluster is compared before anybody is told that it was removed from it.
 */
export function admit(handshake: PeerHandshake | undefined, { identity, handlers }: Running): bigint {
  if (handshake === undefined) throw new RefusalError("malformed", "a connection starts with a handshake");
  const { format, clusterId, from, to, new: isNew } = handshake;
  if (format !== PEER_FORMAT) {
    throw new RefusalError("format", `peer messages of format ${format} are not understood, only ${PEER_FORMAT}`);
  }
  if (clusterId !== identity.clusterId) {
    throw new RefusalError("cluster", `cluster id mismatch: got ${hex(clusterId)}, this is ${hex(identity.clusterId)}`);
  }
  if (to !== identity.memberId) {
    throw new RefusalError("member", `member id mismatch: asked for ${hex(to)}, this is ${hex(identity.memberId)}`);
  }
  if (from === 0n || from === identity.memberId) {
    throw new RefusalError("malformed", `member ${hex(from)} cannot be the sender`);
  }
  refuseRemoved(from, handlers);
  // It may have voted, and its acknowledgements counted: what it says without that memory must not count again.
  if (isNew && handlers.hasStarted(from)) {
    throw new RefusalError("forgotten", `member ${hex(from)} was started before and has lost its log`);
  }
  return from;
}

/** What a refusal means for the member that is refused, beyond the connection. */
export function heed(refusal: Refusal | undefined, handlers: PeerHandlers): void {
  if (refusal === "removed") handlers.removed();
  if (refusal === "forgotten") handlers.forgotten();
}

export function refuseRemoved(from: bigint, handlers: PeerHandlers): void {
  if (handlers.isRemoved(from)) {
    throw new RefusalError("removed", `member ${hex(from)} was removed from the cluster`);
  }
}

/** The refusal as the status that ends the call. */
export function toStatus(error: RefusalError, context: CallContext): RpcError {
  context.setTrailer({ [REFUSAL_TRAILER]: error.refusal });
  return new RpcError(REFUSAL_CODES[error.refusal], error.message);
}

/** The word of a refusal among what ended a call of ours. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof RefusalError) return error.refusal;
  const word = error instanceof RpcError ? error.trailers?.get(REFUSAL_TRAILER) : undefined;
  return typeof word === "string" && word in REFUSAL_CODES ? (word as Refusal) : undefined;
}

/** Ids as they stand in logs and in etcd's texts. */
export function hex(id: bigint): string {
  return id.toString(16);
}
