/** Whole simulated runs from a seed: what is right passes, what is wrong is named, and a seed is one run. */
import { Lease, type WatchResponse } from "@kvorum/proto";
import { type Channel, RpcError, StatusCode } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { drawPlan } from "../../../packages/server/testing/simulation/plan.js";
import { listOf, SEPARATOR } from "../checker/append-history.js";
import type { HistoryEvent, Operation } from "../checker/history.js";
import type { Environment } from "../environment.js";
import { bytes, text } from "../wire.js";
import { type Recorded, type RunResult, runPlan, runSeed } from "./run-seed.js";

const BRIEF = { durationMs: 20_000 };

const calm = (seed: number) => ({ ...drawPlan(seed, BRIEF), faults: new Set<never>() });

/** Of runs with the mistake in them, from the seed on, the first that is noticed. */
async function noticed(play: (seed: number) => Promise<RunResult>, seeds: readonly number[]): Promise<RunResult> {
  let last: RunResult | undefined;
  for (const seed of seeds) {
    last = await play(seed);
    if (last.failure !== undefined) return last;
  }
  throw new Error(`no seed of ${seeds.join(", ")} shows the mistake: ${JSON.stringify(last?.figures)}`);
}

describe("a simulated run", () => {
  for (const seed of [3, 4, 6, 7]) {
    it(`of seed ${seed} keeps every guarantee`, async () => {
      const { failure, figures } = await runSeed(seed, BRIEF);
      expect(failure).toBeUndefined();
      expect(figures.acknowledged).toBeGreaterThan(50);
      expect(figures.watchEvents).toBeGreaterThan(50);
    });
  }

  it("without faults has no operation of unknown outcome", async () => {
    const { failure, figures } = await runPlan(calm(8));
    expect(failure).toBeUndefined();
    expect(figures.unknown).toBe(0);
    expect(figures.revisions).toBeGreaterThan(50);
  });

  it("serves again after its quota was used up and the operator has made room", async () => {
    const { failure, figures } = await runPlan({ ...calm(8), thinkMs: 30, quotaBytes: 12 * 1024 });
    expect(failure).toBeUndefined();
    // Writes were refused on the way.
    expect(figures.unknown).toBeGreaterThan(0);
  });

  it("is served on when clients use the quota up after everything seemed well (seed 100437)", async () => {
    expect((await runSeed(100437)).failure).toBeUndefined();
  });

  it("is the same run whenever it is played", async () => {
    const one = await runSeed(4, BRIEF);
    expect(await runSeed(4, BRIEF)).toEqual(one);
    expect((await runSeed(5, BRIEF)).hash).not.toBe(one.hash);
  });
});

describe("the verdict of a simulated run", () => {
  it("notices reads of one member's own state that pass for linearizable ones", async () => {
    const { kind } = await noticed((seed) => runSeed(seed, { cheatsOnReads: true }), [3, 4, 6]);
    expect(kind).toBe("real-time");
  });

  it("notices a watch that leaves an event out", async () => {
    const { kind, failure } = await runPlan(calm(8), { forge: withoutWatchedEvent });
    expect(kind).toBe("watch-reliable");
    expect(failure).toMatch(/^seed 8: watch-reliable\n/);
  });

  it("notices a watch that falls silent although its stream lasts", async () => {
    const { kind, failure } = await runPlan(calm(8), { disturb: silentAfter(60) });
    expect(kind).toBe("watch-reliable");
    expect(failure).toContain("never came");
  });

  it("notices a message that gets lost on a watch stream that goes on", async () => {
    const { kind } = await runPlan(calm(8), { disturb: losingMessage(60) });
    expect(kind).toBe("watch-reliable");
  });

  it("notices an acknowledged write that no watch and no member has", async () => {
    const { kind } = await runPlan(calm(8), { forge: withLostWrite });
    expect(kind).toBe("lost-write");
  });

  it("notices a member that tells its watch something else than the others", async () => {
    const { kind } = await runPlan(calm(8), { forge: withBentFeed });
    expect(kind).toBe("sources-disagree");
  });

  it("notices a lease that ends early", async () => {
    const { kind, failure } = await noticed(
      (seed) => runPlan(calm(seed), { disturb: (environment) => revoking(environment, 500) }),
      [8, 9, 10, 11],
    );
    expect(kind).toBe("lease-early");
    expect(failure).toContain("nobody revoked it");
  });

  it("notices a lease that is renewed although it is gone", async () => {
    const { kind } = await noticed((seed) => runPlan(calm(seed), { forge: withRenewalAfterEnd }), [8, 9, 10, 11]);
    expect(kind).toBe("lease-after-end");
  });

  it("notices a list that loses an element, by the lists alone as well", async () => {
    const { failure } = await noticed((seed) => runPlan(calm(seed), { disturb: losingElement(10) }), [8, 9, 10, 11]);
    expect(failure).toMatch(/violations in all, of .*append-(order|lost|g-single|phantom)/);
  });

  it("notices a handler that throws what is no answer", async () => {
    const { kind, failure } = await runPlan(calm(8), { disturb: (environment) => failingOnce(environment) });
    expect(kind).toBe("broken");
    expect(failure).toContain("a mistake of the handler");
  });

  it("notices a member that never serves again", async () => {
    const { kind, failure } = await runPlan(calm(8), { disturb: deafTo("n2") });
    expect(kind).toBe("L4");
    expect(failure).toContain("n2 serves");
    expect(failure).toContain('"heartbeatMs"');
  });

  it("notices a promise whose rejection nobody handles", async () => {
    const { kind, failure } = await runPlan(calm(8), {
      disturb: (environment) => {
        void environment.pause(1_000).then(() => Promise.reject(new Error("left alone")));
        return environment;
      },
    });
    expect(kind).toBe("broken");
    expect(failure).toContain("left alone");
  });
});

function withoutWatchedEvent(recorded: Recorded): Recorded {
  const [first, ...others] = recorded.sessions;
  if (first === undefined) throw new Error("nobody watched");
  const responses = first.responses.filter((_, index) => index !== 10);
  return { ...recorded, sessions: [{ ...first, responses }, ...others] };
}

function withLostWrite({ history, ...rest }: Recorded): Recorded {
  const last = Math.max(...history.dumps.map(({ revision }) => revision));
  const lost: Operation = {
    ...{ client: 999, invoke: 1e9, return: 1e9 + 1 },
    request: { kind: "put", key: "r/00", value: "lost" },
    outcome: { status: "acknowledged", revision: last + 1, response: { kind: "put" } },
  };
  return { history: { ...history, operations: [...history.operations, lost] }, ...rest };
}

/** A lease that somebody found gone is said to have been renewed after that. */
function withRenewalAfterEnd({ leases, ...rest }: Recorded): Recorded {
  const gone = leases.calls.find(({ kind, outcome }) => kind !== "list" && outcome.status === "gone");
  if (gone === undefined) return { leases, ...rest };
  const times = { client: 999, invoke: gone.return + 1, return: gone.return + 2 };
  const renewal = { ...gone, ...times, kind: "keep-alive", outcome: { status: "found", ttlSeconds: 5 } } as const;
  const ttlOf = leases.calls.find(({ lease, kind }) => lease === gone.lease && kind === "grant")?.outcome;
  const outcome = ttlOf?.status === "found" ? ttlOf : renewal.outcome;
  return { leases: { ...leases, calls: [...leases.calls, { ...renewal, outcome }] }, ...rest };
}

/** Every lease is revoked behind its client's back some time after it was granted. */
function revoking(environment: Environment, afterMs: number): Environment {
  const connect: Environment["connect"] = (endpoint, lasting) => {
    const channel = environment.connect(endpoint, lasting);
    const unary: Channel["unary"] = async (method, request, options) => {
      const answer = await channel.unary(method, request, options);
      if (method.localName === "leaseGrant" && environment.nowMs() < BRIEF.durationMs - 5_000) {
        const { ID } = answer as unknown as { readonly ID: bigint };
        void environment.pause(afterMs).then(() => channel.unary(Lease.method.leaseRevoke, { ID }).catch(() => {}));
      }
      return answer;
    };
    return { ...bound(channel), unary };
  };
  return { nowMs: () => environment.nowMs(), pause: (ms) => environment.pause(ms), connect };
}

/** One guarded append of those after so many is carried out without what the list began with. */
function losingElement(after: number) {
  return (environment: Environment): Environment => {
    let appends = 0;
    const connect: Environment["connect"] = (endpoint, lasting) => {
      const channel = environment.connect(endpoint, lasting);
      const unary: Channel["unary"] = (method, request, options) => {
        if (method.localName !== "txn") return channel.unary(method, request, options);
        const { success = [] } = request as unknown as { readonly success?: readonly SentOp[] };
        for (const { request: op } of success) {
          const { key, value = new Uint8Array() } = op.value;
          if (op.case !== "requestPut" || !text(key).startsWith("a/") || listOf(text(value)).length < 3) continue;
          appends += 1;
          if (appends === after) op.value.value = bytes(listOf(text(value)).slice(1).join(SEPARATOR));
        }
        return channel.unary(method, request, options);
      };
      return { ...bound(channel), unary };
    };
    return { nowMs: () => environment.nowMs(), pause: (ms) => environment.pause(ms), connect };
  };
}

/** What of an operation of a transaction is looked at on its way. */
interface SentOp {
  readonly request: { readonly case: string; readonly value: { readonly key: Uint8Array; value?: Uint8Array } };
}

function withBentFeed({ history, ...rest }: Recorded): Recorded {
  const [first, ...others] = history.feeds;
  if (first === undefined) throw new Error("nobody watched");
  const bend = (event: HistoryEvent, index: number): HistoryEvent =>
    index === 10 ? { ...event, kv: { ...event.kv, value: `${event.kv.value}?` } } : event;
  return { history: { ...history, feeds: [{ ...first, events: first.events.map(bend) }, ...others] }, ...rest };
}

/** One write is answered with what the server says when its handler throws something that is no answer. */
function failingOnce(environment: Environment): Environment {
  let calls = 0;
  return changedChannel(environment, (endpoint, forward) => {
    calls += 1;
    if (calls !== 50) return forward();
    throw new RpcError(StatusCode.UNKNOWN, `a mistake of the handler at ${endpoint}`);
  });
}

/** Calls of one member find nobody there. */
function deafTo(name: string) {
  return (environment: Environment): Environment =>
    changedChannel(environment, (endpoint, forward) => {
      if (endpoint !== name) return forward();
      throw new RpcError(StatusCode.UNAVAILABLE, "nobody listens", { maybeSent: false });
    });
}

/** From the message on, no watch but the witnesses is told anything; those made when all is healed are. */
function silentAfter(count: number) {
  return (environment: Environment): Environment => {
    let messages = 0;
    return changedWatches(environment, (message, openedMs) => {
      messages += message.events.length === 0 ? 0 : 1;
      return openedMs >= BRIEF.durationMs || messages < count || message.created || message.canceled;
    });
  };
}

function losingMessage(count: number) {
  return (environment: Environment): Environment => {
    let messages = 0;
    return changedWatches(environment, (message) => {
      messages += message.events.length === 0 ? 0 : 1;
      return messages !== count || message.events.length === 0;
    });
  };
}

/** Streams of those who ask for progress now and then keep only the messages that pass. */
function changedWatches(
  environment: Environment,
  passes: (message: WatchResponse, openedMs: number) => boolean,
): Environment {
  const connect: Environment["connect"] = (endpoint, lasting) => {
    const channel = environment.connect(endpoint, lasting);
    const stream: Channel["stream"] = (method, requests, options) => {
      const answers = channel.stream(method, requests, options);
      return options?.signal === undefined && method.localName === "watch" ? filtered(answers) : answers;
    };
    async function* filtered<T>(answers: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
      const openedMs = environment.nowMs();
      for await (const answer of answers) if (passes(answer as WatchResponse, openedMs)) yield answer;
    }
    return { ...bound(channel), stream };
  };
  return { nowMs: () => environment.nowMs(), pause: (ms) => environment.pause(ms), connect };
}

function bound(channel: Channel): Channel {
  return {
    ...{ endpoint: channel.endpoint, state: channel.state },
    onStateChange: (listener) => channel.onStateChange(listener),
    unary: (method, request, options) => channel.unary(method, request, options),
    stream: (method, requests, options) => channel.stream(method, requests, options),
    close: () => channel.close(),
    [Symbol.asyncDispose]: () => channel[Symbol.asyncDispose](),
  };
}

function changedChannel(
  environment: Environment,
  around: <T>(endpoint: string, forward: () => Promise<T>) => Promise<T>,
): Environment {
  return {
    nowMs: () => environment.nowMs(),
    pause: (ms) => environment.pause(ms),
    connect: (endpoint, lasting) => {
      const channel = environment.connect(endpoint, lasting);
      return {
        ...bound(channel),
        unary: async (method, request, options) => around(endpoint, () => channel.unary(method, request, options)),
      };
    },
  };
}
