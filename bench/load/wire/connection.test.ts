/** The other side is `node:http2`, which knows nothing of ours. */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { WirePool } from "./pool.js";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function serve(answer: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void): Promise<string> {
  const server = createServer();
  server.on("stream", answer);
  server.on("session", (session) => closers.push(() => session.destroy()));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function open(endpoint: string): Promise<WirePool> {
  const pool = await WirePool.open(endpoint, 1);
  closers.push(() => pool.close());
  return pool;
}

/** Resolves with what came, or with false for a reset. */
function call(pool: WirePool, path: string, frame: Uint8Array): Promise<string | false> {
  const chunks: Buffer[] = [];
  return pool.unlessFailed(
    new Promise((resolve) => {
      pool.connections[0]?.call(path, frame, {
        data: (chunk) => chunks.push(Buffer.from(chunk)),
        ended: (ok) => resolve(ok && Buffer.concat(chunks).toString()),
      });
    }),
  );
}

describe("a connection of the load", () => {
  it("sends the same header fields for every call, of one path and of several in turn", async () => {
    const seen: unknown[] = [];
    const endpoint = await serve((stream, headers) => {
      seen.push([
        headers[":method"],
        headers[":scheme"],
        headers[":path"],
        headers[":authority"],
        headers["content-type"],
        headers["te"],
      ]);
      stream.respond({ ":status": 200 });
      stream.end("ok");
    });
    const pool = await open(endpoint);
    const paths = ["/a.KV/One", "/a.KV/One", "/a.KV/Two", "/a.KV/One", "/a.KV/Two", "/a.KV/Three", "/a.KV/One"];
    const answers = await Promise.all(paths.map((path) => call(pool, path, Buffer.from("x"))));
    expect(answers).toEqual(paths.map(() => "ok"));
    const host = endpoint.slice("http://".length);
    expect(seen).toEqual(paths.map((path) => ["POST", "http", path, host, "application/grpc", "trailers"]));
  });

  it("waits for the windows of a server that gives them back late, and then goes on", async () => {
    const endpoint = await serve((stream) => {
      let bytes = 0;
      stream.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
      stream.on("end", () => {
        stream.respond({ ":status": 200 });
        stream.end(String(bytes));
      });
    });
    const pool = await open(endpoint);
    const calls = Array.from({ length: 200 }, () => call(pool, "/a.KV/One", Buffer.alloc(10_000)));
    expect(new Set(await Promise.all(calls))).toEqual(new Set(["10000"]));
  });

  it("a stream that stays open sends more than its first window, message by message", async () => {
    const messages = 100;
    let received = 0;
    let all: () => void = () => {};
    const done = new Promise<void>((resolve) => {
      all = resolve;
    });
    const endpoint = await serve((stream) => {
      stream.on("data", (chunk: Buffer) => {
        received += chunk.length;
        if (received === messages * 5_000) all();
      });
    });
    const pool = await open(endpoint);
    const send = pool.connections[0]?.stream("/a.Watch/Watch", { data: () => {}, ended: () => {} });
    for (let i = 0; i < messages; i++) send?.(Buffer.alloc(5_000));
    await pool.unlessFailed(done);
    expect(received).toBe(500_000);
  });

  it("tells of a reset call, and of a server that is gone", async () => {
    const endpoint = await serve((stream, headers) => {
      if (headers[":path"] === "/a.KV/Reset") stream.close(8);
      else stream.session?.destroy();
    });
    const pool = await open(endpoint);
    expect(await call(pool, "/a.KV/Reset", Buffer.from("x"))).toBe(false);
    await expect(call(pool, "/a.KV/Gone", Buffer.from("x"))).rejects.toThrow(/closed|leaves|ECONNRESET/);
  });

  it("nobody there is an error", async () => {
    const pool = await WirePool.open("http://127.0.0.1:1", 1);
    await expect(pool.unlessFailed(new Promise(() => {}))).rejects.toThrow("ECONNREFUSED");
  });
});
