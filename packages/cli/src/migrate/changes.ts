/** Writes on their way to the target: gathered to transactions of a bounded size, each key at most once in each. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { LeaseNotFoundError } from "@kvorum/client";
import type { RequestOpSchema } from "@kvorum/proto";
import type { TargetLeases } from "./leases.js";
import type { Side } from "./side.js";

/** A server takes 128 operations in a transaction unless it was told otherwise, and requests of 1.5 MiB. */
const OPERATIONS_MAX = 100;
const BYTES_MAX = 512 * 1024;

export type KeyChange =
  | { readonly key: Uint8Array; readonly value: Uint8Array; readonly lease: bigint }
  | { readonly key: Uint8Array; readonly value: undefined };

export class Changes {
  readonly #target: Side;
  readonly #leases: TargetLeases;
  readonly #pending = new Map<string, KeyChange>();
  #bytes = 0;

  constructor(target: Side, leases: TargetLeases) {
    this.#target = target;
    this.#leases = leases;
  }

  /** Whether these fit beside what waits, in one transaction. */
  fits(changes: readonly KeyChange[]): boolean {
    if (this.#pending.size + changes.length >= OPERATIONS_MAX || this.#bytes >= BYTES_MAX) return false;
    return changes.every(({ key }) => !this.#pending.has(idOf(key)));
  }

  add(change: KeyChange): void {
    this.#pending.set(idOf(change.key), change);
    this.#bytes += change.key.length + (change.value?.length ?? 0);
  }

  /** Writes what waits and `last` in one transaction; by itself where it is one change, which may be as large as a request. */
  async flush(last?: KeyChange): Promise<void> {
    const changes = [...this.#pending.values()];
    this.#pending.clear();
    this.#bytes = 0;
    for (let at = 0; at < changes.length; ) {
      const end = endOfPart(changes, at);
      const part = changes.slice(at, end);
      at = end;
      const isLast = at === changes.length;
      // A large value leaves no room for another in its request.
      const alone = part.length === 1;
      await this.#write(isLast && last !== undefined && !alone ? [...part, last] : part);
      if (isLast && last !== undefined && alone) await this.#write([last]);
    }
    if (changes.length === 0 && last !== undefined) await this.#write([last]);
  }

  /** A lease that ran out on its way is granted again, for as long as the source has it. */
  async #write(changes: readonly KeyChange[]): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const leases = new Set(changes.flatMap((change) => (change.value === undefined ? [] : [change.lease])));
      leases.delete(0n);
      await this.#leases.ensure(leases);
      try {
        return await this.#send(changes);
      } catch (error) {
        if (!(error instanceof LeaseNotFoundError) || attempt === LEASE_ATTEMPTS) throw error;
        this.#leases.forget(leases);
      }
    }
  }

  async #send(changes: readonly KeyChange[]): Promise<void> {
    const [only] = changes;
    await this.#target.patiently(async ({ rpc }, options) => {
      if (changes.length === 1 && only?.value !== undefined) {
        await rpc.kv.put({ key: only.key, value: only.value, lease: only.lease }, options);
      } else await rpc.kv.txn({ success: changes.map(operation) }, options);
    });
  }
}

const LEASE_ATTEMPTS = 5;

function endOfPart(changes: readonly KeyChange[], start: number): number {
  let bytes = 0;
  for (let at = start; at < changes.length; at++) {
    const { key, value } = changes[at] as KeyChange;
    bytes += key.length + (value?.length ?? 0);
    if (at > start && (bytes > BYTES_MAX || at - start + 1 >= OPERATIONS_MAX)) return at;
  }
  return changes.length;
}

function operation(change: KeyChange): MessageInitShape<typeof RequestOpSchema> {
  const { key } = change;
  return change.value === undefined
    ? { request: { case: "requestDeleteRange", value: { key } } }
    : { request: { case: "requestPut", value: { key, value: change.value, lease: change.lease } } };
}

function idOf(key: Uint8Array): string {
  return Buffer.from(key).toString("latin1");
}
