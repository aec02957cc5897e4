/**
 * `@kvorum/server/offline`: what is done to files while no node runs on them. Saved snapshots are looked at and restored, a
 * member's data is defragmented and hashed. `restore.ts` is the main part.
 */
export { type InitialMember, parseInitialCluster } from "../config/initial-cluster.js";
export type { HashKvResult } from "../core/mvcc/hash.js";
export { SnapshotError } from "../io/snapshot/format.js";
export { type RestoreResult, restoreSnapshot } from "./restore.js";
export { type RestoreOptions, RestoreRefusedError } from "./restore-options.js";
export { type SnapshotStatus, snapshotStatus } from "./status.js";
export { defragment, hashKv } from "./stopped-member.js";
