/** Leases kept alive over streams that a test plays, on a clock that it moves. */
import { RpcError, StatusCode } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { Balancer } from "../net/balancer.js";
import { Caller } from "../net/caller.js";
import { Credentials } from "../net/credentials.js";
import { Endpoint } from "../net/endpoint.js";
import { Streams } from "../net/streams.js";
import { FakeTransport } from "../testing/fake-transport.js";
import { ManualClock } from "../testing/manual-clock.js";
import type { Lease } from "./lease.js";
import { Leases } from "./lease-api.js";

const TTL = 9;

function setUp(addresses: string[] = ["http://a"]) {
  const transport = new FakeTransport();
  const clock = new ManualClock();
  const endpoints = addresses.map((address) => new Endpoint(address, transport.factory, {}));
  const balancer = new Balancer(endpoints, "pick-first");
  const credentials = new Credentials(undefined, balancer, clock);
  const shared = { clock, random: () => 0.5 };
  const caller = new Caller({ balancer, credentials, ...shared, closed: new AbortController().signal });
  const leases = new Leases({ caller, streams: new Streams(balancer, credentials, clock), ...shared });
  transport.answer = ({ request }) => ({ ID: request["ID"], TTL: request["TTL"] });
  const keep = (id: bigint): Promise<Lease> => leases.keep({ ttl: TTL, id });
  /** How many keepalives each stream has been sent. */
  const sent = (): number[] => transport.streams.map((stream) => stream.requests.length);
  const calls = (method: string): number => transport.calls.filter((call) => call.method === method).length;
  return { transport, clock, leases, keep, sent, calls };
}

const alive = (ID: bigint, ttl = TTL) => ({ ID, TTL: BigInt(ttl) });

describe("the keeper", () => {
  it("renews all leases over one stream, each after a third of its time", async () => {
    const { transport, clock, keep, sent } = setUp();
    const [first, second] = [await keep(1n), await keep(2n)];
    await clock.advance(2_900);
    expect(transport.streams).toHaveLength(0);
    for (let round = 1; round <= 3; round++) {
      await clock.advance(200);
      expect(sent()).toEqual([2 * round]);
      transport.stream.answer(alive(1n));
      transport.stream.answer(alive(2n));
      await clock.advance(2_810);
    }
    expect([first.state, second.state]).toEqual(["active", "active"]);
  });

  it("asks another member when one is silent, keeps both, and stays with the one that answers", async () => {
    const { transport, clock, keep, leases, sent } = setUp(["http://a", "http://b"]);
    const lease = await keep(1n);
    await clock.advance(3_010);
    expect(sent()).toEqual([1]);
    // Patience is a sixth of the time to live: 1.5 s.
    await clock.advance(1_500);
    expect(sent()).toEqual([1, 1]);
    expect(transport.streams.map((stream) => stream.endpoint)).toEqual(["http://a", "http://b"]);
    expect(transport.streams.map((stream) => stream.closed)).toEqual([false, false]);
    // Other calls do not go to the silent member either.
    await leases.list();
    expect(transport.calls.at(-1)?.endpoint).toBe("http://b");
    transport.streams[1]?.answer(alive(1n));
    await clock.advance(0);
    expect(transport.streams.map((stream) => stream.closed)).toEqual([true, false]);
    expect(lease.state).toBe("active");
    await clock.advance(3_010);
    expect(sent()[1]).toBeGreaterThan(1);
  });

  it("opens a new connection where there is only one member, and a third stream where the second is silent", async () => {
    const { transport, clock, keep } = setUp();
    await keep(1n);
    await clock.advance(3_010 + 1_510);
    expect([transport.streams.length, transport.channels]).toEqual([2, 2]);
    await clock.advance(2_000);
    expect(transport.streams.map((stream) => stream.closed)).toEqual([true, false, false]);
  });

  it("goes round all members while none of them answers", async () => {
    const { transport, clock, keep } = setUp(["http://a", "http://b", "http://c"]);
    await keep(1n);
    await clock.advance(3_010 + 4_000);
    expect(transport.streams.map((stream) => stream.endpoint)).toEqual(["http://a", "http://b", "http://c"]);
  });

  it("tries again soon after its stream broke, elsewhere", async () => {
    const { transport, clock, keep, sent } = setUp(["http://a", "http://b"]);
    const lease = await keep(1n);
    await clock.advance(3_010);
    transport.stream.end(new RpcError(StatusCode.UNAVAILABLE, "etcdserver: no leader"));
    await clock.advance(110);
    expect(sent()).toEqual([1, 1]);
    expect(transport.stream.endpoint).toBe("http://b");
    transport.stream.answer(alive(1n));
    await clock.advance(0);
    expect(lease.remaining()).toBeGreaterThan(8_000);
  });

  it("does not let the timers live on when no lease is left", async () => {
    const { transport, clock, keep, leases, calls } = setUp();
    const lease = await keep(1n);
    await clock.advance(3_010);
    await lease.revoke();
    await lease.revoke();
    await clock.advance(0);
    expect([transport.stream.closed, calls("LeaseRevoke"), clock.pending]).toEqual([true, 1, 0]);
    await leases.close();
  });
});

describe("a kept lease", () => {
  it("is suspect, then lost before the server can have ended it, and stays lost", async () => {
    const { transport, clock, keep, calls } = setUp();
    const lease = await keep(1n);
    let lostAtMs = 0;
    const startMs = clock.nowMs();
    lease.signal.addEventListener("abort", () => {
      lostAtMs = clock.nowMs() - startMs;
    });
    await clock.advance(6_100);
    expect(lease.state).toBe("suspect");
    expect(() => lease.assertActive()).not.toThrow();
    await clock.advance(2_900);
    expect(lostAtMs).toBeGreaterThan(8_000);
    expect(lostAtMs).toBeLessThan(TTL * 1_000);
    expect(lease.signal.reason).toMatchObject({ name: "LeaseLostError", leaseId: 1n });
    transport.stream.answer(alive(1n));
    await clock.advance(0);
    expect([lease.state, lease.remaining()]).toEqual(["lost", 0]);
    // Whoever waits for its keys should not have to wait for the server to notice.
    expect(calls("LeaseRevoke")).toBe(1);
  });

  it("is lost at once when the server says that it is gone", async () => {
    const { transport, clock, keep } = setUp();
    const lease = await keep(1n);
    await clock.advance(3_010);
    transport.stream.answer(alive(1n, 0));
    await clock.advance(0);
    expect(lease.signal.reason).toMatchObject({ reason: "lease-lost", cause: { name: "LeaseNotFoundError" } });
  });

  it("knows that it is lost after a blocked event loop, before any timer has fired", async () => {
    const { clock, keep } = setUp();
    const lease = await keep(1n);
    clock.stall(8_600);
    expect(lease.remaining()).toBe(0);
    expect(() => lease.assertActive()).toThrow("was not acknowledged in time");
    expect(lease.signal.aborted).toBe(true);
  });

  it("stays lost when an answer comes after its deadline, even before any timer has fired", async () => {
    const { transport, clock, keep } = setUp();
    const lease = await keep(1n);
    await clock.advance(3_010);
    clock.stall(8_000);
    transport.stream.answer(alive(1n));
    await new Promise((resolve) => setImmediate(resolve));
    expect(lease.signal.reason).toMatchObject({ name: "LeaseLostError" });
    expect(lease.state).toBe("lost");
  });

  it("counts the time for which the machine was suspended", async () => {
    const { clock, keep } = setUp();
    const lease = await keep(1n);
    clock.suspend(4_000);
    expect(lease.state).toBe("suspect");
    expect(lease.remaining()).toBe(4_550);
    clock.suspend(5_000);
    expect(lease.state).toBe("lost");
  });

  it("uses the time that the server grants and not the one it asked for", async () => {
    const { transport, clock, leases } = setUp();
    transport.answer = ({ request }) => ({ ID: request["ID"], TTL: 60n });
    const lease = await leases.keep({ ttl: 1 });
    expect(lease.ttl).toBe(60);
    await clock.advance(30_000);
    expect(lease.state).toBe("active");
    lease.release();
    expect([lease.state, lease.signal.reason.name]).toEqual(["released", "AbortError"]);
    expect(() => lease.assertActive()).toThrow("was released");
  });

  it("is revoked when the client closes", async () => {
    const { keep, leases, calls } = setUp();
    const lease = await keep(1n);
    await leases.close();
    expect([lease.state, calls("LeaseRevoke")]).toEqual(["released", 1]);
  });
});

describe("a grant", () => {
  const failure = (code: keyof typeof StatusCode, details: string): RpcError => new RpcError(StatusCode[code], details);

  it("whose answer was lost is asked for again under the same id and found", async () => {
    const { transport, clock, leases } = setUp();
    const answers: (() => Record<string, unknown>)[] = [
      () => {
        throw failure("UNAVAILABLE", "connection lost");
      },
      () => {
        throw failure("FAILED_PRECONDITION", "etcdserver: lease already exists");
      },
      () => ({ TTL: 8n, grantedTTL: 9n }),
    ];
    transport.answer = () => answers.shift()?.() ?? {};
    const granting = leases.grant({ ttl: TTL });
    await clock.advance(1_000);
    const ids = transport.calls.map((call) => call.request["ID"]);
    expect(await granting).toEqual({ id: ids[0], ttl: 9 });
    expect(new Set(ids).size).toBe(1);
  });

  it("under an id that somebody else uses is refused", async () => {
    const { transport, leases } = setUp();
    transport.answer = ({ method }) => {
      if (method === "LeaseTimeToLive") return { TTL: 8n, grantedTTL: 9n };
      throw failure("FAILED_PRECONDITION", "etcdserver: lease already exists");
    };
    await expect(leases.grant({ ttl: TTL, id: 1 })).rejects.toMatchObject({ reason: "lease-exists" });
  });

  it("of no whole number of seconds is a mistake of the caller", async () => {
    const { leases } = setUp();
    for (const ttl of [0, 1.5, -1, Number.NaN]) await expect(leases.grant({ ttl })).rejects.toThrow(RangeError);
  });
});
