/** Tokens: who is asked for them, how often, and when they are forgotten. */
import { KV } from "@kvorum/proto";
import { RpcError, StatusCode } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { FakeTransport } from "../testing/fake-transport.js";
import { ManualClock } from "../testing/manual-clock.js";
import { Balancer } from "./balancer.js";
import { Caller } from "./caller.js";
import { type AuthOptions, Credentials } from "./credentials.js";
import { Endpoint } from "./endpoint.js";

const PASSWORD = { username: "root", password: "hidden-word" };
const API = { "client-api-version": "3.6" };
const status = (code: keyof typeof StatusCode, details: string) => new RpcError(StatusCode[code], details);
const invalidToken = () => status("UNAUTHENTICATED", "etcdserver: invalid auth token");

function setUp(auth?: AuthOptions) {
  const transport = new FakeTransport();
  const clock = new ManualClock();
  const balancer = new Balancer([new Endpoint("http://a", transport.factory, {})], "pick-first");
  const credentials = new Credentials(auth, balancer, clock);
  const closed = new AbortController().signal;
  const caller = new Caller({ balancer, credentials, clock, random: () => 0, closed });
  const put = () => caller.unary(KV.method.put, {}, "write");
  const called = (method: string) => transport.calls.filter((call) => call.method === method);
  const tokens = () => called("Put").map((call) => call.options.metadata?.["token"]);
  return { transport, clock, credentials, put, called, tokens };
}

describe("every call", () => {
  it("says which level of etcd's API the client speaks, with and without a token", async () => {
    const anonymous = setUp();
    await anonymous.put();
    expect(anonymous.called("Put")[0]?.options.metadata).toEqual(API);
    const known = setUp(PASSWORD);
    known.transport.answer = () => ({ token: "t" });
    await known.put();
    expect(known.called("Authenticate")[0]?.options.metadata).toEqual(API);
    expect(known.called("Put")[0]?.options.metadata).toEqual({ ...API, token: "t" });
  });
});

describe("a token", () => {
  it("is asked for once by all calls that lack it, and once more by all whose token was refused", async () => {
    const { transport, clock, put, called } = setUp(PASSWORD);
    let valid = 1;
    let issued = 0;
    transport.answer = ({ method, options }) => {
      if (method === "Authenticate") return { token: `t${++issued}` };
      if (options.metadata?.["token"] !== `t${valid}`) throw invalidToken();
      return {};
    };
    await Promise.all([put(), put(), put()]);
    expect(called("Authenticate")).toHaveLength(1);
    valid = 2;
    const calls = Promise.all([put(), put(), put()]);
    await clock.advance(100);
    await calls;
    expect(called("Authenticate")).toHaveLength(2);
  });

  it("that was renewed while a call was under way is not renewed again by that call", async () => {
    const { transport, clock, put, called, tokens, credentials } = setUp(PASSWORD);
    let issued = 0;
    let refuse = (_: unknown): void => undefined;
    transport.answer = ({ method, options }) => {
      if (method === "Authenticate") return { token: `t${++issued}` };
      if (options.metadata?.["token"] === "t1") return new Promise((_, reject) => (refuse = reject));
      return {};
    };
    const late = put();
    await clock.advance(0);
    const renewed = credentials.refresh();
    await clock.advance(100);
    expect(await renewed).toBe(true);
    refuse(invalidToken());
    await late;
    expect([called("Authenticate").length, tokens()]).toEqual([2, ["t1", "t2"]]);
  });

  it("is renewed once in a call and once in a hundred milliseconds", async () => {
    const { transport, clock, put, called } = setUp(PASSWORD);
    transport.answer = ({ method }) => {
      if (method === "Authenticate") return { token: "t" };
      throw invalidToken();
    };
    const refused = put().catch((error: unknown) => error);
    await clock.advance(99);
    expect(called("Authenticate")).toHaveLength(1);
    await clock.advance(1);
    expect(await refused).toMatchObject({ name: "UnauthenticatedError", attempts: 2 });
    expect([called("Authenticate").length, called("Put").length]).toEqual([2, 2]);
  });

  it("of the user's own is never renewed, and a function for it is asked again", async () => {
    const fixed = setUp({ token: "mine" });
    fixed.transport.answer = () => {
      throw invalidToken();
    };
    await expect(fixed.put()).rejects.toMatchObject({ attempts: 1 });
    const names = ["first", "second"];
    const provided = setUp({ token: async () => names.shift() ?? "none" });
    provided.transport.answer = ({ options }) => {
      if (options.metadata?.["token"] === "first") throw invalidToken();
      return {};
    };
    const call = provided.put();
    await provided.clock.advance(100);
    await call;
    expect(provided.tokens()).toEqual(["first", "second"]);
  });

  it("is renewed where the server misses the user's name", async () => {
    const { transport, clock, put, called } = setUp(PASSWORD);
    let refused = false;
    transport.answer = ({ method }) => {
      if (method === "Authenticate") return { token: "t" };
      if (refused) return {};
      refused = true;
      throw status("INVALID_ARGUMENT", "etcdserver: user name is empty");
    };
    const call = put();
    await clock.advance(100);
    await call;
    expect(called("Authenticate")).toHaveLength(2);
  });
});

describe("a password that is refused", () => {
  it("ends the call, is not tried by those that come right after, and appears in no error", async () => {
    const { transport, clock, put, called } = setUp(PASSWORD);
    transport.answer = () => {
      throw status("INVALID_ARGUMENT", "etcdserver: authentication failed, invalid user ID or password");
    };
    const error = await put().catch((cause: unknown) => cause as Error);
    expect(error).toMatchObject({ reason: "authentication-failed", method: "/etcdserverpb.Auth/Authenticate" });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error)) + String(error)).not.toContain(PASSWORD.password);
    await expect(put()).rejects.toMatchObject({ reason: "authentication-failed" });
    expect([called("Authenticate").length, called("Put").length]).toEqual([1, 0]);
    await clock.advance(100);
    await expect(put()).rejects.toMatchObject({ reason: "authentication-failed" });
    expect(called("Authenticate")).toHaveLength(2);
  });
});

describe("a cluster without auth", () => {
  it("gets calls without a token, and its saying so makes the client forget the one it has", async () => {
    const { transport, put, tokens, called } = setUp(PASSWORD);
    let enabled = true;
    transport.answer = ({ method }) => {
      if (enabled) return { token: "t" };
      if (method === "Authenticate" || tokens().length === 2) {
        throw status("FAILED_PRECONDITION", "etcdserver: authentication is not enabled");
      }
      return {};
    };
    await put();
    enabled = false;
    await expect(put()).rejects.toMatchObject({ reason: "auth-not-enabled" });
    await put();
    expect([tokens(), called("Authenticate").length]).toEqual([["t", "t", undefined], 2]);
  });
});

describe("a client known by its certificate", () => {
  it("sends no token and tries again when the auth store has moved on, but not for a token", async () => {
    const { transport, put, tokens } = setUp();
    const errors = [status("INVALID_ARGUMENT", "etcdserver: revision of auth store is old"), undefined, invalidToken()];
    transport.answer = () => {
      const error = errors.shift();
      if (error !== undefined) throw error;
      return {};
    };
    await put();
    expect(tokens()).toEqual([undefined, undefined]);
    await expect(put()).rejects.toMatchObject({ reason: "invalid-token", attempts: 1 });
  });
});
