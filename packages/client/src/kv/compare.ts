/**
 * The conditions of a txn: `compare.modRevision("k").eq(7n)`. A key that does not exist compares as 0 in everything but its
 * value, and no condition on its value holds. Over a range the condition must hold for every key in it.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Compare_CompareResult, Compare_CompareTarget, type CompareSchema } from "@kvorum/proto";
import { bytes, type Codec, utf8 } from "../codec.js";
import type { Selector } from "../keys.js";
import type { Keyspace } from "../keyspace.js";
import { type BigIntLike, toBigInt } from "../options.js";

type CompareInit = MessageInitShape<typeof CompareSchema>;
type TargetUnion = NonNullable<CompareInit["targetUnion"]>;

/** One condition. Make it with `compare`. */
export interface Compare {
  toRequest(keyspace: Keyspace): CompareInit;
}

/** The second half of a condition: `gt` means that what is stored is greater than what is given. */
export interface Comparison<X> {
  eq(operand: X): Compare;
  ne(operand: X): Compare;
  gt(operand: X): Compare;
  lt(operand: X): Compare;
}

export interface CompareMakers {
  /** Compares bytes. Text is UTF-8; values of another codec are compared as that codec writes them. */
  value(selector: Selector): Comparison<string | Uint8Array>;
  value<T, In>(selector: Selector, codec: Codec<T, In>): Comparison<In>;
  /** 0 means: does not exist. */
  version(selector: Selector): Comparison<BigIntLike>;
  /** 0 means: does not exist. */
  createRevision(selector: Selector): Comparison<BigIntLike>;
  modRevision(selector: Selector): Comparison<BigIntLike>;
  /** 0 means: attached to none. */
  lease(selector: Selector): Comparison<BigIntLike>;
}

export const compare: CompareMakers = {
  value: <T, In>(selector: Selector, codec?: Codec<T, In>) =>
    comparison(selector, Compare_CompareTarget.VALUE, (operand: In | string | Uint8Array) => ({
      case: "value",
      value: codec === undefined ? valueBytes(operand as string | Uint8Array) : codec.encode(operand as In),
    })),
  version: (selector) =>
    comparison(selector, Compare_CompareTarget.VERSION, (operand) => ({
      case: "version",
      value: toBigInt(operand, "version"),
    })),
  createRevision: (selector) =>
    comparison(selector, Compare_CompareTarget.CREATE, (operand) => ({
      case: "createRevision",
      value: toBigInt(operand, "createRevision"),
    })),
  modRevision: (selector) =>
    comparison(selector, Compare_CompareTarget.MOD, (operand) => ({
      case: "modRevision",
      value: toBigInt(operand, "modRevision"),
    })),
  lease: (selector) =>
    comparison(selector, Compare_CompareTarget.LEASE, (operand) => ({
      case: "lease",
      value: toBigInt(operand, "lease"),
    })),
};

function valueBytes(operand: string | Uint8Array): Uint8Array {
  return typeof operand === "string" ? utf8.encode(operand) : bytes.encode(operand);
}

function comparison<X>(
  selector: Selector,
  target: Compare_CompareTarget,
  toUnion: (operand: X) => TargetUnion,
): Comparison<X> {
  const make = (result: Compare_CompareResult, operand: X): Compare => {
    const targetUnion = toUnion(operand);
    return { toRequest: (keyspace) => ({ ...keyspace.range(selector), target, result, targetUnion }) };
  };
  return {
    eq: (operand) => make(Compare_CompareResult.EQUAL, operand),
    ne: (operand) => make(Compare_CompareResult.NOT_EQUAL, operand),
    gt: (operand) => make(Compare_CompareResult.GREATER, operand),
    lt: (operand) => make(Compare_CompareResult.LESS, operand),
  };
}
