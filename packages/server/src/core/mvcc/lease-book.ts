/**
 * What a write asks of leases: whether one exists, and which keys hang on it. The lessor implements it; the store calls it
 * in the same turn as the write, so both always agree.
 */
export interface LeaseBook {
  exists(id: bigint): boolean;
  attach(id: bigint, key: Uint8Array): void;
  /** Nothing happens when the lease is gone or never had the key. */
  detach(id: bigint, key: Uint8Array): void;
}
