/** What a client publishes and logs as things happen to its connections, watches, leases and tokens. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { RpcError, StatusCode } from "@kvorum/transport";
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import { type Client, type ClientOptions, createClientIn } from "../client.js";
import { prefix } from "../keys.js";
import { FakeTransport } from "../testing/fake-transport.js";
import { ManualClock } from "../testing/manual-clock.js";
import { creates } from "../testing/played-watches.js";
import { CHANNELS } from "./channels.js";
import { reportLeak } from "./leaks.js";
import type { Logger } from "./logger.js";
import type { ConnectionMessage, LeaseMessage, WatchMessage } from "./messages.js";
import { Observer } from "./observer.js";

type Line = { readonly level: keyof Logger; readonly fields: Record<string, unknown>; readonly message: string };

function logTo(lines: Line[]): Logger {
  const at = (level: keyof Logger) => (fields: Record<string, unknown>, message: string) => {
    lines.push({ level, fields, message });
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

function setUp(options: Partial<ClientOptions> = {}) {
  const transport = new FakeTransport();
  const clock = new ManualClock();
  const lines: Line[] = [];
  const client: Client = createClientIn(
    { clock, random: () => 1 },
    {
      ...{ endpoints: "http://a", transport: transport.factory, syncMembers: false, logger: logTo(lines) },
      ...options,
    },
  );
  return { transport, clock, client, lines };
}

/** Everything that is published while a test runs. */
const connections: ConnectionMessage[] = [];
const watches: WatchMessage[] = [];
const leases: LeaseMessage[] = [];
const listeners: [string, (message: unknown) => void][] = [
  [CHANNELS.connection, (message) => connections.push(message as ConnectionMessage)],
  [CHANNELS.watch, (message) => watches.push(message as WatchMessage)],
  [CHANNELS.lease, (message) => leases.push(message as LeaseMessage)],
];
beforeEach(() => {
  for (const seen of [connections, watches, leases]) seen.length = 0;
  for (const [name, listener] of listeners) subscribe(name, listener);
});
afterEach(() => {
  for (const [name, listener] of listeners) unsubscribe(name, listener);
});

const refused = (): RpcError => new RpcError(StatusCode.UNAVAILABLE, "connect ECONNREFUSED", { maybeSent: false });
const levels = (lines: readonly Line[]): string[] => lines.map(({ level, message }) => `${level} ${message}`);

describe("a connection", () => {
  it("tells of each of its states, and warns when a member is left alone", async () => {
    const { client, transport, clock, lines } = setUp();
    let down = true;
    transport.answer = () => {
      if (down) throw refused();
      return {};
    };
    const call = client.get("k");
    await clock.advance(200);
    down = false;
    await clock.advance(2_000);
    await call;
    expect(connections.map(({ endpoint, previous, state }) => [endpoint, previous, state])).toEqual([
      ["http://a", "idle", "cooling"],
      ["http://a", "cooling", "ready"],
    ]);
    expect(levels(lines)).toEqual([
      "warn etcd: http://a does not answer well and is asked last",
      "info etcd: http://a answers again",
    ]);
    await client.close();
  });
});

describe("a watch", () => {
  it("tells when it is created, what it gets, that it broke and goes on, and that it is over", async () => {
    const { client, transport, clock, lines } = setUp({ namespace: "app/" });
    const watch = client.watch(prefix("k"));
    await clock.advance(0);
    transport.stream.answer({ watchId: 1n, created: true, header: { revision: 5n } });
    await watch.ready;
    const kv = { key: new TextEncoder().encode("app/k"), modRevision: 6n, value: new TextEncoder().encode("v") };
    transport.stream.answer({ watchId: 1n, header: { revision: 6n }, events: [{ kv }] });
    await clock.advance(0);
    transport.stream.end(new RpcError(StatusCode.UNAVAILABLE, "connection reset"));
    await clock.advance(2_000);
    const [[watchId] = [0n]] = creates(transport.stream);
    transport.stream.answer({ watchId, created: true, header: { revision: 9n } });
    await clock.advance(0);
    await watch.close();
    await watch.close();
    expect(watches.map(({ watch: _, ...happening }) => happening)).toEqual([
      { event: "created", revision: 5n },
      { event: "events", count: 1, lag: 1 },
      { event: "disconnected" },
      { event: "resumed", revision: expect.any(BigInt) },
      { event: "closed", error: undefined },
    ]);
    const [first] = watches;
    expect(new TextDecoder().decode(first?.watch.key)).toBe("app/k");
    expect(new Set(watches.map((message) => message.watch)).size).toBe(1);
    expect(levels(lines).filter((line) => line.includes("watch"))).toEqual([
      'debug etcd: watch of "app/k" is open',
      'info etcd: watch of "app/k" lost its connection',
      'info etcd: watch of "app/k" goes on',
      'debug etcd: watch of "app/k" is over',
    ]);
    await client.close();
  });

  it("tells that it is parked with its lag, and that its history is compacted", async () => {
    const { client, transport, clock, lines } = setUp();
    const slow = client.watch(prefix("k"), { bufferSize: 2 });
    await clock.advance(0);
    transport.stream.answer({ watchId: 1n, created: true, header: { revision: 5n } });
    const event = (modRevision: bigint) => ({ kv: { key: new TextEncoder().encode("k"), modRevision } });
    transport.stream.answer({ watchId: 1n, header: { revision: 7n }, events: [event(6n), event(7n)] });
    await clock.advance(0);
    await slow.close();
    const old = client.watch(prefix("k"), { startRevision: 3 });
    await clock.advance(0);
    const [[watchId] = [0n]] = creates(transport.stream);
    transport.stream.answer({ watchId, created: true, header: { revision: 9n } });
    transport.stream.answer({ watchId, canceled: true, compactRevision: 8n, header: { revision: 9n } });
    await clock.advance(0);
    await expect(old[Symbol.asyncIterator]().next()).rejects.toMatchObject({ reason: "compacted" });
    const told = watches.filter(({ event: name }) => name === "parked" || name === "compacted" || name === "closed");
    expect(told.map(({ watch: _, ...happening }) => happening)).toEqual([
      { event: "parked", lag: 2 },
      { event: "closed", error: undefined },
      { event: "compacted", compactRevision: 8n, requested: 3n },
      { event: "closed", error: expect.objectContaining({ reason: "compacted" }) },
    ]);
    expect(lines.filter(({ level }) => level === "warn").map(({ message }) => message)).toEqual([
      'etcd: watch of "k" is parked: its consumer is 2 behind',
      'etcd: watch of "k" needs history that is compacted',
    ]);
    await client.close();
  });
});

describe("a watch that is dropped without being closed", () => {
  const leak = (observer: Observer, over: boolean) => ({
    ...{ observer, key: new TextEncoder().encode("k"), openedAt: "    at somewhere.js:1:1", subscription: { over } },
  });

  it("is a warning with the line that opened it, to the logger or else to the process", async () => {
    const lines: Line[] = [];
    reportLeak(leak(new Observer(logTo(lines)), false));
    expect(lines).toEqual([
      {
        level: "warn",
        fields: { key: "k", openedAt: "    at somewhere.js:1:1" },
        message: 'etcd: a watch of "k" was dropped without being closed: use await using, or close()',
      },
    ]);
    const warned = new Promise<Error & { code?: string; detail?: string }>((resolve) => {
      process.once("warning", resolve);
    });
    reportLeak(leak(new Observer(), false));
    expect(await warned).toMatchObject({ code: "KVORUM_WATCH_LEAK", detail: "    at somewhere.js:1:1" });
  });

  it("is noticed when it is collected, while one that was closed is not", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const { client, clock, lines } = setUp();
    // In functions of their own, whose frames keep nothing once they are left.
    const open = (key: string): void => {
      client.watch(key);
    };
    const openAndClose = async (key: string): Promise<void> => {
      const watch = client.watch(key);
      await clock.advance(0);
      await watch.close();
    };
    await openAndClose("closed");
    open("dropped");
    await clock.advance(0);
    const warnings = (): Line[] => lines.filter(({ level }) => level === "warn");
    for (let left = 10; left > 0 && warnings().length === 0; left--) {
      collect();
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(warnings()).toMatchObject([
      { fields: { key: "dropped", openedAt: expect.stringContaining("events.test") } },
    ]);
    await client.close();
  });

  it("is none when it has ended before", () => {
    const lines: Line[] = [];
    reportLeak(leak(new Observer(logTo(lines)), true));
    expect(lines).toEqual([]);
  });
});

describe("a lease that is kept alive", () => {
  it("tells when it is renewed, in danger, safe again, and lost", async () => {
    const { client, transport, clock, lines } = setUp();
    transport.answer = ({ method, request }) => (method === "LeaseGrant" ? { ID: request["ID"], TTL: 9n } : {});
    const lease = await client.lease.keep({ ttl: 9, id: 7 });
    await clock.advance(3_400);
    transport.stream.answer({ ID: 7n, TTL: 9n });
    await clock.advance(0);
    expect(leases).toEqual([
      { lease: 7n, event: "granted", ttl: 9 },
      { lease: 7n, event: "renewed", ttl: 9, recovered: false },
    ]);
    await clock.advance(6_500);
    expect(leases.at(-1)).toMatchObject({ event: "suspect" });
    expect(lease.state).toBe("suspect");
    transport.stream.answer({ ID: 7n, TTL: 9n });
    await clock.advance(0);
    expect(leases.at(-1)).toEqual({ lease: 7n, event: "renewed", ttl: 9, recovered: true });
    await clock.advance(20_000);
    expect(lease.state).toBe("lost");
    expect(leases.map(({ event }) => event)).toEqual(["granted", "renewed", "suspect", "renewed", "suspect", "lost"]);
    const told = lines.filter(({ fields }) => "lease" in fields).map(({ level, fields }) => [level, fields["event"]]);
    expect(told).toEqual([
      ["debug", "granted"],
      ["warn", "suspect"],
      ["info", "renewed"],
      ["warn", "suspect"],
      ["error", "lost"],
    ]);
    await client.close();
  });

  it("tells whether its owner revoked it or let it run out, once", async () => {
    const { client, transport } = setUp();
    transport.answer = ({ method, request }) => (method === "LeaseGrant" ? { ID: request["ID"], TTL: 9n } : {});
    const first = await client.lease.keep({ ttl: 9, id: 1 });
    const second = await client.lease.keep({ ttl: 9, id: 2 });
    await first.revoke();
    await first.revoke();
    second.release();
    expect(leases.slice(2)).toEqual([
      { lease: 1n, event: "revoked" },
      { lease: 2n, event: "released" },
    ]);
    await client.close();
  });
});

describe("a token", () => {
  it("that is asked for, or for another time, is a line without it", async () => {
    const { client, transport, clock, lines } = setUp({ auth: { username: "root", password: "hunter2" } });
    let accepted = "token-1";
    let tokens = 0;
    transport.answer = ({ method, options }) => {
      if (method === "Authenticate") return { token: `token-${++tokens}` };
      const token = (options.metadata as Record<string, unknown> | undefined)?.["token"];
      if (token !== accepted) throw new RpcError(StatusCode.UNAUTHENTICATED, "etcdserver: invalid auth token");
      return {};
    };
    await client.get("k");
    accepted = "token-2";
    const again = client.get("k");
    await clock.advance(200);
    await again;
    expect(levels(lines).filter((line) => line.includes("token"))).toEqual([
      "debug etcd: asking for a token",
      "info etcd: asking for another token",
    ]);
    expect(JSON.stringify(lines)).not.toMatch(/hunter2|token-\d/);
    await client.close();
  });
});

describe("the logger", () => {
  it("may be one of pino, and one whose functions take more than is given", () => {
    /** The shape of pino's functions, as its types have it. */
    interface PinoLogFunction {
      <T extends object>(fields: T, message?: string, ...values: unknown[]): void;
      (fields: unknown, message?: string, ...values: unknown[]): void;
      (message: string, ...values: unknown[]): void;
    }
    type Pino = Record<"fatal" | "error" | "warn" | "info" | "debug" | "trace" | "silent", PinoLogFunction> & {
      level: string;
      child(bindings: object): Pino;
    };
    expectTypeOf<Pino>().toExtend<Logger>();
    expectTypeOf<Console>().toExtend<Logger>();
    expectTypeOf<{ log(text: string): void }>().not.toExtend<Logger>();
  });
});
