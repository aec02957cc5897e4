/**
 * What must not work: input made to break a parser, to fill memory, to hold connections, or to make a browser act for
 * somebody else. After each the node still answers, and soon.
 */
import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { base64, exchange, type Gateway, startGateway } from "./support.js";

/** Longest time in which the event loop may not answer anything, in milliseconds. */
const STALL_MS_MAX = 1000;

describe("attacks on the gateway", () => {
  let gateway: Gateway;

  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(async () => gateway[Symbol.asyncDispose]());
  afterEach(async () => {
    await gateway.call("/v3/kv/put", { key: base64("alive") });
  });

  async function refused(body: string): Promise<{ readonly status: number; readonly code: number }> {
    const started = performance.now();
    const response = await gateway.post("/v3/kv/txn", body);
    const { code } = (await response.json()) as { readonly code: number };
    expect(performance.now() - started).toBeLessThan(STALL_MS_MAX);
    return { status: response.status, code };
  }

  it("names of a prototype are names like any other", async () => {
    for (const name of ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"]) {
      const response = await gateway.post("/v3/kv/range", `{"${name}":{"polluted":true},"key":"YWxpdmU="}`);
      expect([response.status, (await response.json()) as unknown]).toMatchObject([200, { header: {} }]);
    }
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it("objects nested a hundred thousand deep are refused before they are parsed", async () => {
    const depth = 100_000;
    const expected = { status: 400, code: 3 };
    expect(await refused(`${'{"success":['.repeat(depth)}${"]}".repeat(depth)}`)).toEqual(expected);
    expect(await refused(`{"unknown":${"[".repeat(depth)}${"]".repeat(depth)}}`)).toEqual(expected);
    expect(await refused("[".repeat(depth))).toEqual(expected);
    expect(await refused(`${'{"a":'.repeat(depth)}`)).toEqual(expected);
  });

  it("keys that come twice are refused", async () => {
    expect(await refused('{"success":[],"success":[]}')).toEqual({ status: 400, code: 3 });
    const response = await gateway.post("/v3/kv/range", '{"key":"YQ==","range_end":"Yg==","rangeEnd":"Yw=="}');
    expect(response.status).toBe(400);
    const oneof = '{"success":[{"request_range":{"key":"YQ=="},"request_put":{"key":"YQ=="}}]}';
    expect(await refused(oneof)).toEqual({ status: 400, code: 3 });
  });

  it("a body that says it has four gigabytes is refused unread", async () => {
    const answer = await exchange(
      gateway.port,
      `POST /v3/kv/put HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${4 * 2 ** 30}\r\n\r\n{`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 429 /);
    expect(answer).toContain('"code":8');
  });

  it("a body without an end is refused when it is too large, and its connection closed", async () => {
    const socket = connect(gateway.port, "127.0.0.1");
    let answer = "";
    let sent = 0;
    socket.on("data", (chunk: Buffer) => {
      answer += chunk.toString();
    });
    socket.on("error", () => {});
    socket.write(
      'POST /v3/kv/put HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n{"value":"x\r\n',
    );
    const piece = `10000\r\n${"x".repeat(0x10000)}\r\n`;
    await new Promise<void>((resolve) => {
      socket.on("close", () => resolve());
      const more = (): void => {
        if (socket.destroyed || sent > 64 * 2 ** 20) return;
        sent += 0x10000;
        if (socket.write(piece)) setImmediate(more);
        else socket.once("drain", more);
      };
      more();
    });
    expect(answer).toMatch(/^HTTP\/1.1 429 /);
    expect(sent).toBeLessThan(32 * 2 ** 20);
  });

  it("numbers and strings without an end cost no time", async () => {
    const started = performance.now();
    for (const body of [
      `{"limit":${"9".repeat(1_000_000)}}`,
      `{"limit":1e${"9".repeat(1_000_000)}}`,
      `{"limit":"${"0".repeat(1_000_000)}"}`,
      `{"key":"${"\\u0061".repeat(200_000)}!"}`,
      `{"key":"${"=".repeat(1_000_000)}"}`,
    ]) {
      expect((await gateway.post("/v3/kv/range", body)).status).toBe(400);
    }
    expect(performance.now() - started).toBeLessThan(5 * STALL_MS_MAX);
  });

  it("tiny values by the hundred thousand do not stall the others", async () => {
    let last = performance.now();
    let stall = 0;
    const probe = setInterval(() => {
      stall = Math.max(stall, performance.now() - last);
      last = performance.now();
    }, 10);
    for (const value of ["0", "{}", "[]", '""', '{"request_range":{}}']) {
      const response = await gateway.post(
        "/v3/kv/txn",
        `{"success":[${`${value},`.repeat(400_000 / value.length)}{}]}`,
      );
      expect([response.status, await response.json()], value).toMatchObject([400, { code: 3 }]);
    }
    // As many as are allowed, and more than a transaction may have.
    const most = await gateway.post("/v3/kv/txn", `{"success":[${"{},".repeat(30_000)}{}]}`);
    expect([most.status, await most.json()]).toMatchObject([400, { code: 3 }]);
    clearInterval(probe);
    expect(stall).toBeLessThan(STALL_MS_MAX);
  });

  it("bytes that are no UTF-8 are refused", async () => {
    const body = Buffer.concat([Buffer.from('{"other":"'), Buffer.of(0xc3, 0x28), Buffer.from('"}')]);
    const response = await fetch(`${gateway.endpoint}/v3/kv/range`, { method: "POST", body });
    expect(response.status).toBe(400);
  });

  it("compressed bodies and other content types are refused", async () => {
    for (const headers of [{ "content-encoding": "gzip" }, { "content-type": "multipart/form-data; boundary=x" }]) {
      const response = await gateway.post("/v3/kv/range", "{}", { headers });
      expect([response.status, await response.json()]).toMatchObject([400, { code: 3 }]);
    }
  });

  it("a form that a page of another site posts is refused (CVE-2018-1098)", async () => {
    const response = await gateway.post("/v3/kv/put", '{"key":"aGlqYWNrZWQ="}', {
      headers: { "content-type": "application/x-www-form-urlencoded", origin: "http://evil.example" },
    });
    expect(response.status).toBe(403);
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
    const { count } = await gateway.call("/v3/kv/range", { key: "aGlqYWNrZWQ=", count_only: true });
    expect(count).toBeUndefined();
  });

  it("a name that was made to point here is not answered to (CVE-2018-1099)", async () => {
    const body = '{"key":"aGlqYWNrZWQ="}';
    const answer = await exchange(
      gateway.port,
      `POST /v3/kv/put HTTP/1.1\r\nHost: evil.example:${gateway.port}\r\nOrigin: http://evil.example:${gateway.port}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 421 /);
  });

  it("two lengths, or a length beside chunks, are no request (smuggling)", async () => {
    const head = "POST /v3/kv/range HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n";
    for (const line of ["Content-Length: 3", "Transfer-Encoding: chunked"]) {
      expect(await exchange(gateway.port, `${head}${line}\r\n\r\n{}`), line).toMatch(/^HTTP\/1.1 400 /);
    }
  });

  it("headers have ten seconds, a byte at a time", { timeout: 30_000 }, async () => {
    const socket = connect(gateway.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write("POST /v3/kv/put HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
    const started = performance.now();
    const drip = setInterval(() => socket.write("y"), 250);
    await new Promise<void>((resolve) => socket.resume().on("close", () => resolve()));
    clearInterval(drip);
    const elapsedMs = performance.now() - started;
    expect(elapsedMs).toBeGreaterThan(9_000);
    expect(elapsedMs).toBeLessThan(14_000);
  });
});
