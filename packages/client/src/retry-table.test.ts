/**
 * Every cell of the retry table (a failure, an operation), played through a whole call: what is sent again, where, after how
 * long, with which token, and what the error says of the outcome. `retry.test.ts` has the single decisions.
 */
import { Cluster, KV, Lease, Watch } from "@kvorum/proto";
import { RpcError, type RpcErrorOptions, StatusCode, type StatusName } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { Balancer } from "./net/balancer.js";
import { Caller, type UnaryOptions } from "./net/caller.js";
import { Credentials } from "./net/credentials.js";
import { Endpoint } from "./net/endpoint.js";
import { FakeTransport } from "./testing/fake-transport.js";
import { ManualClock } from "./testing/manual-clock.js";

type Start = (caller: Caller, options: UnaryOptions) => Promise<unknown>;

/** The columns, in the order of the letters below. */
const OPERATIONS: readonly (readonly [string, Start])[] = [
  ["a range", (caller, options) => caller.unary(KV.method.range, {}, "read", options)],
  ["a txn of reads", (caller, options) => caller.unary(KV.method.txn, {}, "read", options)],
  ["a watch", (caller, options) => caller.exchange(Watch.method.watch, {}, "watch", options)],
  ["a keepalive", (caller, options) => caller.exchange(Lease.method.leaseKeepAlive, {}, "keepalive", options)],
  ["a grant", (caller, options) => caller.unary(Lease.method.leaseGrant, {}, "grant", options)],
  ["a revocation", (caller, options) => caller.unary(Lease.method.leaseRevoke, {}, "revoke", options)],
  ["a put", (caller, options) => caller.unary(KV.method.put, {}, "write", options)],
  ["a delete", (caller, options) => caller.unary(KV.method.deleteRange, {}, "write", options)],
  ["a txn", (caller, options) => caller.unary(KV.method.txn, {}, "write", options)],
  ["a txn with a marker", (caller, options) => caller.unary(KV.method.txn, {}, "once", options)],
  ["a change of members", (caller, options) => caller.unary(Cluster.method.memberAdd, {}, "admin", options)],
];
const READS = 2;

/**
 * `e`: again at the other member, at once. `w`: again after the first pause (50 ms). `o`: again after 100 ms. `r`: again with a
 * new token. `.`: the error goes to the caller.
 */
const ACTIONS = {
  e: { waitMs: 0, refreshes: false },
  w: { waitMs: 50, refreshes: false },
  o: { waitMs: 100, refreshes: false },
  r: { waitMs: 100, refreshes: true },
} as const;

interface Row {
  readonly cells: string;
  /** Of everything but a read. */
  readonly outcome: "not-applied" | "unknown";
  readonly failures: readonly (readonly [StatusName, string, RpcErrorOptions?])[];
}

const UNSENT = { maybeSent: false };

const ROWS: Readonly<Record<string, Row>> = {
  "never sent": {
    cells: "eeeeeeeeeee",
    outcome: "not-applied",
    failures: [
      ["UNAVAILABLE", "connect ECONNREFUSED", UNSENT],
      ["UNAVAILABLE", "Stream refused by server", UNSENT],
      ["INTERNAL", "Name resolution failed", UNSENT],
    ],
  },
  "without a leader": {
    cells: "eeeeeeeeee.",
    outcome: "not-applied",
    failures: [
      ["UNAVAILABLE", "etcdserver: no leader"],
      ["UNAVAILABLE", "etcdserver: leader changed"],
      ["UNAVAILABLE", "etcdserver: unhealthy cluster"],
      ["UNKNOWN", "raft proposal dropped"],
      ["UNKNOWN", "not a primary lessor"],
    ],
  },
  "interrupted while it waited": {
    cells: "eeeeee...e.",
    outcome: "unknown",
    failures: [
      ["UNAVAILABLE", "etcdserver: request timed out"],
      ["UNAVAILABLE", "etcdserver: request timed out, possibly due to previous leader failure"],
      ["UNAVAILABLE", "etcdserver: request timed out, possibly due to connection lost"],
      ["UNAVAILABLE", "etcdserver: request timed out, waiting for the applied index took too long"],
      ["UNKNOWN", "etcdserver: request timed out, leader transfer took too long"],
      ["UNAVAILABLE", "etcdserver: server stopped"],
      ["UNAVAILABLE", "Connection dropped"],
      ["INTERNAL", "Received RST_STREAM with code 2"],
      ["CANCELLED", "etcdserver: request canceled"],
      ["CANCELLED", "etcdserver: watch canceled"],
      ["CANCELLED", "context canceled"],
      // Time is left, so this is one attempt's end and not the call's.
      ["DEADLINE_EXCEEDED", "context deadline exceeded"],
      ["DEADLINE_EXCEEDED", "etcdserver: context deadline exceeded"],
    ],
  },
  "refused by a busy server": {
    cells: "ooooooooooo",
    outcome: "not-applied",
    failures: [
      ["UNKNOWN", "etcdserver: too many requests"],
      ["RESOURCE_EXHAUSTED", "etcdserver: too many requests"],
    ],
  },
  "out of space": {
    cells: "...........",
    outcome: "unknown",
    failures: [["RESOURCE_EXHAUSTED", "etcdserver: mvcc: database space exceeded"]],
  },
  "with an answer that is too large": {
    cells: "..w........",
    outcome: "unknown",
    failures: [["RESOURCE_EXHAUSTED", "Received message larger than max (9 vs 8)"]],
  },
  "with a request that is too large": {
    cells: "..w........",
    outcome: "not-applied",
    failures: [
      ["RESOURCE_EXHAUSTED", "grpc: received message larger than max (9 vs. 8)"],
      ["RESOURCE_EXHAUSTED", "trying to send message larger than max (9 vs. 8)", UNSENT],
    ],
  },
  "with a token that is no good": {
    cells: "rrrrrrrrrrr",
    outcome: "not-applied",
    failures: [
      ["UNAUTHENTICATED", "etcdserver: invalid auth token"],
      ["UNKNOWN", "etcdserver: invalid auth token"],
      ["INVALID_ARGUMENT", "etcdserver: user name is empty"],
      ["INVALID_ARGUMENT", "etcdserver: revision of auth store is old"],
      ["UNAUTHENTICATED", "an unheard-of text"],
    ],
  },
  "at a learner": {
    cells: "eeeeeeeeeee",
    outcome: "not-applied",
    failures: [["FAILED_PRECONDITION", "etcdserver: rpc not supported for learner"]],
  },
  "refused for good": {
    cells: "...........",
    outcome: "not-applied",
    failures: [
      ["OUT_OF_RANGE", "etcdserver: mvcc: required revision has been compacted"],
      ["OUT_OF_RANGE", "etcdserver: mvcc: required revision is a future revision"],
      ["NOT_FOUND", "etcdserver: requested lease not found"],
      ["PERMISSION_DENIED", "etcdserver: permission denied"],
      ["DATA_LOSS", "etcdserver: corrupt cluster"],
      ["INVALID_ARGUMENT", "etcdserver: request is too large"],
      ["UNKNOWN", "etcdserver: re-configuration failed due to not enough started members"],
      ["UNIMPLEMENTED", "unknown service"],
    ],
  },
  "ended in a way that nobody knows": {
    cells: "...........",
    outcome: "unknown",
    failures: [
      ["UNKNOWN", "something"],
      ["DATA_LOSS", "something"],
    ],
  },
};

/** One call over two members. Attempts fail with these errors, one each, and then work. */
class Scene {
  readonly clock = new ManualClock();
  /** Of every attempt: where, when, and with which token. */
  readonly attempts: { readonly endpoint: string; readonly atMs: number; readonly token: unknown }[] = [];
  readonly #transport = new FakeTransport();
  readonly #caller: Caller;
  readonly #failures: (() => RpcError)[];
  #tokens = 0;
  #passwordRefused = false;

  constructor(...failures: (() => RpcError)[]) {
    this.#failures = failures;
    this.#transport.answer = ({ method, endpoint, options }) => {
      if (method === "Authenticate") {
        const refused = "etcdserver: authentication failed, invalid user ID or password";
        if (this.#passwordRefused) throw new RpcError(StatusCode.INVALID_ARGUMENT, refused);
        return { token: `token-${++this.#tokens}` };
      }
      this.#attempt(endpoint, options.metadata);
      const failure = this.#failures.shift();
      if (failure !== undefined) throw failure();
      return {};
    };
    const endpoints = ["http://a", "http://b"].map((address) => new Endpoint(address, this.#transport.factory, {}));
    const balancer = new Balancer(endpoints, "pick-first");
    const credentials = new Credentials({ username: "root", password: "secret" }, balancer, this.clock);
    const closed = new AbortController().signal;
    this.#caller = new Caller({ balancer, credentials, clock: this.clock, random: () => 1, closed });
  }

  refusePassword(): void {
    this.#passwordRefused = true;
  }

  /** What came of the call: the answer, or the error. */
  async run(start: Start, options: UnaryOptions = {}): Promise<unknown> {
    let settled = false;
    const result = start(this.#caller, options)
      .catch((error: unknown) => error)
      .finally(() => {
        settled = true;
      });
    let played = 0;
    for (let step = 0; !settled && step < 100; step++) {
      await this.clock.advance(step < 5 ? 0 : 10);
      for (const stream of this.#transport.streams.slice(played)) {
        played += 1;
        this.#attempt(stream.endpoint, stream.options.metadata);
        const failure = this.#failures.shift();
        if (failure !== undefined) stream.end(failure());
        else stream.answer({});
      }
    }
    return result;
  }

  #attempt(endpoint: string, metadata: Readonly<Record<string, unknown>> | undefined): void {
    this.attempts.push({ endpoint, atMs: this.clock.nowMs(), token: metadata?.["token"] });
  }
}

const refusal = (): RpcError => new RpcError(StatusCode.NOT_FOUND, "etcdserver: requested lease not found");

const cells = Object.entries(ROWS).flatMap(([row, { cells: letters, outcome, failures }]) =>
  failures.flatMap(([code, details, rpc]) =>
    OPERATIONS.map(([operation, start], column) => ({
      name: `${operation} ${row}: ${code} ${JSON.stringify(details)}${rpc ? " (not sent)" : ""}`,
      failure: () => new RpcError(StatusCode[code], details, rpc),
      start,
      letter: letters[column] ?? "",
      outcome: column < READS ? "not-applied" : outcome,
    })),
  ),
);

describe("the retry table", () => {
  it("has a cell for each failure and each operation", () => {
    for (const [row, { cells: letters }] of Object.entries(ROWS)) expect([row, letters.length]).toEqual([row, 11]);
  });

  it.each(cells)("$name", async ({ failure, start, letter, outcome }) => {
    if (letter === ".") {
      const scene = new Scene(failure);
      expect(await scene.run(start)).toMatchObject({ attempts: 1, outcome, endpoint: "http://a" });
      expect(scene.attempts).toHaveLength(1);
      return;
    }
    const action = ACTIONS[letter as keyof typeof ACTIONS];
    const scene = new Scene(failure);
    expect(await scene.run(start)).not.toBeInstanceOf(Error);
    const [first, second] = scene.attempts;
    expect(scene.attempts).toHaveLength(2);
    expect([first?.endpoint, second?.endpoint]).toEqual(["http://a", "http://b"]);
    // Streams are seen in steps of 10 ms.
    const waitedMs = (second?.atMs ?? 0) - (first?.atMs ?? 0);
    expect(waitedMs).toBeGreaterThanOrEqual(action.waitMs);
    expect(waitedMs).toBeLessThanOrEqual(action.waitMs === 0 ? 0 : action.waitMs + 10);
    expect([first?.token, second?.token]).toEqual(["token-1", action.refreshes ? "token-2" : "token-1"]);

    // What an earlier attempt may have done is not forgotten when a later one is refused.
    const twice = new Scene(failure, refusal);
    expect(await twice.run(start)).toMatchObject({ attempts: 2, outcome, reason: "lease-not-found" });

    const never = new Scene(failure);
    expect(await never.run(start, { retry: "never" })).toMatchObject({ attempts: 1, outcome });
    expect(never.attempts).toHaveLength(1);
  });

  const tokens = cells.filter(({ letter }) => letter === "r");
  it.each(tokens)("only once with another token: $name", async ({ failure, start }) => {
    const scene = new Scene(failure, failure, failure);
    expect(await scene.run(start)).toMatchObject({ attempts: 2, outcome: "not-applied" });
  });
});

describe.each(OPERATIONS)("%s", (name, start) => {
  const isRead = OPERATIONS.findIndex(([other]) => other === name) < READS;

  it("whose time is up is the caller's", async () => {
    const scene = new Scene(() => {
      scene.clock.stall(50);
      return new RpcError(StatusCode.DEADLINE_EXCEEDED, "Deadline exceeded");
    });
    const error = await scene.run(start, { timeout: 50 });
    expect(error).toMatchObject({ name: "TimeoutError", attempts: 1, outcome: isRead ? "not-applied" : "unknown" });
  });

  it("that its caller aborts rejects with the reason and is not sent again", async () => {
    const abort = new AbortController();
    const scene = new Scene(() => new RpcError(StatusCode.UNAVAILABLE, "etcdserver: no leader"));
    const aborted: Start = (caller, options) => {
      const call = start(caller, options);
      queueMicrotask(() => abort.abort("enough"));
      return call;
    };
    expect(await scene.run(aborted, { signal: abort.signal })).toBe("enough");
    expect(scene.attempts.length).toBeLessThanOrEqual(1);
  });
});

describe("an attempt that may have worked", () => {
  it("is not forgotten when there is no token for the next one", async () => {
    const timedOut = new RpcError(StatusCode.UNAVAILABLE, "etcdserver: request timed out");
    const badToken = new RpcError(StatusCode.UNAUTHENTICATED, "etcdserver: invalid auth token");
    const scene = new Scene(
      () => timedOut,
      () => {
        scene.refusePassword();
        return badToken;
      },
    );
    const marked: Start = (caller, options) => caller.unary(KV.method.txn, {}, "once", options);
    const error = await scene.run(marked);
    expect(error).toMatchObject({ reason: "authentication-failed", outcome: "unknown", attempts: 2 });
  });
});
