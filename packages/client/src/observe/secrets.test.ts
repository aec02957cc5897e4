/**
 * Nothing that a client says of itself holds a secret: not its log, not its messages, not its errors in any rendering. One
 * client is put through what goes right and what goes wrong, with secrets that can be told from all other text.
 */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { inspect } from "node:util";
import { RpcError, StatusCode } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { type Client, createClientIn } from "../client.js";
import { codec } from "../codec.js";
import { prefix } from "../keys.js";
import { type FakeCall, FakeTransport } from "../testing/fake-transport.js";
import { ManualClock } from "../testing/manual-clock.js";
import { creates } from "../testing/played-watches.js";
import { CHANNELS, callChannel } from "./channels.js";
import type { Logger } from "./logger.js";

const PASSWORD = "SECRET-password";
const TOKEN = "SECRET-token";
const VALUE = "SECRET-value";
const KEY_PEM = "SECRET-certificate-key";
const value = new TextEncoder().encode(VALUE);

/** All that an error or a message shows: as text, as JSON, as Node prints it, with what is hidden and to any depth. */
function renderings(shown: unknown): string {
  const json = JSON.stringify(shown, (_, field: unknown) => {
    if (typeof field === "bigint") return String(field);
    return field instanceof Uint8Array ? new TextDecoder().decode(field) : field;
  });
  const stack = shown instanceof Error ? shown.stack : "";
  // Bytes print as numbers: what is text to a person is looked for as text.
  const printed = inspect(shown, { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true });
  return [String(shown), json, stack, printed, printed.includes(inspect(value).slice(16, 60)) ? VALUE : ""].join("\n");
}

const failure = (code: keyof typeof StatusCode, text: string): RpcError => new RpcError(StatusCode[code], text);

describe("secrets", () => {
  it("are found by the test where they are", () => {
    for (const shown of [new Error("no", { cause: { PASSWORD } }), { a: { b: { c: { value } } } }, `x ${TOKEN}`]) {
      expect(renderings(shown)).toContain("SECRET");
    }
  });

  it("appear in no line of the log, no message of the channels and no error", async () => {
    const shown: unknown[] = [];
    const note = (message: unknown): void => {
      // At once: later the message may have changed.
      shown.push(renderings(message));
    };
    const log = (fields: Record<string, unknown>, message: string): void => note({ fields, message });
    const logger: Logger = { debug: log, info: log, warn: log, error: log };
    const names = [CHANNELS.connection, CHANNELS.watch, CHANNELS.lease];
    const calls = { start: note, end: note, asyncStart: note, asyncEnd: note, error: note };
    for (const name of names) subscribe(name, note);
    callChannel.subscribe(calls);
    const transport = new FakeTransport();
    const clock = new ManualClock();
    const client = createClientIn(
      { clock, random: () => 1 },
      {
        ...{ endpoints: "https://a", transport: transport.factory, syncMembers: false, logger },
        ...{ tls: { key: KEY_PEM, cert: KEY_PEM }, auth: { username: "root", password: PASSWORD } },
      },
    );
    try {
      await live(client, transport, clock, note);
    } finally {
      const closing = client.close();
      await clock.advance(10_000);
      await closing;
      for (const name of names) unsubscribe(name, note);
      callChannel.unsubscribe(calls);
    }
    expect(shown.length).toBeGreaterThan(100);
    for (const text of shown) expect(text).not.toContain("SECRET");
  });
});

async function live(
  client: Client,
  transport: FakeTransport,
  clock: ManualClock,
  note: (shown: unknown) => void,
): Promise<void> {
  const kv = { key: new TextEncoder().encode("k"), value, modRevision: 6n, createRevision: 6n, version: 1n };
  let fail: ((call: FakeCall) => void) | undefined;
  transport.answer = (call) => {
    if (call.method === "Authenticate") return { token: TOKEN };
    if (call.method === "Status") return { leader: 1n };
    fail?.(call);
    if (call.method === "LeaseGrant") return { ID: 7n, TTL: 9n };
    return call.method === "Range" ? { kvs: [kv], count: 1n } : { prevKv: kv };
  };
  /** Lets a call fail in its own way, or answer, and notes what its caller gets to see of an error. */
  const attempt = async (make: () => Promise<unknown>): Promise<void> => {
    const made = make().catch((error: unknown) => {
      if (!(error instanceof Error) && typeof error !== "string") throw new TypeError("not an error");
      note(error);
    });
    await clock.advance(12_000);
    await made;
  };
  const everything = [
    () => client.put("k", VALUE, { prevKv: true }),
    () => client.get("k"),
    () => client.create("k", VALUE),
    () => client.put("k", VALUE, { retry: "exactly-once" }),
    () => client.auth.userAdd("bob", { password: PASSWORD }),
    () => client.auth.userChangePassword("bob", PASSWORD),
    () => client.rpc.auth.authenticate({ name: "bob", password: PASSWORD }),
    () => client.health(),
  ];
  for (const make of everything) await attempt(make);
  const failures = [
    failure("UNAVAILABLE", "etcdserver: request timed out"),
    failure("UNAUTHENTICATED", "etcdserver: invalid auth token"),
    failure("PERMISSION_DENIED", "etcdserver: permission denied"),
    failure("INVALID_ARGUMENT", "etcdserver: authentication failed, invalid user ID or password"),
    failure("RESOURCE_EXHAUSTED", "etcdserver: mvcc: database space exceeded"),
    failure("DEADLINE_EXCEEDED", "late"),
  ];
  for (const error of failures) {
    fail = () => {
      throw error;
    };
    for (const make of everything) await attempt(make);
  }
  fail = undefined;
  await attempt(() => client.put("", VALUE));
  await attempt(() => client.put("k", { VALUE } as unknown as string));
  await attempt(() => client.auth.userAdd("", { password: PASSWORD }));
  await attempt(() => client.withCodec(codec.json<{ a: number }>()).get("k"));

  const watch = client.watch(prefix("k"), { prevKv: true });
  const granting = client.lease.keep({ ttl: 9 });
  await clock.advance(1_000);
  const lease = await granting;
  const stream = transport.streams.find((candidate) => candidate.method === "Watch");
  if (stream === undefined) throw new Error("no watch was opened");
  const [[watchId] = [0n]] = creates(stream);
  stream.answer({ watchId, created: true, header: { revision: 5n } });
  stream.answer({ watchId, header: { revision: 6n }, events: [{ kv, prevKv: kv }] });
  await clock.advance(0);
  stream.end(failure("UNAVAILABLE", "connection reset"));
  await clock.advance(30_000);
  note(lease.signal.reason);
  await watch.close();
}
