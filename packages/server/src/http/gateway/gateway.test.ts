/** The gateway over services of the test's own: how calls begin and end. */
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { KV, Lease, Maintenance, Watch } from "@kvorum/proto";
import { type CallContext, RpcError, StatusCode } from "@kvorum/transport";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { BodyBudget } from "./body.js";
import { Gateway, type GatewayOptions } from "./gateway.js";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function start(change: Partial<GatewayOptions> = {}) {
  const gateway = new Gateway({ receiveBytesMax: 300_000, maxTxnOps: 128, ...change });
  const server = createServer((request, response) => {
    void gateway.request(request, response, request.url ?? "");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const post = (path: string, body: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}${path}`, { method: "POST", body, ...init });
  const upgrades = (): void => {
    server.on("upgrade", (request, socket, head) => {
      gateway.upgrade(request, socket, head, request.url ?? "");
    });
  };
  return { gateway, port, post, upgrades };
}

/** A request whose body has not come completely. */
function begin(port: number, path: string, part: string, length = 100_000): Socket {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n${part}`);
  return socket;
}

async function answerOf(socket: Socket): Promise<string> {
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  return text;
}

/** A promise that the test resolves. */
function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve = (_: T): void => {};
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

describe("a call with one answer", () => {
  it("gives the handler its request and metadata, and the caller answer and header", async () => {
    const { gateway, post } = await start();
    let seen: CallContext | undefined;
    gateway.services.add(KV, {
      range(request, context) {
        seen = context;
        context.sendHeader({ "x-header": "yes" });
        return { count: request.limit };
      },
    });
    const response = await post("/v3/kv/range", '{"limit":"7"}', { headers: { authorization: "token" } });
    expect([response.status, await response.text()]).toEqual([200, '{"count":"7"}']);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(response.headers.get("grpc-metadata-content-type")).toBe("application/grpc");
    expect(response.headers.get("grpc-metadata-x-header")).toBe("yes");
    expect(seen?.path).toBe("/etcdserverpb.KV/Range");
    expect([seen?.metadata.get("authorization"), seen?.certificateName]).toEqual(["token", undefined]);
  });

  it("fails with the handler's status, and asks for a token where one is missing", async () => {
    const { gateway, post } = await start();
    gateway.services.add(KV, {
      range: () => {
        throw new RpcError(StatusCode.UNAUTHENTICATED, "etcdserver: invalid auth token\r\nX: y");
      },
    });
    const response = await post("/v3/kv/range", "{}");
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe("etcdserver: invalid auth token??X: y");
    expect((await post("/v3/kv/put", "{}")).status).toBe(501);
  });

  it("has no path and no method but its own", async () => {
    const { post, port } = await start();
    const unknown = await post("/v3/kv/nothing", "{}");
    expect([unknown.status, await unknown.text()]).toEqual([404, '{"code":5,"message":"Not Found"}']);
    for (const method of ["GET", "PUT", "DELETE"]) {
      const response = await fetch(`http://127.0.0.1:${port}/v3/kv/range`, { method });
      expect([response.status, await response.text()]).toEqual([501, '{"code":12,"message":"Method Not Allowed"}']);
    }
  });

  it("takes one request, not two", async () => {
    const { gateway, post } = await start();
    let calls = 0;
    gateway.services.add(KV, {
      put: () => {
        calls += 1;
        return {};
      },
    });
    expect((await post("/v3/kv/put", '{"key":"YQ=="}{"key":"Yg=="}')).status).toBe(400);
    expect((await post("/v3/kv/put", '{"key":"YQ=="} x')).status).toBe(400);
    expect(calls).toBe(0);
  });

  it("is aborted when its caller leaves", async () => {
    const { gateway, port } = await start();
    const called = deferred<CallContext>();
    gateway.services.add(KV, {
      put: (_, context) => {
        called.resolve(context);
        return new Promise(() => {});
      },
    });
    const socket = begin(port, "/v3/kv/put", "{}", 2);
    const { signal } = await called.promise;
    expect(signal.aborted).toBe(false);
    socket.destroy();
    await once(signal, "abort");
    expect(signal.reason).toMatchObject({ code: StatusCode.CANCELLED });
  });

  it("is answered at its deadline, whatever the handler does", async () => {
    const { gateway, post } = await start();
    let signal: AbortSignal | undefined;
    gateway.services.add(KV, {
      put: (_, context) => {
        signal = context.signal;
        return new Promise(() => {});
      },
    });
    const response = await post("/v3/kv/put", "{}", { headers: { "grpc-timeout": "50m" } });
    expect([response.status, await response.text()]).toEqual([504, '{"code":4,"message":"context deadline exceeded"}']);
    expect(signal?.aborted).toBe(true);
  });
});

describe("a body", () => {
  it("has a time to arrive, a byte at a time or not at all", async () => {
    const { port } = await start({ requestTimeoutMs: 100 });
    for (const drip of ["", " "]) {
      const socket = begin(port, "/v3/kv/put", "{");
      const dripping = setInterval(() => socket.write(drip), 10);
      const answer = await answerOf(socket);
      clearInterval(dripping);
      expect(answer).toMatch(/^HTTP\/1.1 504 /);
      expect(answer).toContain("did not arrive within 100 ms");
      expect(answer).toContain("Connection: close");
    }
  });

  it("of a stream has no time limit", async () => {
    const { gateway, port } = await start({ requestTimeoutMs: 50 });
    gateway.services.add(Lease, {
      async *leaseKeepAlive(requests) {
        for await (const { ID } of requests) yield { ID };
      },
    });
    const first = '{"ID":1}';
    const second = '{"ID":2}';
    const socket = begin(port, "/v3/lease/keepalive", first, first.length + second.length);
    await new Promise((resolve) => setTimeout(resolve, 200));
    socket.end(second);
    expect(await answerOf(socket)).toContain('{"result":{"ID":"2"}}\n');
  });

  it("that is not complete takes its memory from a budget and gives it back", async () => {
    const budget = new BodyBudget(200_000);
    const { gateway, port, post } = await start({ budget });
    gateway.services.add(KV, { range: () => ({}) });
    const text = '{"x":"'.padEnd(90_000, "x");
    const slow = [begin(port, "/v3/kv/range", text), begin(port, "/v3/kv/range", text)];
    while (budget.freeBytes > 20_000) await new Promise((resolve) => setTimeout(resolve, 5));
    const answer = await answerOf(begin(port, "/v3/kv/range", text));
    expect(answer).toMatch(/^HTTP\/1.1 429 /);
    // A request that comes in one piece needs no budget.
    expect((await post("/v3/kv/range", "{}")).status).toBe(200);
    for (const socket of slow) socket.destroy();
    while (budget.freeBytes < 200_000) await new Promise((resolve) => setTimeout(resolve, 5));
  });
});

describe("a stream of answers", () => {
  it("is not pulled further than its caller reads", async () => {
    const { gateway, port } = await start();
    const blob = new Uint8Array(100_000);
    let pulled = 0;
    const ended = deferred<undefined>();
    gateway.services.add(Maintenance, {
      async *snapshot() {
        try {
          for (;;) {
            pulled += 1;
            yield { blob };
          }
        } finally {
          ended.resolve(undefined);
        }
      },
    });
    const socket = begin(port, "/v3/maintenance/snapshot", "{}", 2);
    socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 500));
    const before = pulled;
    await new Promise((resolve) => setTimeout(resolve, 200));
    // What lies in the buffers of both sockets: some megabytes.
    expect([pulled, pulled < 150]).toEqual([before, true]);
    socket.destroy();
    await ended.promise;
  });

  it("ends its handler when the caller leaves", async () => {
    const { gateway, port } = await start();
    const ended = deferred<unknown>();
    gateway.services.add(Watch, {
      async *watch(_requests, { signal }) {
        try {
          yield { created: true };
          await once(signal, "abort");
        } finally {
          ended.resolve(signal.reason);
        }
      },
    });
    const socket = begin(port, "/v3/watch", '{"create_request":{}}', 21);
    await once(socket, "data");
    socket.destroy();
    expect(await ended.promise).toMatchObject({ code: StatusCode.CANCELLED });
  });

  it("that fails before its first message has a status, later a last line", async () => {
    const { gateway, post } = await start();
    let messages = 0;
    gateway.services.add(Maintenance, {
      async *snapshot() {
        for (let i = 0; i < messages; i++) yield { remainingBytes: BigInt(i + 1) };
        throw new RpcError(StatusCode.UNAVAILABLE, "etcdserver: server stopped");
      },
    });
    const line = '{"error":{"code":14,"message":"etcdserver: server stopped"}}\n';
    const first = await post("/v3/maintenance/snapshot", "{}");
    expect([first.status, await first.text()]).toEqual([503, line]);
    messages = 1;
    const second = await post("/v3/maintenance/snapshot", "{}");
    expect([second.status, await second.text()]).toEqual([200, `{"result":{"remaining_bytes":"1"}}\n${line}`]);
  });
});

describe("a WebSocket", () => {
  it("gives back the memory of a request that came in pieces", async () => {
    const budget = new BodyBudget(10_000);
    const { gateway, port, upgrades } = await start({ budget });
    upgrades();
    gateway.services.add(KV, { range: () => ({ count: 1n }) });
    for (let time = 0; time < 3; time++) {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/v3/kv/range`);
      await once(socket, "open");
      socket.send(`{"key":"${"A".repeat(8000)}`);
      socket.send(`"}{"key":"`);
      const [answer] = (await once(socket, "message")) as [Buffer];
      expect(String(answer)).toBe('{"count":"1"}');
      await once(socket, "close");
    }
    await expect.poll(() => budget.freeBytes).toBe(10_000);
  });

  it("is not read while much of what it sent waits for the call", async () => {
    const { gateway, port, upgrades } = await start({ receiveBytesMax: 4_000_000 });
    upgrades();
    const { promise: served, resolve: serve } = deferred<object>();
    gateway.services.add(KV, { range: () => served });
    const socket = new WebSocket(`ws://127.0.0.1:${port}/v3/kv/range`);
    await once(socket, "open");
    socket.send("{}");
    // More than the connection itself can hold, and fewer messages than may wait.
    for (let message = 0; message < 12; message++) socket.send(Buffer.alloc(4_000_000, " "));
    const left = (): number => socket.bufferedAmount;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(left(), "the rest waits at the sender").toBeGreaterThan(0);
    const answer = once(socket, "message");
    serve({ count: 1n });
    expect(String((await answer)[0])).toBe('{"count":"1"}');
    await once(socket, "close");
  });
});
