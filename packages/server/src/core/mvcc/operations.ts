/**
 * Key-value requests and answers as the core sees them. They mirror etcd's messages; `io/wire/operations.ts` converts.
 *
 * Key forms: `rangeEnd` empty is the single key, one zero byte is "from `key` on", otherwise `[key, rangeEnd)`.
 */
import type { KeyValue } from "./key-value.js";

export type SortOrder = "none" | "ascend" | "descend";
export type SortTarget = "key" | "version" | "create" | "mod" | "value";

export interface RangeOperation {
  readonly kind: "range";
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
  /** Most rows to return; 0 or less is unlimited. */
  readonly limit: number;
  /** 0n or less reads the newest revision. */
  readonly revision: bigint;
  readonly sortOrder: SortOrder;
  readonly sortTarget: SortTarget;
  readonly serializable: boolean;
  readonly keysOnly: boolean;
  readonly countOnly: boolean;
  /** Inclusive bounds, 0n for none. */
  readonly minModRevision: bigint;
  readonly maxModRevision: bigint;
  readonly minCreateRevision: bigint;
  readonly maxCreateRevision: bigint;
}

export interface PutOperation {
  readonly kind: "put";
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly lease: bigint;
  readonly prevKv: boolean;
  readonly ignoreValue: boolean;
  readonly ignoreLease: boolean;
}

export interface DeleteRangeOperation {
  readonly kind: "delete-range";
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
  readonly prevKv: boolean;
}

export type CompareResult = "equal" | "greater" | "less" | "not-equal";

export interface Compare {
  readonly target: "version" | "create" | "mod" | "value" | "lease";
  readonly result: CompareResult;
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
  /** Bytes for target `value`, otherwise a 64-bit number. */
  readonly operand: bigint | Uint8Array;
}

export interface TxnOperation {
  readonly kind: "txn";
  readonly compare: readonly Compare[];
  readonly success: readonly Operation[];
  readonly failure: readonly Operation[];
}

export type Operation = RangeOperation | PutOperation | DeleteRangeOperation | TxnOperation;

export interface RangeResult {
  readonly kind: "range";
  readonly kvs: readonly KeyValue[];
  /** Keys in the range at that revision, before limit and filters. */
  readonly count: number;
  readonly more: boolean;
  /** The store's revision when the range was read. */
  readonly revision: bigint;
}

export interface PutResult {
  readonly kind: "put";
  readonly prevKv: KeyValue | undefined;
  readonly revision: bigint;
}

export interface DeleteRangeResult {
  readonly kind: "delete-range";
  readonly deleted: number;
  readonly prevKvs: readonly KeyValue[];
  readonly revision: bigint;
}

export interface TxnResult {
  readonly kind: "txn";
  readonly succeeded: boolean;
  readonly responses: readonly OperationResult[];
  /** The store's revision after the whole transaction. */
  readonly revision: bigint;
  /** Only when the answer was too large to be gathered: its bytes so far. What was written is; `responses` is empty. */
  readonly excess?: number;
}

export type OperationResult = RangeResult | PutResult | DeleteRangeResult | TxnResult;
