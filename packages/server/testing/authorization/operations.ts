/**
 * Every way in which a read, a put or a deletion can be asked for: by its own methods, and inside transactions up to five
 * deep, in either branch. Whatever the way, the answer to who may must be the same.
 */
import type { DescMethod, MessageInitShape } from "@bufbuild/protobuf";
import {
  KV,
  type RequestOpSchema,
  Compare_CompareResult as Result,
  Compare_CompareTarget as Target,
  type TxnRequestSchema,
  Watch,
} from "@kvorum/proto";
import { bytes } from "../rpc-harness.js";

type Operation = MessageInitShape<typeof RequestOpSchema>;
type Txn = MessageInitShape<typeof TxnRequestSchema>;

/** One way to ask. */
export interface Way {
  readonly way: string;
  readonly method: DescMethod;
  readonly request: object;
}

const DEPTHS = [1, 2, 3, 4, 5] as const;

/**
 * The ways to ask for a row of the table: `read r/ r0`, `put w/1 prevKv lease=2`, `delete w/1 \0`. The first word says what is
 * asked for, the next one or two are key and range end (`\0` is a zero byte), the others are options.
 */
export function waysOf(row: string): Way[] {
  const [verb = "", ...words] = row.split(" ");
  const isOption = (word: string): boolean => word === "prevKv" || word.startsWith("lease=");
  const [key = "", rangeEnd = ""] = words.filter((word) => !isOption(word)).map((word) => word.replace("\\0", "\0"));
  const range = { key: bytes(key), rangeEnd: bytes(rangeEnd) };
  const prevKv = words.includes("prevKv");
  const lease = BigInt(/lease=(\d+)/.exec(row)?.[1] ?? 0);
  switch (verb) {
    case "read":
      return [
        { way: "Range", method: KV.method.range, request: range },
        { way: "Range serializable", method: KV.method.range, request: { ...range, serializable: true } },
        { way: "Range countOnly", method: KV.method.range, request: { ...range, countOnly: true } },
        { way: "RangeStream", method: KV.method.rangeStream, request: range },
        { way: "Watch", method: Watch.method.watch, request: create(range) },
        ...nested({ case: "requestRange", value: range }),
        ...DEPTHS.map((depth) => compared(range, depth)),
      ];
    case "put": {
      const put = { key: bytes(key), value: bytes("v"), prevKv, lease };
      return [{ way: "Put", method: KV.method.put, request: put }, ...nested({ case: "requestPut", value: put })];
    }
    case "delete": {
      const request = { ...range, prevKv };
      const direct = { way: "DeleteRange", method: KV.method.deleteRange, request };
      return [direct, ...nested({ case: "requestDeleteRange", value: request })];
    }
    default:
      throw new Error(`no operation is called ${verb}`);
  }
}

function create(range: { readonly key: Uint8Array; readonly rangeEnd: Uint8Array }): object {
  return { requestUnion: { case: "createRequest", value: range } };
}

/** The operation alone in the innermost of `depth` transactions, in the branch that is taken and in the other. */
function nested(request: Operation["request"]): Way[] {
  return DEPTHS.flatMap((depth) =>
    (["success", "failure"] as const).map((branch) => {
      let txn: Txn = { [branch]: [{ request }] };
      for (let level = 1; level < depth; level++) txn = { [branch]: [inside(txn)] };
      return { way: `Txn ${depth} deep, ${branch}`, method: KV.method.txn, request: txn };
    }),
  );
}

/** A compare of the range, in the innermost transaction. */
function compared(range: { readonly key: Uint8Array; readonly rangeEnd: Uint8Array }, depth: number): Way {
  const compare = {
    ...range,
    target: Target.VERSION,
    result: Result.GREATER,
    targetUnion: { case: "version", value: 0n },
  } as const;
  let txn: Txn = { compare: [compare] };
  for (let level = 1; level < depth; level++) txn = { success: [inside(txn)] };
  return { way: `compare ${depth} deep`, method: KV.method.txn, request: txn };
}

function inside(value: Txn): Operation {
  return { request: { case: "requestTxn", value } };
}
