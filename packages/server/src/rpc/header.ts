/**
 * Response headers. A top-level header names cluster, answering member, term and revision; which revision depends on the
 * request (semantics of each service), so the caller may say it.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ResponseHeaderSchema } from "@kvorum/proto";
import type { NodeApi } from "../node/api.js";

export type Header = MessageInitShape<typeof ResponseHeaderSchema>;

/** A header with this revision; by default the store's current one. */
export function headerOf(node: NodeApi, revision?: bigint): Header {
  const { clusterId, memberId, raftTerm, revision: current } = node.header;
  return { clusterId, memberId, revision: revision ?? current, raftTerm: BigInt(raftTerm) };
}
