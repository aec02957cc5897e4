/** The config service over HTTP, while other clients write to the same keys behind its back. */
import { type Client, createClient, prefix } from "@kvorum/client";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { TestServer } from "../../integration/support/etcd.js";
import { eventually, runExample, startExample, untilPrinted } from "../../integration/support/example.js";
import { startKvorum } from "../../integration/support/kvorum.js";
import type { RunningProcess } from "../../integration/support/process.js";

const DEFAULTS = { app_name: "kvorum-demo", port: 8080, timeout: 30 };

interface Value {
  readonly key: string;
  readonly value: string;
  readonly revision: number;
}

describe("config-service", () => {
  let server: TestServer;
  let service: RunningProcess;
  let client: Client;
  let url: string;

  const config = async (): Promise<unknown> => (await fetch(`${url}/config`)).json();
  const value = async (key: string): Promise<Value> => (await (await fetch(`${url}/config/${key}`)).json()) as Value;
  const put = async (key: string, body: unknown): Promise<{ status: number; body: Record<string, unknown> }> => {
    const response = await fetch(`${url}/config/${key}`, { method: "PUT", body: JSON.stringify(body) });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const untilConfig = (expected: unknown): Promise<boolean> =>
    eventually(async () => JSON.stringify(await config()) === JSON.stringify(expected));

  /** Until the service has seen this revision of the key: only then does an unchanged configuration mean something. */
  const untilSeen = (key: string, revision: bigint): Promise<boolean> =>
    eventually(async () => (await value(key)).revision >= Number(revision));

  beforeAll(async () => {
    server = await startKvorum();
    client = createClient({ endpoints: server.endpoint });
    service = await startExample("config-service", ["--endpoints", server.endpoint, "--port", "0"]);
    url = await untilPrinted(service, /listening on (\S+)/);
  });

  afterAll(async () => {
    await client.close();
    expect(await service.stop("SIGTERM")).toBe(0);
    await server.stop();
  });

  beforeEach(async () => {
    const { header } = await client.txn({
      then: Object.entries(DEFAULTS).map(([key, text]) => client.op.put(`/config/${key}`, String(text))),
    });
    // The configuration alone may look as it should before the service has seen this.
    await untilSeen("timeout", header.revision);
    await untilConfig(DEFAULTS);
  });

  it("seeds the defaults and serves them typed", async () => {
    expect(await config()).toEqual(DEFAULTS);
  });

  it("takes a change over that another client makes", async () => {
    await client.put("/config/timeout", "45");
    await untilConfig({ ...DEFAULTS, timeout: 45 });
  });

  it("keeps the last good configuration while etcd holds a bad value or a key is deleted", async () => {
    await client.put("/config/port", "99999");
    await client.delete("/config/app_name");
    const { header } = await client.put("/config/timeout", "46");
    await untilSeen("timeout", header.revision);
    expect(await config()).toEqual(DEFAULTS);
    await client.txn({ then: [client.op.put("/config/port", "9090"), client.op.put("/config/app_name", "mended")] });
    await untilConfig({ app_name: "mended", port: 9090, timeout: 46 });
  });

  it("judges what one transaction wrote as a whole", async () => {
    const { header } = await client.txn({
      then: [client.op.put("/config/port", "1"), client.op.put("/config/timeout", "bad")],
    });
    await untilSeen("port", header.revision);
    expect(await config()).toEqual(DEFAULTS);
  });

  it("writes a good value and gives its revision", async () => {
    const written = await put("port", { value: 9191 });
    expect(written).toMatchObject({ status: 200, body: { key: "port", value: "9191" } });
    const stored = await client.get("/config/port");
    expect(stored?.value).toBe("9191");
    expect(Number(stored?.modRevision)).toBe(written.body["revision"]);
    await untilConfig({ ...DEFAULTS, port: 9191 });
  });

  it("refuses bad values with the reason, before anything is written", async () => {
    const before = await client.list(prefix("/config/"));
    for (const [key, bad, reason] of [
      ["port", "http", "port must be a whole number"],
      ["port", 0, "port must be 1 or more"],
      ["port", 65_536, "port must be 65535 or less"],
      ["timeout", "-1", "timeout must be a whole number"],
      ["app_name", "   ", "app_name must not be empty"],
    ] as const) {
      expect(await put(key, { value: bad })).toEqual({ status: 400, body: { error: reason } });
    }
    expect((await client.list(prefix("/config/"))).kvs).toEqual(before.kvs);
    expect(await config()).toEqual(DEFAULTS);
  });

  it("refuses bodies that are not what it expects", async () => {
    expect((await put("port", { values: 1 })).status).toBe(400);
    expect((await put("port", 7)).status).toBe(400);
    const notJson = await fetch(`${url}/config/port`, { method: "PUT", body: "{" });
    expect([notJson.status, await notJson.json()]).toEqual([400, { error: "the body is not JSON" }]);
    const tooLarge = await fetch(`${url}/config/port`, { method: "PUT", body: "x".repeat(70_000) });
    expect(tooLarge.status).toBe(413);
  });

  it("answers 404 for a setting or a page that does not exist, and 405 for a wrong verb", async () => {
    expect((await put("colour", { value: "red" })).status).toBe(404);
    expect((await fetch(`${url}/nowhere`)).status).toBe(404);
    expect((await fetch(`${url}/config`, { method: "DELETE" })).status).toBe(405);
  });

  it("lets only one of two editors win who saw the same revision", async () => {
    const { revision } = await value("timeout");
    const answers = await Promise.all([
      put("timeout", { value: 51, revision }),
      put("timeout", { value: 52, revision }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const winner = answers.find(({ status }) => status === 200)?.body["value"];
    expect(answers.find(({ status }) => status === 409)?.body["current"]).toMatchObject({ value: winner });
    expect((await client.get("/config/timeout"))?.value).toBe(winner);
  });

  it("mends one bad key although another one is bad as well", async () => {
    await client.put("/config/port", "bad");
    await client.put("/config/timeout", "bad");
    expect((await put("port", { value: 9292 })).status).toBe(200);
    expect((await put("timeout", { value: 33 })).status).toBe(200);
    await untilConfig({ ...DEFAULTS, port: 9292, timeout: 33 });
  });

  it("tells event streams what was accepted and what was refused", async () => {
    const stop = new AbortController();
    const response = await fetch(`${url}/events`, { signal: stop.signal });
    const events = readEvents(response);
    expect((await events.next()).value?.name).toBe("snapshot");
    await client.put("/config/timeout", "47");
    expect((await events.next()).value?.data).toMatchObject({
      change: { outcome: "accepted", seen: "etcd", keys: [{ key: "timeout", from: "30", to: "47" }] },
      problem: null,
    });
    await client.put("/config/timeout", "soon");
    expect((await events.next()).value?.data).toMatchObject({
      change: { outcome: "refused", seen: "etcd", reason: "timeout must be a whole number" },
      problem: "timeout must be a whole number",
    });
    await put("timeout", { value: "0" });
    expect((await events.next()).value?.data).toMatchObject({
      change: { outcome: "refused", seen: "request", revision: null, reason: "timeout must be 1 or more" },
    });
    stop.abort();
  });

  it("ends with one line when its port is taken", async () => {
    const port = new URL(url).port;
    const { code, output } = await runExample("config-service", ["--endpoints", server.endpoint, "--port", port]);
    expect(output).toMatch(/^config-service: .*EADDRINUSE.*\n$/);
    expect(code).toBe(1);
  });

  it("is one page that asks nothing from elsewhere", async () => {
    const html = await (await fetch(url)).text();
    expect(html).toContain("<h1>Configuration</h1>");
    expect(html).not.toMatch(/(?:src|href)="(?!data:)/);
  });
});

async function* readEvents(response: Response): AsyncGenerator<{ name: string; data: unknown }, undefined, undefined> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf("\n\n"); end !== -1; end = text.indexOf("\n\n")) {
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      const name = /^event: (.*)$/m.exec(block)?.[1];
      if (name !== undefined) yield { name, data: JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? "null") };
    }
  }
  return undefined;
}
