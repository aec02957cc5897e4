/** Which calls let others have a turn between their parts, and how often. */
import { create } from "@bufbuild/protobuf";
import { RangeRequestSchema, type RequestOp, RequestOpSchema, TxnRequestSchema } from "@kvorum/proto";
import type { CallContext } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import type { OperationResult } from "../core/mvcc/operations.js";
import type { NodeApi } from "../node/api.js";
import { kvService } from "./kv.js";
import type { RpcParts } from "./parts.js";

const context = {} as CallContext;
const key = Buffer.from("k");

/** The service in front of a node that answers everything with this, and what has happened, in order. */
function serviceOf(result: OperationResult) {
  const log: string[] = [];
  const answer = async (): Promise<OperationResult> => {
    log.push("run");
    return result;
  };
  const header = { clusterId: 1n, memberId: 1n, raftTerm: 1, revision: 1n };
  const range = async (_operation: unknown, _identity: unknown, made: (result: OperationResult) => unknown) =>
    made(await answer());
  const node = { header, propose: answer, range, readOnlyTxn: answer } as unknown as NodeApi;
  const pause = async (): Promise<void> => void log.push("turn");
  const service = kvService({ node, pause, maxTxnOps: 10_000, maxRequestBytes: 1 } as RpcParts);
  return { service, log };
}

const putsOf = (from: number, count: number): RequestOp[] =>
  Array.from({ length: count }, (_, i) =>
    create(RequestOpSchema, {
      request: { case: "requestPut", value: { key: Buffer.from(`k${from + i}`), value: key } },
    }),
  );
const txnOf = (success: RequestOp[]) => create(TxnRequestSchema, { success });
const nested = (from: number, count: number): RequestOp =>
  create(RequestOpSchema, { request: { case: "requestTxn", value: { success: putsOf(from, count) } } });

const PUT: OperationResult = { kind: "put", prevKv: undefined, revision: 1n };
const txnResult = (count: number): OperationResult =>
  ({
    kind: "txn",
    succeeded: true,
    responses: Array.from({ length: count }, () => PUT),
    revision: 1n,
  }) as OperationResult;
const rangeResult = (bytes: number): OperationResult => {
  const kv = { key, value: new Uint8Array(bytes), createRevision: 1n, modRevision: 1n, version: 1n, lease: 0n };
  return { kind: "range", kvs: [kv], count: 1, more: false, revision: 1n };
};

describe("a call", () => {
  it("that is small is done in one go", async () => {
    const { service, log } = serviceOf(txnResult(128));
    await service.txn?.(txnOf(putsOf(0, 128)), context);
    expect(log).toEqual(["run"]);
  });

  it("of very many operations is taken apart, run and answered in turns", async () => {
    const { service, log } = serviceOf(txnResult(300));
    await service.txn?.(txnOf([nested(0, 150), nested(150, 150)]), context);
    expect(log).toEqual(["turn", "run", "turn"]);
  });

  it("with a large answer runs and is answered in turns", async () => {
    const { service, log } = serviceOf(rangeResult(2 ** 20 + 1));
    await service.range?.(create(RangeRequestSchema, { key }), context);
    expect(log).toEqual(["run", "turn"]);
    const small = serviceOf(rangeResult(2 ** 20 - 1));
    await small.service.range?.(create(RangeRequestSchema, { key }), context);
    expect(small.log).toEqual(["run"]);
  });
});
