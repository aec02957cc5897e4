/** One call over its attempts: budget, retries, outcome, abort. The transport is played, the clock is moved by hand. */
import { KV, Lease } from "@kvorum/proto";
import { RpcError, type RpcErrorOptions, StatusCode } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { ClientClosedError, type EtcdError, TimeoutError, UnavailableError } from "../errors.js";
import { FakeTransport } from "../testing/fake-transport.js";
import { ManualClock } from "../testing/manual-clock.js";
import { Balancer } from "./balancer.js";
import { Caller } from "./caller.js";
import { type AuthOptions, Credentials } from "./credentials.js";
import { Endpoint } from "./endpoint.js";

function setUp(addresses: string[] = ["http://a"], auth?: AuthOptions) {
  const transport = new FakeTransport();
  const clock = new ManualClock();
  const endpoints = addresses.map((address) => new Endpoint(address, transport.factory, {}));
  const balancer = new Balancer(endpoints, "pick-first");
  const credentials = new Credentials(auth, balancer, clock);
  const close = new AbortController();
  const doubts = { count: 0 };
  const onMembershipDoubt = (): void => {
    doubts.count += 1;
  };
  const caller = new Caller({ balancer, credentials, clock, random: () => 1, closed: close.signal, onMembershipDoubt });
  /** Fails the first calls with these errors, one each, and answers all others. */
  const failing = (...errors: RpcError[]): void => {
    transport.answer = () => {
      const error = errors.shift();
      if (error !== undefined) throw error;
      return {};
    };
  };
  return { transport, clock, caller, close, failing, endpoints, doubts };
}

const failure = (code: keyof typeof StatusCode, details: string, options?: RpcErrorOptions): RpcError =>
  new RpcError(StatusCode[code], details, options);
const refusedConnection = (): RpcError => failure("UNAVAILABLE", "connect ECONNREFUSED", { maybeSent: false });
const timedOut = (): RpcError => failure("UNAVAILABLE", "etcdserver: request timed out");

describe("a write", () => {
  it("is sent once when its outcome is unknown, and says so", async () => {
    const { caller, transport, failing } = setUp(["http://a", "http://b"]);
    failing(timedOut());
    await expect(caller.unary(KV.method.put, {}, "write")).rejects.toMatchObject({
      outcome: "unknown",
      reason: "server-timeout",
      attempts: 1,
      endpoint: "http://a",
      method: "/etcdserverpb.KV/Put",
    });
    expect(transport.calls).toHaveLength(1);
  });

  it("is sent again, elsewhere and at once, when it never left", async () => {
    const { caller, transport, failing } = setUp(["http://a", "http://b"]);
    failing(refusedConnection());
    await caller.unary(KV.method.put, {}, "write");
    expect(transport.calls.map((call) => call.endpoint)).toEqual(["http://a", "http://b"]);
  });

  it("waits for a member to come back for as long as its budget lasts, and was then not applied", async () => {
    const { caller, transport, clock } = setUp();
    transport.answer = () => {
      throw refusedConnection();
    };
    const call = caller.unary(KV.method.put, {}, "write", { timeout: 3_000 }).catch((error: EtcdError) => error);
    await clock.advance(3_000);
    const error = (await call) as EtcdError;
    expect(error).toBeInstanceOf(UnavailableError);
    expect(error.outcome).toBe("not-applied");
    // 50, 100, 200, 400, 800 ms and then 1,600, which would be too late.
    expect(error.attempts).toBe(6);
  });

  it("may use its whole budget in one attempt, because there is no second one", async () => {
    const { caller, transport } = setUp();
    await caller.unary(KV.method.put, {}, "write", { timeout: 9_500 });
    await caller.unary(KV.method.range, {}, "read", { timeout: 9_500 });
    await caller.unary(KV.method.range, {}, "read", { timeout: 60_000 });
    expect(transport.calls.map((call) => call.options.timeoutMs)).toEqual([9_500, 8_000, 48_000]);
  });
});

describe("a read", () => {
  it("is sent again after an unknown outcome, and has never been applied", async () => {
    const { caller, transport, failing } = setUp(["http://a", "http://b"]);
    failing(timedOut());
    await caller.unary(KV.method.range, {}, "read");
    expect(transport.calls).toHaveLength(2);
    failing(timedOut(), timedOut());
    const call = caller.unary(KV.method.range, {}, "read", { retry: "never" });
    await expect(call).rejects.toMatchObject({ outcome: "not-applied", attempts: 1 });
  });

  it("tries again when one attempt had no answer and time is left", async () => {
    const { caller, clock, transport } = setUp(["http://a", "http://b"]);
    const read = (timeout: number) => caller.unary(KV.method.range, {}, "read", { timeout });
    transport.answer = ({ endpoint, options }) =>
      endpoint === "http://b"
        ? {}
        : new Promise((_, reject) =>
            clock.after(options.timeoutMs ?? 0, () => reject(failure("DEADLINE_EXCEEDED", "late"))),
          );
    const call = read(10_000);
    await clock.advance(8_000);
    await call;
    const tooShort = read(100).catch((error: unknown) => error);
    await clock.advance(100);
    expect(await tooShort).toBeInstanceOf(TimeoutError);
  });

  it("leaves an overloaded server alone for a while", async () => {
    const { caller, clock, transport, failing } = setUp();
    failing(failure("UNKNOWN", "etcdserver: too many requests"));
    const call = caller.unary(KV.method.range, {}, "read");
    await clock.advance(99);
    expect(transport.calls).toHaveLength(1);
    await clock.advance(1);
    await call;
    expect(transport.calls).toHaveLength(2);
  });

  it("stops asking again when retries have become a multiple of the traffic", async () => {
    const { caller, clock, transport } = setUp();
    transport.answer = () => {
      throw timedOut();
    };
    const calls = Promise.allSettled(Array.from({ length: 60 }, () => caller.unary(KV.method.range, {}, "read")));
    await clock.advance(10_000);
    await calls;
    // 60 first attempts and the 100 retries that a quiet client has saved up.
    expect(transport.calls).toHaveLength(160);
  });
});

describe("a call that ends late", () => {
  it("makes its member look slow, so that the next calls go to others", async () => {
    const { clock, endpoints, caller, transport } = setUp(["http://a", "http://b"]);
    transport.answer = ({ options }) =>
      new Promise((_, reject) =>
        clock.after(options.timeoutMs ?? 0, () => reject(failure("DEADLINE_EXCEEDED", "late"))),
      );
    const late = caller.unary(KV.method.put, {}, "write", { timeout: 3_000 }).catch(() => undefined);
    await clock.advance(3_000);
    await late;
    expect(endpoints.map((endpoint) => endpoint.latencyMs(clock.nowMs()))).toEqual([3_000, 0]);
  });
});

describe("a member's answer", () => {
  it("tells reads with atLeast where to go", async () => {
    const { caller, transport } = setUp(["http://a", "http://b"]);
    let revision = 4n;
    transport.answer = () => ({ header: { revision } });
    await caller.unary(KV.method.range, {}, "read", { endpoint: "http://a" });
    revision = 5n;
    await caller.unary(KV.method.range, {}, "read", { endpoint: "http://b" });
    await caller.unary(KV.method.range, {}, "read", { consistency: { atLeast: 5 } });
    await caller.unary(KV.method.range, {}, "read", { consistency: { atLeast: 4n } });
    expect(transport.calls.slice(2).map((call) => call.endpoint)).toEqual(["http://b", "http://a"]);
  });

  it("that it is no voter, stopped or a stranger makes the client doubt its list of members", async () => {
    const { failing, caller, doubts } = setUp();
    const texts = ["rpc not supported for learner", "server stopped", "member not found", "cluster ID mismatch"];
    for (const text of texts) {
      failing(failure("UNAVAILABLE", `etcdserver: ${text}`));
      await caller.unary(KV.method.range, {}, "read", { retry: "never" }).catch(() => undefined);
    }
    expect(doubts.count).toBe(4);
    failing(failure("UNAVAILABLE", "etcdserver: too many requests"));
    await caller.unary(KV.method.range, {}, "read", { retry: "never" }).catch(() => undefined);
    expect(doubts.count).toBe(4);
  });
});

describe("a grant that is repeated", () => {
  it("keeps in mind that an earlier attempt may have worked", async () => {
    const { caller, failing, clock } = setUp();
    failing(timedOut(), failure("FAILED_PRECONDITION", "etcdserver: lease already exists"));
    const call = caller.unary(Lease.method.leaseGrant, {}, "grant").catch((error: unknown) => error);
    await clock.advance(1_000);
    expect(await call).toMatchObject({ reason: "lease-exists", outcome: "unknown", attempts: 2 });
  });
});

describe("abort and close", () => {
  it("reject with the signal's reason, also between attempts", async () => {
    const { caller, failing } = setUp();
    failing(refusedConnection());
    const abort = new AbortController();
    const call = caller.unary(KV.method.put, {}, "write", { signal: abort.signal });
    setImmediate(() => abort.abort("enough"));
    await expect(call).rejects.toBe("enough");
  });

  it("reject with a closed error that knows whether the write may have happened", async () => {
    const { caller, close, transport } = setUp();
    let fail = (_: unknown): void => undefined;
    transport.answer = () => new Promise((_, reject) => (fail = reject));
    const call = caller.unary(KV.method.put, {}, "write").catch((error: unknown) => error);
    await new Promise((resolve) => setImmediate(resolve));
    close.abort(new ClientClosedError());
    fail(failure("CANCELLED", "the channel is closed"));
    expect(await call).toMatchObject({ reason: "closed", outcome: "unknown" });
    await expect(caller.unary(KV.method.put, {}, "write")).rejects.toMatchObject({
      reason: "closed",
      outcome: "not-applied",
    });
  });

  it("let a mistake of the caller through as it is", async () => {
    const { caller } = setUp();
    await expect(caller.unary(KV.method.put, {}, "write", { endpoint: "http://x" })).rejects.toThrow(TypeError);
  });
});

describe("a password", () => {
  const auth = { username: "root", password: "secret" };

  it("becomes one token for all calls, and another one when the server refuses it", async () => {
    const { caller, transport, clock } = setUp(["http://a"], auth);
    let tokens = 0;
    let accepted = "token-1";
    transport.answer = ({ method, options }) => {
      if (method === "Authenticate") return { token: `token-${++tokens}` };
      if (options.metadata?.["token"] !== accepted) throw failure("UNAUTHENTICATED", "etcdserver: invalid auth token");
      return {};
    };
    await Promise.all([caller.unary(KV.method.put, {}, "write"), caller.unary(KV.method.range, {}, "read")]);
    expect(tokens).toBe(1);
    accepted = "token-2";
    const calls = Promise.all([caller.unary(KV.method.put, {}, "write"), caller.unary(KV.method.range, {}, "read")]);
    await clock.advance(100);
    await calls;
    expect(tokens).toBe(2);
    accepted = "none";
    const refused = caller.unary(KV.method.put, {}, "write").catch((error: unknown) => error);
    await clock.advance(100);
    expect(await refused).toMatchObject({ name: "UnauthenticatedError", outcome: "not-applied", attempts: 2 });
  });

  it("becomes a third token where the member went away with the second", async () => {
    const { caller, transport, clock } = setUp(["http://a"], auth);
    let [tokens, life] = [0, 1];
    transport.answer = ({ method, options }) => {
      if (method === "Authenticate") return { token: `life-${life}-${++tokens}` };
      if (tokens === 2 && life === 2) {
        life = 3;
        throw failure("UNAVAILABLE", "connection lost");
      }
      if (!String(options.metadata?.["token"]).startsWith(`life-${life}-`)) {
        throw failure("UNAUTHENTICATED", "etcdserver: invalid auth token");
      }
      return {};
    };
    await caller.unary(KV.method.range, {}, "read");
    life = 2;
    const answered = caller.unary(KV.method.range, {}, "read");
    await clock.advance(1_000);
    await answered;
    expect(tokens).toBe(3);
  });

  it("that is wrong ends the call without a loop", async () => {
    const { caller, transport } = setUp(["http://a", "http://b"], auth);
    transport.answer = () => {
      throw failure("INVALID_ARGUMENT", "etcdserver: authentication failed, invalid user ID or password");
    };
    await expect(caller.unary(KV.method.put, {}, "write")).rejects.toMatchObject({ reason: "authentication-failed" });
    expect(transport.calls).toHaveLength(1);
  });

  it("is not needed where auth is off, and asks the next member where one is down", async () => {
    const { caller, transport } = setUp(["http://a", "http://b"], auth);
    transport.answer = ({ method, endpoint }) => {
      if (method !== "Authenticate") return {};
      if (endpoint === "http://a") throw refusedConnection();
      throw failure("FAILED_PRECONDITION", "etcdserver: authentication is not enabled");
    };
    await caller.unary(KV.method.put, {}, "write");
    expect(transport.calls.at(-1)?.options.metadata).toEqual({ "client-api-version": "3.6" });
  });
});
