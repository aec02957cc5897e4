/**
 * All commands, in the order of the help. Each line loads its file only when the command is called or asked for its help, so
 * nothing that is imported here may be heavy.
 */
import { ADMINISTRATION } from "./administration.js";
import type { CommandEntry } from "./command.js";

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "get",
    summary: "Gets the key or a range of keys",
    group: "Keys",
    load: async () => (await import("./commands/get.js")).get,
  },
  {
    name: "put",
    summary: "Puts the given key into the store",
    group: "Keys",
    load: async () => (await import("./commands/put.js")).put,
  },
  {
    name: "del",
    summary: "Removes the specified key or range of keys [key, range_end)",
    group: "Keys",
    load: async () => (await import("./commands/del.js")).del,
  },
  {
    name: "txn",
    summary: "Txn processes all the requests in one transaction",
    group: "Keys",
    load: async () => (await import("./commands/txn.js")).txn,
  },
  {
    name: "watch",
    summary: "Watches events stream on keys or prefixes",
    group: "Keys",
    load: async () => (await import("./commands/watch.js")).watch,
  },
  {
    name: "compaction",
    summary: "Compacts the event history in etcd",
    group: "Keys",
    load: async () => (await import("./commands/compaction.js")).compaction,
  },
  {
    name: "lease grant",
    summary: "Creates leases",
    group: "Leases and coordination",
    load: async () => (await import("./commands/lease.js")).leaseGrant,
  },
  {
    name: "lease keep-alive",
    summary: "Keeps leases alive (renew)",
    group: "Leases and coordination",
    load: async () => (await import("./commands/lease.js")).leaseKeepAlive,
  },
  {
    name: "lease list",
    summary: "List all active leases",
    group: "Leases and coordination",
    load: async () => (await import("./commands/lease.js")).leaseList,
  },
  {
    name: "lease revoke",
    summary: "Revokes leases",
    group: "Leases and coordination",
    load: async () => (await import("./commands/lease.js")).leaseRevoke,
  },
  {
    name: "lease timetolive",
    summary: "Get lease information",
    group: "Leases and coordination",
    load: async () => (await import("./commands/lease.js")).leaseTimeToLive,
  },
  {
    name: "lock",
    summary: "Acquires a named lock",
    group: "Leases and coordination",
    load: async () => (await import("./commands/lock.js")).lock,
  },
  {
    name: "elect",
    summary: "Observes and participates in leader election",
    group: "Leases and coordination",
    load: async () => (await import("./commands/elect.js")).elect,
  },
  ...ADMINISTRATION,
  {
    name: "check perf",
    summary: "Check the performance of the etcd cluster",
    group: "Cluster",
    load: async () => (await import("./commands/check.js")).checkPerf,
  },
  {
    name: "check datascale",
    summary: "Check the memory usage of holding data for different workloads on a given server endpoint.",
    group: "Cluster",
    load: async () => (await import("./commands/check.js")).checkDatascale,
  },
  {
    name: "completion",
    summary: "Prints the script for bash, zsh or fish that completes what is typed",
    group: "Other",
    load: async () => (await import("./commands/completion.js")).completion,
  },
  {
    name: "version",
    summary: "Prints the version of kvorumctl",
    group: "Other",
    load: async () => (await import("./commands/version.js")).version,
  },
];
