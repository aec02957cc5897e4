/**
 * What is asked of every method that is no operation on keys: requests that change nothing that the matrix stands on when
 * they get through. Most name something that does not exist.
 */
import { AlarmRequest_AlarmAction, AlarmType, Election, KV, Lease } from "@kvorum/proto";
import type { Channel, MetadataInit } from "@kvorum/transport";
import { bytes } from "../rpc-harness.js";
import type { Caller } from "./callers.js";

/** Leases, and what hangs on them: a key of the writer's, one of the reader's, nothing, and what the writer puts there. */
export const LEASES = { writers: 1n, readers: 2n, bare: 3n, spare: 4n } as const;
const LEASE_TTL = 10_000n;

const MISSING = { name: "missing", role: "missing", user: "missing" };

/** By row of the table, without `rpc `. A row that is not here asks with an empty request. */
export function requestOf(row: string, caller: Caller): object {
  const own = caller.replace("old ", "");
  const lease = /lease=(\d+)/.exec(row)?.[1];
  if (lease !== undefined) return { ID: BigInt(lease), keys: row.endsWith(" keys") };
  return (
    {
      "/etcdserverpb.KV/Compact": { revision: 1_000_000n },
      "/etcdserverpb.Lease/LeaseGrant": { ID: LEASES.bare, TTL: LEASE_TTL },
      "/etcdserverpb.Cluster/MemberAdd": { peerURLs: ["no URL"] },
      "/etcdserverpb.Cluster/MemberRemove": { ID: 99n },
      "/etcdserverpb.Cluster/MemberUpdate": { ID: 99n, peerURLs: ["http://127.0.0.1:1"] },
      "/etcdserverpb.Cluster/MemberPromote": { ID: 99n },
      "/etcdserverpb.Maintenance/Alarm activate": alarm(AlarmRequest_AlarmAction.ACTIVATE),
      "/etcdserverpb.Maintenance/Alarm deactivate": alarm(AlarmRequest_AlarmAction.DEACTIVATE),
      "/etcdserverpb.Maintenance/MoveLeader": { targetID: 99n },
      "/etcdserverpb.Maintenance/Downgrade": { action: 0, version: "no version" },
      "/etcdserverpb.Auth/Authenticate": { name: "carol", password: "wrong" },
      "/etcdserverpb.Auth/UserAdd": { name: "carol", password: "x" },
      "/etcdserverpb.Auth/UserGet itself": { name: own },
      "/etcdserverpb.Auth/RoleGet its own": { role: own },
      "/etcdserverpb.Auth/RoleGet another's": { role: own === "reader" ? "writer" : "reader" },
      "/etcdserverpb.Auth/UserChangePassword": { name: "missing", password: "x" },
      "/etcdserverpb.Auth/RoleAdd": { name: "reader" },
      "/v3lockpb.Lock/Lock writer's": { name: bytes("w/lock"), lease: LEASES.writers },
      "/v3lockpb.Lock/Unlock writer's": { key: bytes("w/lock") },
      "/v3lockpb.Lock/Unlock reader's": { key: bytes("r/lock") },
      "/v3electionpb.Election/Campaign writer's": { name: bytes("w/election"), lease: LEASES.writers },
      "/v3electionpb.Election/Proclaim writer's": { leader: leaderKey("w/election") },
      "/v3electionpb.Election/Proclaim reader's": { leader: leaderKey("r/election") },
      "/v3electionpb.Election/Resign writer's": { leader: leaderKey("w/election") },
      "/v3electionpb.Election/Resign reader's": { leader: leaderKey("r/election") },
      "/v3electionpb.Election/Leader reader's": { name: bytes("r/election") },
      "/v3electionpb.Election/Leader writer's": { name: bytes("w/election") },
      "/v3electionpb.Election/Observe reader's": { name: bytes("r/election") },
      "/v3electionpb.Election/Observe writer's": { name: bytes("w/election") },
    }[row] ?? (row.startsWith("/etcdserverpb.Auth/") ? MISSING : {})
  );
}

/** Puts back what a call that got through may have taken: leases with their keys, and elections with a leader. */
export async function prepare(channel: Channel, metadata: MetadataInit): Promise<void> {
  const options = { metadata };
  const grants = Object.values(LEASES).map((ID) =>
    channel.unary(Lease.method.leaseGrant, { ID, TTL: LEASE_TTL }, options),
  );
  await Promise.allSettled(grants);
  for (const [lease, folder] of [
    [LEASES.writers, "w"],
    [LEASES.readers, "r"],
  ] as const) {
    await channel.unary(KV.method.put, { key: bytes(`${folder}/lease`), lease }, options);
    await channel.unary(Election.method.campaign, { name: bytes(`${folder}/election`), lease }, options);
  }
}

function alarm(action: AlarmRequest_AlarmAction): object {
  return { action, memberID: 99n, alarm: AlarmType.NONE };
}

function leaderKey(key: string): object {
  return { name: bytes(key), key: bytes(key), rev: 1n, lease: LEASES.bare };
}
