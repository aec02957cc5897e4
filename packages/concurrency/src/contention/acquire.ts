/** The way to the first place of a queue, for mutexes and elections. `contend.ts` has the steps. */
import { type AcquireOptions, contend, type Owner } from "./contend.js";
import type { HeldInit } from "./ownership.js";
import type { Queue } from "./queue.js";

export { type AcquireOptions, clientOf, isSession, type Owner } from "./contend.js";

/** Errors: `SessionExpiredError`, `TimeoutError`, `signal.reason`, `EtcdError`. */
export function acquire(
  owner: Owner,
  queue: Queue,
  value: Uint8Array,
  ttl: number | undefined,
  options?: AcquireOptions,
): Promise<HeldInit> {
  return contend(owner, queue.contender(value), { ttl }, options);
}
