/**
 * Which path of the gateway calls which method: etcd's table, checked by `routes.test.ts` against a copy of the facts.
 * Every route is a POST. Range streams and gRPC's health service have none, as in etcd.
 */
import type { DescMethod } from "@bufbuild/protobuf";
import { Auth, Cluster, Election, KV, Lease, Lock, Maintenance, Watch } from "@kvorum/proto";

const { method: kv } = KV;
const { method: lease } = Lease;
const { method: cluster } = Cluster;
const { method: maintenance } = Maintenance;
const { method: auth } = Auth;
const { method: lock } = Lock;
const { method: election } = Election;

export const ROUTES: ReadonlyMap<string, DescMethod> = new Map<string, DescMethod>([
  ["/v3/kv/range", kv.range],
  ["/v3/kv/put", kv.put],
  ["/v3/kv/deleterange", kv.deleteRange],
  ["/v3/kv/txn", kv.txn],
  ["/v3/kv/compaction", kv.compact],
  ["/v3/watch", Watch.method.watch],
  ["/v3/lease/grant", lease.leaseGrant],
  ["/v3/lease/revoke", lease.leaseRevoke],
  ["/v3/kv/lease/revoke", lease.leaseRevoke],
  ["/v3/lease/keepalive", lease.leaseKeepAlive],
  ["/v3/lease/timetolive", lease.leaseTimeToLive],
  ["/v3/kv/lease/timetolive", lease.leaseTimeToLive],
  ["/v3/lease/leases", lease.leaseLeases],
  ["/v3/kv/lease/leases", lease.leaseLeases],
  ["/v3/cluster/member/add", cluster.memberAdd],
  ["/v3/cluster/member/remove", cluster.memberRemove],
  ["/v3/cluster/member/update", cluster.memberUpdate],
  ["/v3/cluster/member/list", cluster.memberList],
  ["/v3/cluster/member/promote", cluster.memberPromote],
  ["/v3/maintenance/alarm", maintenance.alarm],
  ["/v3/maintenance/status", maintenance.status],
  ["/v3/maintenance/defragment", maintenance.defragment],
  ["/v3/maintenance/hash", maintenance.hash],
  ["/v3/maintenance/hashkv", maintenance.hashKV],
  ["/v3/maintenance/snapshot", maintenance.snapshot],
  ["/v3/maintenance/transfer-leadership", maintenance.moveLeader],
  ["/v3/maintenance/downgrade", maintenance.downgrade],
  ["/v3/auth/enable", auth.authEnable],
  ["/v3/auth/disable", auth.authDisable],
  ["/v3/auth/status", auth.authStatus],
  ["/v3/auth/authenticate", auth.authenticate],
  ["/v3/auth/user/add", auth.userAdd],
  ["/v3/auth/user/get", auth.userGet],
  ["/v3/auth/user/list", auth.userList],
  ["/v3/auth/user/delete", auth.userDelete],
  ["/v3/auth/user/changepw", auth.userChangePassword],
  ["/v3/auth/user/grant", auth.userGrantRole],
  ["/v3/auth/user/revoke", auth.userRevokeRole],
  ["/v3/auth/role/add", auth.roleAdd],
  ["/v3/auth/role/get", auth.roleGet],
  ["/v3/auth/role/list", auth.roleList],
  ["/v3/auth/role/delete", auth.roleDelete],
  ["/v3/auth/role/grant", auth.roleGrantPermission],
  ["/v3/auth/role/revoke", auth.roleRevokePermission],
  ["/v3/lock/lock", lock.lock],
  ["/v3/lock/unlock", lock.unlock],
  ["/v3/election/campaign", election.campaign],
  ["/v3/election/proclaim", election.proclaim],
  ["/v3/election/leader", election.leader],
  ["/v3/election/observe", election.observe],
  ["/v3/election/resign", election.resign],
]);

/** The route a path means: `/v3beta/` is an old name of `/v3/`. */
export function routeOf(path: string): DescMethod | undefined {
  return ROUTES.get(path.replace(/^\/v3beta\//, "/v3/"));
}

/** Whether the gateway answers this path, known or not. */
export function isGatewayPath(path: string): boolean {
  return path.startsWith("/v3/") || path.startsWith("/v3beta/");
}
