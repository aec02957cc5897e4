/**
 * The ids of a cluster that is being born: hashes of what its members were told about each other, so that every member
 * computes the same ones (etcd's rule). Later members get theirs from the cluster.
 */
import { createHash } from "node:crypto";
import type { InitialMember } from "../config/initial-cluster.js";

export interface Identity {
  readonly clusterId: bigint;
  readonly memberId: bigint;
}

/** A cluster as its initial members compute it. */
export interface InitialCluster {
  readonly clusterId: bigint;
  /** Ids ascending, addresses sorted: the same on every member, however each of them was told. */
  readonly members: readonly { readonly id: bigint; readonly peerUrls: readonly string[] }[];
}

export function initialClusterOf(initialMembers: readonly InitialMember[], clusterToken: string): InitialCluster {
  const members = initialMembers
    .map(({ peerUrls }) => ({ id: bootstrapMemberId(peerUrls, clusterToken), peerUrls: [...peerUrls].sort() }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  return { clusterId: bootstrapClusterId(members.map(({ id }) => id)), members };
}

/** The first 8 bytes of SHA-1 over the sorted peer URLs and the cluster's token. */
export function bootstrapMemberId(peerUrls: readonly string[], clusterToken: string): bigint {
  return firstEightBytes([...[...peerUrls].sort(), clusterToken].join(""));
}

/** The first 8 bytes of SHA-1 over the ascending member ids, 8 bytes big-endian each. */
export function bootstrapClusterId(memberIds: readonly bigint[]): bigint {
  const bytes = new Uint8Array(memberIds.length * 8);
  const view = new DataView(bytes.buffer);
  [...memberIds]
    .sort((a, b) => (a < b ? -1 : 1))
    .forEach((id, i) => {
      view.setBigUint64(i * 8, id);
    });
  return firstEightBytes(bytes);
}

function firstEightBytes(content: string | Uint8Array): bigint {
  return createHash("sha1").update(content).digest().readBigUInt64BE();
}
