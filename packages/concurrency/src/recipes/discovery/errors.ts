/** What a registration can fail with, beside the client's own errors. */

/**
 * Another process has registered the same address of the same service. Reason of `registration.signal` when it was taken over,
 * and what `register` rejects with where it was told not to take over. What the other one wrote is left alone.
 */
export class AddressTakenError extends Error {
  override readonly name = "AddressTakenError";
  readonly key: string;
  /** The lease of the other registration; 0 where it has none. */
  readonly leaseId: bigint;

  constructor(key: string, leaseId: bigint) {
    super(`${JSON.stringify(key)} is registered by another process, with lease ${leaseId.toString(16)}`);
    this.key = key;
    this.leaseId = leaseId;
  }
}
