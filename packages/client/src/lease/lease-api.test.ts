/** Granting and looking up leases; above all what becomes of a grant whose answer does not arrive. */
import { RpcError, StatusCode } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { LeaseNotFoundError } from "../errors.js";
import { alive, playedLeases, TTL } from "../testing/played-leases.js";

const failure = (code: keyof typeof StatusCode, details: string): RpcError => new RpcError(StatusCode[code], details);

describe("a grant", () => {
  it("is not renewed: the lease runs out", async () => {
    const { transport, clock, leases } = playedLeases();
    await leases.grant({ ttl: TTL });
    await clock.advance(60_000);
    expect([transport.streams.length, transport.calls.length, clock.pending]).toEqual([0, 1, 0]);
  });

  it("gets an id of the client's choosing, random and positive", async () => {
    const { transport, leases } = playedLeases();
    for (let i = 0; i < 50; i++) await leases.grant({ ttl: TTL });
    const ids = transport.calls.map((call) => call.request["ID"] as bigint);
    expect(new Set(ids).size).toBe(50);
    for (const id of ids) expect(id > 0n && id < 2n ** 63n).toBe(true);
    // Bits that a number would not have.
    expect(ids.some((id) => id > 2n ** 60n)).toBe(true);
  });

  it("whose answer was lost is asked for again under the same id and found", async () => {
    const { transport, clock, leases, calls } = playedLeases();
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
    expect(calls("LeaseRevoke")).toBe(0);
  });

  it("under an id that somebody else uses is refused, and the other's lease is left alone", async () => {
    const { transport, leases, clock, calls } = playedLeases();
    transport.answer = ({ method }) => {
      if (method === "LeaseTimeToLive") return { TTL: 8n, grantedTTL: 9n };
      throw failure("FAILED_PRECONDITION", "etcdserver: lease already exists");
    };
    await expect(leases.grant({ ttl: TTL, id: 1 })).rejects.toMatchObject({ reason: "lease-exists" });
    await clock.advance(10_000);
    expect(calls("LeaseRevoke")).toBe(0);
  });

  it("that is aborted on its way leaves no lease behind", async () => {
    const { transport, clock, leases } = playedLeases();
    const abort = new AbortController();
    transport.answer = ({ method }) => (method === "LeaseGrant" ? new Promise(() => undefined) : {});
    const granting = leases.keep({ ttl: TTL, signal: abort.signal });
    const reason = new Error("enough");
    abort.abort(reason);
    await expect(granting).rejects.toBe(reason);
    await clock.advance(0);
    const [grant, revoke] = transport.calls;
    expect(revoke).toMatchObject({ method: "LeaseRevoke", request: { ID: grant?.request["ID"] } });
  });

  it("that fails with an unknown outcome leaves no lease behind", async () => {
    const { transport, clock, leases } = playedLeases();
    transport.answer = ({ method }) => {
      if (method === "LeaseRevoke") return {};
      throw failure("UNAVAILABLE", "connection lost");
    };
    const granting = leases.grant({ ttl: TTL, retry: "never" });
    await expect(granting).rejects.toMatchObject({ outcome: "unknown" });
    await clock.advance(0);
    expect(transport.calls.map((call) => call.method)).toEqual(["LeaseGrant", "LeaseRevoke"]);
  });

  it.each([
    ["refused", {}, failure("OUT_OF_RANGE", "etcdserver: too large lease TTL")],
    ["under an id of the caller's", { id: 7 }, failure("UNAVAILABLE", "connection lost")],
  ])("that is %s revokes nothing when it fails", async (_, options, error) => {
    const { transport, clock, leases, calls } = playedLeases();
    transport.answer = () => {
      throw error;
    };
    await expect(leases.grant({ ttl: TTL, retry: "never", ...options })).rejects.toThrow();
    await clock.advance(0);
    expect(calls("LeaseRevoke")).toBe(0);
  });

  it("with a signal that has aborted already asks for nothing", async () => {
    const { transport, leases } = playedLeases();
    await expect(leases.grant({ ttl: TTL, signal: AbortSignal.abort("enough") })).rejects.toBe("enough");
    expect(transport.calls).toEqual([]);
  });

  it("of no whole number of seconds is a mistake of the caller", async () => {
    const { leases } = playedLeases();
    for (const ttl of [0, 1.5, -1, Number.NaN]) await expect(leases.grant({ ttl })).rejects.toThrow(RangeError);
  });
});

describe("a lease that is gone", () => {
  it("cannot be renewed once: a time to live of 0 is no success", async () => {
    const { transport, clock, leases } = playedLeases();
    const renewing = expect(leases.keepAliveOnce(7n)).rejects.toBeInstanceOf(LeaseNotFoundError);
    await clock.advance(0);
    transport.stream.answer(alive(7n, 0));
    await renewing;
  });

  it("cannot be adopted", async () => {
    const { transport, clock, leases } = playedLeases();
    const adopting = expect(leases.adopt(7n)).rejects.toMatchObject({ reason: "lease-not-found" });
    await clock.advance(0);
    transport.stream.answer(alive(7n, 0));
    await adopting;
    expect(clock.pending).toBe(0);
  });

  it("is revoked already, and has no time to live", async () => {
    const { transport, leases } = playedLeases();
    transport.answer = ({ method }) => {
      if (method === "LeaseTimeToLive") return { TTL: -1n };
      throw failure("NOT_FOUND", "etcdserver: requested lease not found");
    };
    await leases.revoke(7n);
    expect(await leases.timeToLive(7n)).toBeUndefined();
  });
});
