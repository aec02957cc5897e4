/** Streams of the gateway: their beginning, middle and end, over HTTP and over WebSockets. */
import { createHash } from "node:crypto";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readLines } from "./read-lines.js";
import { base64, type Gateway, startGateway, until } from "./support.js";
import { Client } from "./web-socket-client.js";

interface Line {
  readonly result?: { readonly [key: string]: unknown; readonly events?: readonly unknown[] };
  readonly error?: { readonly code: number; readonly message: string };
}

const parsed = (line: string | undefined): Line => JSON.parse(line ?? "{}") as Line;
const WATCHERS = "etcd_debugging_mvcc_watcher_total";

describe("streams", () => {
  let gateway: Gateway;

  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(async () => gateway[Symbol.asyncDispose]());

  it("a watch sends each event when it happens, and ends with its caller", async () => {
    const leave = new AbortController();
    const response = await gateway.post("/v3/watch", JSON.stringify({ create_request: { key: base64("w") } }), {
      signal: leave.signal,
    });
    const decoder = new TextDecoder();
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    expect(parsed(decoder.decode((await reader.read()).value)).result).toMatchObject({ created: true });
    for (const value of ["one", "two"]) {
      await gateway.call("/v3/kv/put", { key: base64("w"), value: base64(value) });
      const line = parsed(decoder.decode((await reader.read()).value));
      expect(line.result?.events).toMatchObject([{ kv: { key: base64("w"), value: base64(value) } }]);
    }
    expect(await gateway.metric(WATCHERS)).toBe(1);
    leave.abort();
    await until(async () => (await gateway.metric(WATCHERS)) === 0);
  });

  it("every watcher of a key is told all of its event, the first and the others", async () => {
    const leave = new AbortController();
    const body = JSON.stringify({ create_request: { key: base64("many") } });
    const requests = Array.from({ length: 3 }, () => gateway.post("/v3/watch", body, { signal: leave.signal }));
    const readers = (await Promise.all(requests)).map((response) =>
      (response.body as ReadableStream<Uint8Array>).getReader(),
    );
    const decoder = new TextDecoder();
    const lines = () => Promise.all(readers.map(async (reader) => parsed(decoder.decode((await reader.read()).value))));
    for (const { result } of await lines()) expect(result).toMatchObject({ created: true });
    await gateway.call("/v3/kv/put", { key: base64("many"), value: base64("one") });
    for (const { result } of await lines()) {
      expect(result?.events).toMatchObject([{ kv: { key: base64("many"), value: base64("one"), version: "1" } }]);
    }
    leave.abort();
    await until(async () => (await gateway.metric(WATCHERS)) === 0);
  });

  it("requests may follow while answers come", async () => {
    const socket = connect(gateway.port, "127.0.0.1");
    let answer = "";
    socket.on("data", (chunk: Buffer) => {
      answer += chunk.toString();
    });
    const send = (request: object): void => {
      const text = JSON.stringify(request);
      socket.write(`${text.length.toString(16)}\r\n${text}\r\n`);
    };
    socket.write("POST /v3/watch HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
    send({ create_request: { key: base64("x") } });
    await until(async () => answer.includes('"created":true'));
    send({ create_request: { key: base64("y") } });
    await until(async () => answer.includes('"watch_id":"1","created":true'));
    send({ cancel_request: { watch_id: 1 } });
    await until(async () => answer.includes('"watch_id":"1","canceled":true'));
    send({ progress_request: {} });
    await until(async () => answer.includes('"watch_id":"-1"'));
    socket.destroy();
    await until(async () => (await gateway.metric(WATCHERS)) === 0);
  });

  it("a request in the middle that is no JSON ends the stream with a last line", async () => {
    const response = await gateway.post("/v3/watch", `${JSON.stringify({ create_request: { key: base64("z") } })}\n x`);
    const lines = await readLines(response, 9);
    expect(response.status).toBe(200);
    expect(parsed(lines[0]).result).toMatchObject({ created: true });
    expect(parsed(lines.at(-1)).error).toMatchObject({
      code: 3,
      message: expect.stringContaining("unexpected token x"),
    });
    await until(async () => (await gateway.metric(WATCHERS)) === 0);
  });

  it("a deadline ends a stream with a last line", async () => {
    const response = await gateway.post("/v3/watch", JSON.stringify({ create_request: { key: base64("d") } }), {
      headers: { "grpc-timeout": "200m" },
    });
    const lines = await readLines(response, 9);
    expect(lines).toHaveLength(2);
    expect(parsed(lines[1]).error).toEqual({ code: 4, message: "context deadline exceeded" });
  });

  it("a renewal without a request is an empty answer", async () => {
    const response = await gateway.post("/v3/lease/keepalive", "");
    expect([response.status, await response.text()]).toEqual([200, ""]);
  });

  it("a snapshot comes in pieces that end with their digest", async () => {
    const value = base64("v".repeat(100_000));
    await gateway.call("/v3/kv/put", { key: base64("big"), value });
    const response = await gateway.post("/v3/maintenance/snapshot", "{}");
    const lines = (await readLines(response, 10_000)).map(parsed);
    expect(lines.filter(({ error }) => error !== undefined)).toEqual([]);
    const blobs = lines.map(({ result }) => Buffer.from(String(result?.["blob"]), "base64"));
    expect(blobs.length).toBeGreaterThan(2);
    const digest = createHash("sha256")
      .update(Buffer.concat(blobs.slice(0, -1)))
      .digest();
    expect(blobs.at(-1)).toEqual(digest);
    expect(lines.at(-1)?.result?.["remaining_bytes"]).toBeUndefined();
  });
});

describe("WebSockets", () => {
  let gateway: Gateway;

  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(async () => gateway[Symbol.asyncDispose]());

  const open = (path: string, protocols?: readonly string[]): Promise<Client> =>
    Client.open(`${gateway.endpoint.replace("http", "ws")}${path}`, protocols);

  it("carry both directions of a watch, a message a request and a message an answer", async () => {
    const client = await open("/v3/watch");
    client.send({ create_request: { key: base64("w") } });
    expect(parsed(await client.next()).result).toMatchObject({ created: true });
    await gateway.call("/v3/kv/put", { key: base64("w"), value: base64("1") });
    expect(parsed(await client.next()).result?.events).toMatchObject([{ kv: { value: base64("1") } }]);
    client.send({ create_request: { key: base64("v") } });
    expect(parsed(await client.next()).result).toMatchObject({ created: true, watch_id: "1" });
    client.close();
    await until(async () => (await gateway.metric(WATCHERS)) === 0);
  });

  it("answer a unary call once and close", async () => {
    const client = await open("/v3/kv/range");
    client.send({ key: base64("nothing") });
    expect(JSON.parse(await client.next())).toHaveProperty("header");
    expect(await client.closed).toBe(1000);
    const failing = await open("/v3/kv/range");
    failing.send({});
    expect(JSON.parse(await failing.next())).toEqual({ code: 3, message: "etcdserver: key is not provided" });
    expect(await failing.closed).toBe(1000);
  });

  it("end with an error line when a message is no JSON, and when one is too large", async () => {
    const client = await open("/v3/watch");
    client.sendText("[]");
    expect(parsed(await client.next()).error?.code).toBe(3);
    expect(await client.closed).toBe(1000);
    const large = await open("/v3/watch");
    large.sendText("x".repeat(3_000_000));
    expect(await large.closed).toBe(1009);
  });

  it("lose no message that comes before somebody reads, and none of many", async () => {
    const client = await open("/v3/lease/keepalive");
    for (let id = 1; id <= 200; id++) client.send({ ID: String(id) });
    for (let id = 1; id <= 200; id++) expect(parsed(await client.next()).result).toMatchObject({ ID: String(id) });
    client.close();
    const unary = await open("/v3/kv/range");
    for (let i = 0; i < 100; i++) unary.send({ key: base64("a") });
    expect(JSON.parse(await unary.next())).toHaveProperty("header");
    expect(await unary.closed).toBe(1000);
  });

  it("take a token as a subprotocol", async () => {
    const client = await open("/v3/auth/status", ["Bearer", "some-token"]);
    client.send({});
    expect(JSON.parse(await client.next())).toMatchObject({ authRevision: "1" });
    expect(client.protocol).toBe("Bearer");
  });

  it("are refused where there is no route", async () => {
    await expect(open("/v3/nothing")).rejects.toThrow();
    await expect(open("/health")).rejects.toThrow();
  });

  it("are closed with the node", async () => {
    const own = await startGateway();
    const client = await Client.open(`${own.endpoint.replace("http", "ws")}/v3/watch`);
    client.send({ create_request: { key: base64("w") } });
    await client.next();
    await own[Symbol.asyncDispose]();
    expect([1000, 1001]).toContain(await client.closed);
  });
});
