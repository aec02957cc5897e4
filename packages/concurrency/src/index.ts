/**
 * `@kvorum/concurrency`: sessions, locks with fencing tokens, elections and transactions on etcd. Start with `mutex.ts`;
 * `queue.ts` has the algorithm under locks and elections, `ownership.ts` what holding one means, `stm.ts` the transactions.
 */
export type { AcquireOptions, Owner } from "./acquire.js";
export { Election, type ElectionOptions } from "./election.js";
export {
  LockLostError,
  NotLeaderError,
  OutcomeUnknownError,
  SessionExpiredError,
  StmConflictError,
} from "./errors.js";
export type { Isolation } from "./isolation.js";
export type { LeadOptions, Transition } from "./lead.js";
export type { Leadership } from "./leadership.js";
export { type Lock, type LockHolder, Mutex, type MutexOptions } from "./mutex.js";
export type { Leader, Observation, ObserveOptions } from "./observe.js";
export type { Ownership } from "./ownership.js";
export { createSession, type Session, type SessionOptions, type SessionState } from "./session.js";
export { type StmOptions, type StmResult, stm } from "./stm.js";
export type { Tx } from "./transaction.js";
