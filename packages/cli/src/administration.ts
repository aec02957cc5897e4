/** The commands for whoever looks after a cluster: the second half of the list in `commands.ts`, made alike. */
import type { Command, CommandEntry } from "./command.js";

type Group = CommandEntry["group"];

export const ADMINISTRATION: readonly CommandEntry[] = [
  entry(
    "Cluster",
    "member list",
    "Lists all members in the cluster",
    async () => (await import("./commands/member.js")).memberList,
  ),
  entry(
    "Cluster",
    "member add",
    "Adds a member into the cluster",
    async () => (await import("./commands/member.js")).memberAdd,
  ),
  entry(
    "Cluster",
    "member remove",
    "Removes a member from the cluster",
    async () => (await import("./commands/member.js")).memberRemove,
  ),
  entry(
    "Cluster",
    "member update",
    "Updates a member in the cluster",
    async () => (await import("./commands/member.js")).memberUpdate,
  ),
  entry(
    "Cluster",
    "member promote",
    "Promotes a non-voting member in the cluster",
    async () => (await import("./commands/member.js")).memberPromote,
  ),
  entry(
    "Cluster",
    "endpoint health",
    "Checks the healthiness of endpoints specified in `--endpoints` flag",
    async () => (await import("./commands/endpoint.js")).endpointHealth,
  ),
  entry(
    "Cluster",
    "endpoint status",
    "Prints out the status of endpoints specified in `--endpoints` flag",
    async () => (await import("./commands/endpoint.js")).endpointStatus,
  ),
  entry(
    "Cluster",
    "endpoint hashkv",
    "Prints the KV history hash for each endpoint in --endpoints",
    async () => (await import("./commands/endpoint.js")).endpointHashKv,
  ),
  entry("Cluster", "top", "Shows the cluster live", async () => (await import("./commands/top.js")).top),
  entry("Cluster", "alarm list", "Lists all alarms", async () => (await import("./commands/alarm.js")).alarmList),
  entry("Cluster", "alarm disarm", "Disarms all alarms", async () => (await import("./commands/alarm.js")).alarmDisarm),
  entry(
    "Cluster",
    "defrag",
    "Defragments the storage of the members with given endpoints",
    async () => (await import("./commands/defrag.js")).defrag,
  ),
  entry(
    "Cluster",
    "move-leader",
    "Transfers leadership to another node in the cluster",
    async () => (await import("./commands/move-leader.js")).moveLeader,
  ),
  entry("Access", "auth enable", "Enables authentication", async () => (await import("./commands/auth.js")).authEnable),
  entry(
    "Access",
    "auth disable",
    "Disables authentication",
    async () => (await import("./commands/auth.js")).authDisable,
  ),
  entry(
    "Access",
    "auth status",
    "Returns authentication status",
    async () => (await import("./commands/auth.js")).authStatus,
  ),
  entry("Access", "user add", "Adds a new user", async () => (await import("./commands/user.js")).userAdd),
  entry("Access", "user delete", "Deletes a user", async () => (await import("./commands/user.js")).userDelete),
  entry(
    "Access",
    "user get",
    "Gets detailed information of a user",
    async () => (await import("./commands/user.js")).userGet,
  ),
  entry("Access", "user list", "Lists all users", async () => (await import("./commands/user.js")).userList),
  entry(
    "Access",
    "user passwd",
    "Changes password of user",
    async () => (await import("./commands/user.js")).userPasswd,
  ),
  entry(
    "Access",
    "user grant-role",
    "Grants a role to a user",
    async () => (await import("./commands/user.js")).userGrantRole,
  ),
  entry(
    "Access",
    "user revoke-role",
    "Revokes a role from a user",
    async () => (await import("./commands/user.js")).userRevokeRole,
  ),
  entry("Access", "role add", "Adds a new role", async () => (await import("./commands/role.js")).roleAdd),
  entry("Access", "role delete", "Deletes a role", async () => (await import("./commands/role.js")).roleDelete),
  entry(
    "Access",
    "role get",
    "Gets detailed information of a role",
    async () => (await import("./commands/role.js")).roleGet,
  ),
  entry("Access", "role list", "Lists all roles", async () => (await import("./commands/role.js")).roleList),
  entry(
    "Access",
    "role grant-permission",
    "Grants a key to a role",
    async () => (await import("./commands/role.js")).roleGrantPermission,
  ),
  entry(
    "Access",
    "role revoke-permission",
    "Revokes a key from a role",
    async () => (await import("./commands/role.js")).roleRevokePermission,
  ),
  entry(
    "Data",
    "snapshot save",
    "Stores an etcd node backend snapshot to a given file",
    async () => (await import("./commands/snapshot.js")).snapshotSave,
  ),
  entry(
    "Data",
    "snapshot status",
    "Gets backend snapshot status of a given file",
    async () => (await import("./commands/snapshot.js")).snapshotStatus,
  ),
  entry(
    "Data",
    "snapshot restore",
    "Restores a member snapshot to a data directory",
    async () => (await import("./commands/snapshot.js")).snapshotRestore,
  ),
  entry(
    "Data",
    "migrate",
    "Carries a live cluster's keys over to another cluster, etcd or Kvorum",
    async () => (await import("./commands/migrate.js")).migrate,
  ),
];

function entry(group: Group, name: string, summary: string, load: () => Promise<Command>): CommandEntry {
  return { name, summary, group, load };
}
