/** What exactly-once writes send: one session, numbers, markers and their removal. The integration suite shows what comes of it. */
import type { TxnRequest } from "@kvorum/proto";
import { RpcError, StatusCode } from "@kvorum/transport";
import { afterEach, describe, expect, it } from "vitest";
import { type Client, type ClientOptions, createClient } from "../client.js";
import { type FakeCall, FakeTransport } from "../testing/fake-transport.js";
import { op } from "./op.js";

const text = (bytes: unknown): string => new TextDecoder().decode(bytes as Uint8Array);
const once = { retry: "exactly-once" } as const;
const failure = (code: keyof typeof StatusCode, details: string): RpcError => new RpcError(StatusCode[code], details);
const clients: Client[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
});

/** A server that applies every marked write at the first attempt, unless `attempt` throws. */
function setUp(attempt: () => void = () => undefined, options: Partial<ClientOptions> = {}) {
  const transport = new FakeTransport();
  transport.answer = ({ method, request }) => {
    if (method === "LeaseGrant") return { ID: request["ID"], TTL: 60n };
    if (method !== "Txn" || !isMarked(request)) return { succeeded: true };
    attempt();
    const applied = { succeeded: true, responses: [{ response: { case: "responsePut", value: {} } }] };
    return { succeeded: true, responses: [{ response: { case: "responseTxn", value: applied } }] };
  };
  const client = createClient({ endpoints: ["http://a", "http://b"], transport: transport.factory, ...options });
  clients.push(client);
  const txns = (): TxnRequest[] =>
    transport.calls.filter((call) => call.method === "Txn").map((call) => call.request as unknown as TxnRequest);
  return { client, transport, txns };
}

function isMarked(request: FakeCall["request"]): boolean {
  return (request as unknown as TxnRequest).success[0]?.request.case === "requestTxn";
}

/** The key of the marker that a write asks to be absent. */
const markerOf = (txn: TxnRequest): string => text(txn.compare[1]?.key);
const marked = (txns: readonly TxnRequest[]): TxnRequest[] => txns.filter((txn) => txn.compare.length === 2);

describe("a session", () => {
  it("is opened once for all writes of a client, and numbers them", async () => {
    const { client, transport, txns } = setUp();
    await Promise.all(["a", "b", "c"].map((key) => client.put(key, "v", once)));
    const grants = transport.calls.filter((call) => call.method === "LeaseGrant");
    expect(grants).toHaveLength(1);
    const lease = BigInt(grants[0]?.request["ID"] as bigint);
    const session = `_kvorum/once/${lease.toString(16).padStart(16, "0")}`;
    expect(marked(txns()).map(markerOf)).toEqual([0, 1, 2].map((n) => `${session}/${String(n).padStart(16, "0")}`));
    expect(text(txns()[0]?.compare[0]?.key)).toBe(session);
  });

  it("is not opened by a client that asks for none, nor by a txn that only reads", async () => {
    const { client, transport } = setUp();
    await client.put("a", "v");
    transport.answer = () => ({
      succeeded: true,
      responses: [{ response: { case: "responseRange", value: { count: 3n } } }],
    });
    await client.txn({ then: [op.count("a")] }, once);
    // The first connection may be tried with a status.
    const methods = transport.calls.map((call) => call.method).filter((method) => method !== "Status");
    expect(methods).toEqual(["Put", "Txn"]);
  });

  it("lies outside of the client's namespace, where the client says", async () => {
    const { client, txns } = setUp(undefined, { namespace: "app/", markerPrefix: "m/" });
    await client.put("a", "v", once);
    const [write] = marked(txns());
    expect(write && markerOf(write)).toMatch(/^m\/[0-9a-f]{16}\/0{16}$/);
    const inner = write?.success[0]?.request;
    const put = inner?.case === "requestTxn" ? inner.value.success[0]?.request : undefined;
    expect(put?.case === "requestPut" && text(put.value.key)).toBe("app/a");
  });

  it("that cannot be opened leaves the write undone, and the next write opens another", async () => {
    const { client, transport } = setUp();
    const working = transport.answer;
    transport.answer = () => {
      throw failure("DATA_LOSS", "something unheard of");
    };
    const error = await client.put("a", "v", once).catch((cause: unknown) => cause);
    // Of the grant itself nobody knows; the write was never sent.
    expect(error).toMatchObject({ outcome: "not-applied", cause: { outcome: "unknown" } });
    transport.answer = working;
    expect(await client.put("a", "v", once)).toHaveProperty("header");
  });

  it("closes the numbers of writes that are over and removes their markers, once for 64 of them", async () => {
    const { client, txns } = setUp();
    for (let i = 0; i < 130; i++) await client.put("a", "v", once);
    const cleanings = txns().filter((txn) => txn.success.some(({ request }) => request.case === "requestDeleteRange"));
    const lowest = cleanings.map(({ success }) => {
      const [put, removal] = success.map(({ request }) => request);
      const closed = put?.case === "requestPut" ? text(put.value.value) : "";
      const end = removal?.case === "requestDeleteRange" ? text(removal.value.rangeEnd) : "";
      expect(end.endsWith(`/${closed}`)).toBe(true);
      return Number.parseInt(closed, 16);
    });
    expect(lowest).toEqual([64, 128]);
  });
});

describe("an exactly-once write", () => {
  it("is sent again however many answers are lost, for which others have a budget", async () => {
    let attempts = 0;
    const { client, txns } = setUp(() => {
      if (attempts++ % 2 === 0) throw failure("UNAVAILABLE", "Connection dropped");
    });
    // More than the 100 retries that a quiet client has saved up.
    for (let i = 0; i < 150; i++) await client.put("a", "v", once);
    expect(marked(txns())).toHaveLength(300);
  });

  it("rejects with the signal's reason, before and after it was sent", async () => {
    const { client, transport } = setUp();
    await expect(client.put("a", "v", { ...once, signal: AbortSignal.abort("early") })).rejects.toBe("early");
    expect(transport.calls).toHaveLength(0);
    const abort = new AbortController();
    const working = transport.answer;
    transport.answer = (call) => {
      if (!(call.method === "Txn" && isMarked(call.request))) return working(call);
      abort.abort("enough");
      return new Promise(() => undefined);
    };
    await expect(client.put("a", "v", { ...once, signal: abort.signal })).rejects.toBe("enough");
  });

  it("is told that the client closed, and that it is not known what became of it", async () => {
    const { client, transport } = setUp();
    const working = transport.answer;
    transport.answer = (call) => {
      if (!(call.method === "Txn" && isMarked(call.request))) return working(call);
      void client.close();
      throw failure("CANCELLED", "the channel is closed");
    };
    const error = await client.put("a", "v", once).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ reason: "closed", outcome: "unknown" });
    await expect(client.put("a", "v", once)).rejects.toMatchObject({ reason: "closed", outcome: "not-applied" });
  });
});
