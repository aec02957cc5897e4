/**
 * `@kvorum/concurrency`: sessions, locks with fencing tokens, elections and transactions on etcd. Start with `lock/mutex.ts`;
 * `contention/` has the algorithm under locks and elections and what holding one means, `stm/stm.ts` the transactions.
 */

export type { AcquireOptions, Owner } from "./contention/contend.js";
export type { Ownership } from "./contention/ownership.js";
export { Election, type ElectionOptions } from "./election/election.js";
export type { HealthGate } from "./election/health.js";
export type { LeadOptions, Transition } from "./election/lead-options.js";
export type { Leadership } from "./election/leadership.js";
export type { Leader, Observation, ObserveOptions } from "./election/observe.js";
export {
  LatchExistsError,
  LatchNotFoundError,
  LockLostError,
  NotLeaderError,
  OutcomeUnknownError,
  SemaphoreLimitError,
  SessionExpiredError,
  StmConflictError,
  TooManyParticipantsError,
  UpgradeRefusedError,
} from "./errors.js";
export type { Lock } from "./lock/lock.js";
export { type LockAllOptions, lockAll, type MultiLock } from "./lock/lock-all.js";
export { type LockHolder, Mutex } from "./lock/mutex.js";
export type { LockOptions } from "./lock/options.js";
export type { ConvertOptions, ReadLock, WriteLock } from "./lock/rw-lock.js";
export { RWMutex } from "./lock/rw-mutex.js";
export { Semaphore } from "./lock/semaphore.js";
export { createSession, type Session, type SessionOptions, type SessionState } from "./session.js";
export type { Isolation } from "./stm/isolation.js";
export { type StmCodecOptions, type StmOptions, type StmResult, type StmStore, stm } from "./stm/stm.js";
export type { Tx } from "./stm/tx.js";
