/**
 * The rule that locks and elections share: whoever takes part has a key under the name, and the oldest key wins. Each waits
 * for the one just before its own, so that an end wakes one waiter and not all (etcd's client package `concurrency`, which
 * etcd's server runs inside itself for these two services).
 */
import type { CallContext } from "@kvorum/transport";
import type { Identity } from "../core/auth/types.js";
import { EMPTY_BYTES, stringBytes } from "../core/bytes.js";
import { ServerError } from "../core/errors.js";
import type { KeyValue } from "../core/mvcc/key-value.js";
import type {
  DeleteRangeOperation,
  Operation,
  PutOperation,
  RangeOperation,
  RangeResult,
  TxnResult,
} from "../core/mvcc/operations.js";
import { watchKeys } from "./key-watch.js";
import type { RpcParts } from "./parts.js";
import { traceOf } from "./trace.js";

/** Life of a lease that the server makes for who brings none, in seconds. Nobody renews it (etcd). */
const LEASE_SECONDS = 60;
const SLASH = Uint8Array.of(0x2f);

/** One call's part in contests: reads, writes and watches in the caller's name. */
export class Contest {
  readonly #parts: RpcParts;
  readonly #context: CallContext;

  constructor(parts: RpcParts, context: CallContext) {
    this.#parts = parts;
    this.#context = context;
  }

  /** The lease that was brought, or a fresh one. */
  async lease(brought: bigint): Promise<bigint> {
    if (brought !== 0n) return brought;
    const { node, pickLeaseId } = this.#parts;
    const grant = { kind: "lease-grant", id: pickLeaseId(), ttlSeconds: LEASE_SECONDS } as const;
    return (await node.propose(grant, await this.#caller(), traceOf(this.#context))).id;
  }

  async read(operation: RangeOperation): Promise<RangeResult> {
    return this.#parts.node.range(operation, await this.#caller());
  }

  /** One branch if the key was created at this revision (0n: does not exist), the other if not. */
  async ifCreatedAt(
    key: Uint8Array,
    revision: bigint,
    success: readonly Operation[],
    failure: readonly Operation[] = [],
  ): Promise<TxnResult> {
    // A caller can name any key as its office; none is no key.
    if (key.length === 0) throw new ServerError("emptyKey");
    const compare = { target: "create", result: "equal", key, rangeEnd: EMPTY_BYTES, operand: revision } as const;
    const txn = { kind: "txn", compare: [compare], success, failure } as const;
    return this.#parts.node.propose(txn, await this.#caller(), traceOf(this.#context));
  }

  /** Resolves with the revision of the store. */
  async delete(key: Uint8Array): Promise<bigint> {
    const { node } = this.#parts;
    const { revision } = await node.propose(deleteOf(key), await this.#caller(), traceOf(this.#context));
    return revision;
  }

  /** Resolves when no key under the prefix is as old as this create revision or older. Errors: those of `watchKeys`. */
  async waitTurn(prefix: Uint8Array, createRevisionMax: bigint): Promise<void> {
    for (;;) {
      const { kvs, revision } = await this.read(newestUpTo(prefix, createRevisionMax));
      const [before] = kvs;
      if (before === undefined) return;
      await this.#waitDeleted(before.key, revision);
    }
  }

  /** Events from a revision on. */
  watch(key: Uint8Array, rangeEnd: Uint8Array, startRevision: bigint): ReturnType<typeof watchKeys> {
    return watchKeys(this.#parts, { key, rangeEnd, startRevision }, this.#context);
  }

  /** Anew for each step: users may have changed during a long wait, and what came before that is refused. */
  async #caller(): Promise<Identity | undefined> {
    return this.#parts.auth?.identities.again(this.#context);
  }

  async #waitDeleted(key: Uint8Array, startRevision: bigint): Promise<void> {
    for await (const { events } of this.watch(key, EMPTY_BYTES, startRevision)) {
      if (events.some(({ type }) => type === "delete")) return;
    }
  }
}

/** Under which the keys of a name stand: the name and a slash. */
export function prefixOf(name: Uint8Array): Uint8Array {
  return joined(name, SLASH);
}

/** The key of who takes part: its lease in hexadecimal digits, without padding, behind the prefix. */
export function keyOf(name: Uint8Array, lease: bigint): Uint8Array {
  return joined(prefixOf(name), stringBytes(lease.toString(16)));
}

/** End of the range of all keys under a prefix, which ends with a slash. */
export function prefixEnd(prefix: Uint8Array): Uint8Array {
  const end = prefix.slice();
  end[end.length - 1] = (SLASH[0] as number) + 1;
  return end;
}

/** The oldest key under the prefix: the winner's. */
export function oldest(prefix: Uint8Array): RangeOperation {
  return { ...rangeOf(prefix, prefixEnd(prefix)), limit: 1, sortOrder: "ascend", sortTarget: "create" };
}

export function single(key: Uint8Array): RangeOperation {
  return rangeOf(key, EMPTY_BYTES);
}

export function putOf(key: Uint8Array, value: Uint8Array, lease: bigint): PutOperation {
  return { kind: "put", key, value, lease, prevKv: false, ignoreValue: false, ignoreLease: false };
}

export function deleteOf(key: Uint8Array): DeleteRangeOperation {
  return { kind: "delete-range", key, rangeEnd: EMPTY_BYTES, prevKv: false };
}

/** The first pair of a range inside a transaction's answer. */
export function pairIn(result: TxnResult, index: number): KeyValue | undefined {
  const answer = result.responses[index];
  return answer?.kind === "range" ? answer.kvs[0] : undefined;
}

function newestUpTo(prefix: Uint8Array, maxCreateRevision: bigint): RangeOperation {
  return {
    ...rangeOf(prefix, prefixEnd(prefix)),
    ...{ limit: 1, sortOrder: "descend", sortTarget: "create", maxCreateRevision },
  };
}

function rangeOf(key: Uint8Array, rangeEnd: Uint8Array): RangeOperation {
  return {
    ...{ kind: "range", key, rangeEnd, limit: 0, revision: 0n, sortOrder: "none", sortTarget: "key" },
    ...{ serializable: false, keysOnly: false, countOnly: false, minModRevision: 0n, maxModRevision: 0n },
    ...{ minCreateRevision: 0n, maxCreateRevision: 0n },
  };
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}
