/** What a holder is told about its lease, and when. */
import { describe, expect, it } from "vitest";
import { ClientClosedError } from "../errors.js";
import { alive, playedLeases, TTL } from "../testing/played-leases.js";

describe("a kept lease", () => {
  it("is suspect, then lost before the server can have ended it, and stays lost", async () => {
    const { transport, clock, keep, calls } = playedLeases();
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

  it("that is lost stays so when its owner lets it go", async () => {
    const { clock, keep, calls } = playedLeases();
    const [first, second] = [await keep(1n), await keep(2n)];
    clock.stall(8_600);
    expect([first.state, second.state]).toEqual(["lost", "lost"]);
    first.release();
    await second.revoke();
    expect([first.state, second.state]).toEqual(["lost", "lost"]);
    expect(() => first.assertActive()).toThrow("was not acknowledged in time");
    // Once for each when it was lost; and once more for the owner who asks for it.
    expect(calls("LeaseRevoke")).toBe(3);
  });

  it("is lost at once when the server says that it is gone, and there is nothing to revoke", async () => {
    const { transport, clock, keep, calls } = playedLeases();
    const lease = await keep(1n);
    await clock.advance(3_010);
    transport.stream.answer(alive(1n, 0));
    await clock.advance(0);
    expect(lease.signal.reason).toMatchObject({ reason: "lease-lost", cause: { name: "LeaseNotFoundError" } });
    expect(() => lease.assertActive()).toThrow("has expired on the server");
    expect(calls("LeaseRevoke")).toBe(0);
  });

  it("counts from the request that was acknowledged and not from its answer", async () => {
    const { transport, clock, keep } = playedLeases();
    const lease = await keep(1n);
    await clock.advance(3_002);
    await clock.advance(1_400);
    transport.stream.answer(alive(1n));
    await clock.advance(0);
    expect(Math.abs(lease.remaining() - (9_000 - 450 - 1_400))).toBeLessThan(10);
  });

  it("knows that it is lost after a blocked event loop, before any timer has fired", async () => {
    const { clock, keep } = playedLeases();
    const lease = await keep(1n);
    clock.stall(8_600);
    expect(lease.remaining()).toBe(0);
    expect(() => lease.assertActive()).toThrow("was not acknowledged in time");
    expect(lease.signal.aborted).toBe(true);
  });

  it("stays lost when an answer comes after its deadline, even before any timer has fired", async () => {
    const { transport, clock, keep } = playedLeases();
    const lease = await keep(1n);
    await clock.advance(3_010);
    clock.stall(8_000);
    transport.stream.answer(alive(1n));
    await new Promise((resolve) => setImmediate(resolve));
    expect(lease.signal.reason).toMatchObject({ name: "LeaseLostError" });
    expect(lease.state).toBe("lost");
  });

  it("counts the time for which the machine was suspended", async () => {
    const { clock, keep } = playedLeases();
    const lease = await keep(1n);
    clock.suspend(4_000);
    expect(lease.state).toBe("suspect");
    expect(lease.remaining()).toBe(4_550);
    clock.suspend(5_000);
    expect(lease.state).toBe("lost");
  });

  it("stays suspect after a suspend until what was sent after it is acknowledged", async () => {
    const { transport, clock, keep } = playedLeases();
    const lease = await keep(1n);
    await clock.advance(3_002);
    clock.suspend(4_000);
    // Sent before the machine was suspended, answered after.
    transport.stream.answer(alive(1n));
    await clock.advance(0);
    expect(lease.state).toBe("suspect");
    await clock.advance(1_010);
    transport.stream.answer(alive(1n));
    await clock.advance(0);
    expect(lease.state).toBe("active");
  });

  it("is not troubled by a wall clock that is set back", async () => {
    const { clock, keep } = playedLeases();
    const lease = await keep(1n);
    clock.suspend(-3_600_000);
    await clock.advance(1_000);
    expect([lease.state, lease.remaining()]).toEqual(["active", 7_550]);
  });

  it("uses the time that the server grants and not the one it asked for", async () => {
    const { transport, clock, leases } = playedLeases();
    transport.answer = ({ request }) => ({ ID: request["ID"], TTL: 60n });
    const lease = await leases.keep({ ttl: 1 });
    expect(lease.ttl).toBe(60);
    await clock.advance(20_010);
    transport.stream.answer(alive(lease.id, 30));
    await clock.advance(9_000);
    expect([lease.state, lease.ttl]).toEqual(["active", 30]);
  });

  it("that is released is left to run out, and its signal tells that from a loss", async () => {
    const { clock, keep, calls } = playedLeases();
    const lease = await keep(1n);
    lease.release();
    expect([lease.state, lease.remaining(), lease.signal.reason.name]).toEqual(["released", 0, "AbortError"]);
    expect(() => lease.assertActive()).toThrow("was released");
    await clock.advance(60_000);
    expect([lease.state, calls("LeaseRevoke"), clock.pending]).toEqual(["released", 0, 0]);
  });
});

describe("revoking a kept lease", () => {
  const timeouts = (calls: readonly { method: string; options: { timeoutMs?: number } }[]): (number | undefined)[] =>
    calls.filter((call) => call.method === "LeaseRevoke").map((call) => call.options.timeoutMs);

  it("takes no longer than the lease has left", async () => {
    const { transport, clock, keep } = playedLeases();
    const [first, second] = [await keep(1n), await keep(2n)];
    await clock.advance(2_000);
    await first.revoke();
    await second.revoke({ timeout: 700 });
    expect(timeouts(transport.calls)).toEqual([6_550, 700]);
    expect([first.state, second.state]).toEqual(["released", "released"]);
  });

  it("takes no longer than any call either", async () => {
    const { transport, leases } = playedLeases(["http://a"], { timeoutMs: 3_000 });
    await (await leases.keep({ ttl: 600 })).revoke();
    expect(timeouts(transport.calls)).toEqual([3_000]);
  });

  it("stops the renewing first, whatever comes of it", async () => {
    const { transport, clock, keep } = playedLeases();
    const lease = await keep(1n);
    transport.answer = () => new Promise(() => undefined);
    const revoking = lease.revoke();
    expect([lease.state, lease.signal.reason.name]).toEqual(["released", "AbortError"]);
    await clock.advance(5_000);
    expect(transport.streams).toEqual([]);
    revoking.catch(() => undefined);
  });

  it("is what disposing does", async () => {
    const { keep, calls } = playedLeases();
    const lease = await keep(1n);
    await lease[Symbol.asyncDispose]();
    expect([lease.state, calls("LeaseRevoke")]).toEqual(["released", 1]);
  });
});

describe("closing the client", () => {
  it("revokes what is kept", async () => {
    const { keep, leases, calls } = playedLeases();
    const [first, second] = [await keep(1n), await keep(2n)];
    await leases.close();
    expect([first.state, second.state, calls("LeaseRevoke")]).toEqual(["released", "released", 2]);
  });

  it("releases it where that is asked for", async () => {
    const { keep, leases, calls, clock } = playedLeases(["http://a"], { onClose: "release" });
    const lease = await keep(1n);
    await leases.close();
    expect([lease.state, calls("LeaseRevoke"), clock.pending]).toEqual(["released", 0, 0]);
  });

  it("grants nothing more, to whoever hears of the end of its lease either", async () => {
    const { transport, keep, leases, calls } = playedLeases();
    const lease = await keep(1n);
    let again: Promise<unknown> | undefined;
    lease.signal.addEventListener("abort", () => {
      again = Promise.allSettled([keep(2n), leases.grant({ ttl: TTL }), leases.adopt(1n)]);
    });
    await leases.close();
    const refused = { status: "rejected", reason: expect.any(ClientClosedError) };
    expect(await again).toEqual([refused, refused, refused]);
    expect([calls("LeaseGrant"), calls("LeaseRevoke"), transport.streams.length]).toEqual([1, 1, 0]);
  });

  it("leaves no lease behind whose grant was on its way", async () => {
    const { transport, keep, leases, calls } = playedLeases();
    await keep(1n);
    let granted = (): void => undefined;
    let revoked = (): void => undefined;
    transport.answer = ({ method, request }) =>
      new Promise((resolve) => {
        const answer = (): void => resolve({ ID: request["ID"], TTL: BigInt(TTL) });
        if (method === "LeaseGrant") granted = answer;
        else if (request["ID"] === 1n) revoked = answer;
        else answer();
      });
    const keeping = expect(keep(2n)).rejects.toBeInstanceOf(ClientClosedError);
    const closing = leases.close();
    granted();
    await keeping;
    revoked();
    await closing;
    expect(calls("LeaseRevoke")).toBe(2);
  });
});
