/** When keepalives are sent, on which stream, and what ends with a stream. */
import { RpcError, StatusCode } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import type { FakeStream } from "../testing/fake-transport.js";
import { alive, playedLeases, TTL } from "../testing/played-leases.js";

const lost = (): RpcError => new RpcError(StatusCode.UNAVAILABLE, "connection lost");

describe("the keeper", () => {
  it("renews all leases over one stream, each after a third of its time", async () => {
    const { transport, clock, keep, sent } = playedLeases();
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
    expect(transport.stream.options.metadata).toMatchObject({ hasleader: "true" });
  });

  it("spreads the renewals by a tenth of a third to both sides", async () => {
    const random = [0, 0.5, 0.999];
    const { transport, clock, keep } = playedLeases(["http://a"], { random: () => random.shift() ?? 0 });
    for (const id of [1n, 2n, 3n]) await keep(id);
    const sentAtMs: number[] = [];
    for (let ms = 0; ms < 3_500; ms += 10) {
      await clock.advance(10);
      while (sentAtMs.length < (transport.streams[0]?.requests.length ?? 0)) sentAtMs.push(ms);
    }
    const [early = 0, middle = 0, late = 0] = sentAtMs;
    expect(Math.abs(early - 2_700)).toBeLessThan(20);
    expect(Math.abs(middle - 3_000)).toBeLessThan(20);
    expect(Math.abs(late - 3_300)).toBeLessThan(20);
  });

  it("counts the third from when the acknowledged request was sent", async () => {
    const { transport, clock, keep, sent } = playedLeases();
    await keep(1n);
    await clock.advance(3_010);
    await clock.advance(1_400);
    transport.stream.answer(alive(1n));
    await clock.advance(1_590);
    expect(sent()).toEqual([1]);
    await clock.advance(30);
    expect(sent()).toEqual([2]);
  });

  it("asks another member when one is silent, keeps both, and stays with the one that answers", async () => {
    const { transport, clock, keep, leases, sent } = playedLeases(["http://a", "http://b"]);
    const lease = await keep(1n);
    await clock.advance(3_010);
    expect(sent()).toEqual([1]);
    // Patience is a sixth of the time to live: 1.5 s.
    await clock.advance(1_480);
    expect(sent()).toEqual([1]);
    await clock.advance(20);
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

  it("takes the answer of the slow one as well, and then closes the other", async () => {
    const { transport, clock, keep } = playedLeases(["http://a", "http://b"]);
    const lease = await keep(1n);
    await clock.advance(3_010 + 1_510);
    transport.streams[0]?.answer(alive(1n));
    await clock.advance(0);
    expect(transport.streams.map((stream) => stream.closed)).toEqual([false, true]);
    // It was sent after 3 s, and 1.5 s have passed since.
    expect(Math.abs(lease.remaining() - (9_000 - 450 - 1_510))).toBeLessThan(20);
  });

  it("is patient for two seconds at most", async () => {
    const { clock, leases, sent } = playedLeases(["http://a", "http://b"]);
    await leases.keep({ ttl: 600, id: 1n });
    await clock.advance(200_010);
    await clock.advance(1_980);
    expect(sent()).toEqual([1]);
    await clock.advance(20);
    expect(sent()).toEqual([1, 1]);
  });

  it("asks again after 100, 200, 400 and then every 500 ms", async () => {
    const { transport, clock, leases } = playedLeases(["http://a", "http://b"]);
    await leases.keep({ ttl: 60, id: 1n });
    await clock.advance(20_010 + 2_000);
    const second = transport.streams[1] as FakeStream;
    const sentAtMs = [0];
    for (let ms = 5; ms < 1_900; ms += 5) {
      await clock.advance(5);
      if (second.requests.length > sentAtMs.length) sentAtMs.push(ms);
    }
    const waits = sentAtMs.slice(1).map((ms, i) => ms - (sentAtMs[i] ?? 0));
    expect(waits.map((ms) => Math.round(ms / 50) * 50)).toEqual([100, 200, 400, 500, 500]);
  });

  it("opens a new connection where there is only one member, and a third stream where the second is silent", async () => {
    const { transport, clock, keep } = playedLeases();
    await keep(1n);
    await clock.advance(3_010 + 1_510);
    expect([transport.streams.length, transport.channels]).toEqual([2, 2]);
    await clock.advance(2_000);
    expect(transport.streams.map((stream) => stream.closed)).toEqual([true, false, false]);
  });

  it("goes round all members while none of them answers", async () => {
    const { transport, clock, keep } = playedLeases(["http://a", "http://b", "http://c"]);
    await keep(1n);
    await clock.advance(3_010 + 4_000);
    expect(transport.streams.map((stream) => stream.endpoint)).toEqual(["http://a", "http://b", "http://c"]);
  });

  it("tries again soon after its stream broke, elsewhere", async () => {
    const { transport, clock, keep, sent } = playedLeases(["http://a", "http://b"]);
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

  it("asks at once when the machine wakes up, and not a third of the time later", async () => {
    const { transport, clock, leases, sent } = playedLeases();
    const lease = await leases.keep({ ttl: 60, id: 1n });
    await clock.advance(500);
    clock.suspend(40_000);
    await clock.advance(1_010);
    expect([lease.state, sent()]).toEqual(["suspect", [1]]);
    transport.stream.answer(alive(1n, 60));
    await clock.advance(0);
    expect(lease.state).toBe("active");
    // Once.
    await clock.advance(5_000);
    expect(sent()).toEqual([1]);
  });

  it("does not let the timers live on when no lease is left", async () => {
    const { transport, clock, keep, leases, calls } = playedLeases();
    const lease = await keep(1n);
    await clock.advance(3_010);
    await lease.revoke();
    await lease.revoke();
    await clock.advance(0);
    expect([transport.stream.closed, calls("LeaseRevoke"), clock.pending]).toEqual([true, 1, 0]);
    await leases.close();
  });

  it("renews a lease that is kept twice for both of its holders", async () => {
    const { transport, clock, keep, leases } = playedLeases();
    const first = await keep(1n);
    const adopting = leases.adopt(1n);
    await clock.advance(0);
    transport.stream.answer(alive(1n));
    const second = await adopting;
    for (let round = 0; round < 5; round++) {
      await clock.advance(3_010);
      transport.stream.answer(alive(1n));
      transport.stream.answer(alive(1n));
      await clock.advance(0);
    }
    expect([first.state, second.state]).toEqual(["active", "active"]);
    first.release();
    await clock.advance(3_010);
    transport.stream.answer(alive(1n));
    await clock.advance(3_010);
    expect([first.state, second.state]).toEqual(["released", "active"]);
  });
});

describe("an error that ends the keepalive stream", () => {
  it("of the lease whose turn it was ends that lease and no other", async () => {
    const { transport, clock, keep, calls } = playedLeases();
    const first = await keep(1n);
    await clock.advance(10);
    const refused = await keep(2n);
    await clock.advance(10);
    const third = await keep(3n);
    await clock.advance(3_010);
    transport.stream.answer(alive(1n));
    await clock.advance(0);
    transport.stream.end(new RpcError(StatusCode.PERMISSION_DENIED, "etcdserver: permission denied"));
    await clock.advance(0);
    expect([first.state, refused.state, third.state]).toEqual(["active", "lost", "active"]);
    expect(refused.signal.reason).toMatchObject({ name: "LeaseLostError", cause: { reason: "permission-denied" } });
    await clock.advance(110);
    expect(transport.stream.requests.map((request) => request["ID"])).toEqual([3n]);
    // It may still be there.
    expect(calls("LeaseRevoke")).toBe(1);
  });

  it("because the lease is not found means that it is gone", async () => {
    const { transport, clock, keep, calls } = playedLeases();
    const lease = await keep(1n);
    await clock.advance(3_010);
    transport.stream.end(new RpcError(StatusCode.NOT_FOUND, "etcdserver: requested lease not found"));
    await clock.advance(0);
    expect(lease.state).toBe("lost");
    expect(lease.signal.reason).toMatchObject({ cause: { name: "LeaseNotFoundError" } });
    expect(calls("LeaseRevoke")).toBe(0);
  });

  it("of any other kind is the cause, should the lease be lost", async () => {
    const { transport, clock, keep } = playedLeases();
    const lease = await keep(1n);
    await clock.advance(3_010);
    for (let i = 0; i < 60 && lease.state !== "lost"; i++) {
      transport.stream.end(lost());
      await clock.advance(110);
    }
    expect(lease.signal.reason).toMatchObject({ reason: "lease-lost", cause: { code: "UNAVAILABLE" } });
    expect(clock.nowMs() - 1_000).toBeGreaterThan(8_500);
    expect(clock.nowMs() - 1_000).toBeLessThan(TTL * 1_000);
  });
});
