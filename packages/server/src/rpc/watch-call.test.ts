/** One call of Watch without a connection: what is ready without the loop, and what the loop is left for. */
import type { WatchRequest } from "@kvorum/proto";
import type { CallContext } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { put } from "../../testing/node-cluster.js";
import { watchOf } from "../../testing/scenarios/watch-story.js";
import { StateMachine } from "../core/apply/state-machine.js";
import type { WatchResponse } from "../core/watch/types.js";
import { MemoryBackend } from "../io/backend/memory-backend.js";
import type { NodeApi } from "../node/api.js";
import { CallMeasures } from "./metrics/call-measures.js";
import type { RpcParts } from "./parts.js";
import { WatchCall } from "./watch-call.js";
import { type WatchMessage, WatchMessages } from "./watch-messages.js";

/** Requests that come when the test says so; each is the key to watch. */
class Keys implements AsyncIterable<WatchRequest> {
  readonly #keys: string[] = [];
  #wake: () => void = () => {};

  push(...keys: string[]): void {
    this.#keys.push(...keys);
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WatchRequest> {
    for (;;) {
      const key = this.#keys.shift();
      if (key !== undefined) yield { key } as unknown as WatchRequest;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}

class Fixture {
  readonly machine = StateMachine.open({ backend: new MemoryBackend(), lessor: { minTtlSeconds: 2 } });
  readonly keys = new Keys();
  readonly calls = new CallMeasures(false);
  readonly abort = new AbortController();
  readonly call: WatchCall;
  nowMs = 0;
  /** Nothing can be handed out any more. */
  fails = false;
  #index = 0;

  constructor() {
    const header = { clusterId: 1n, memberId: 1n, raftTerm: 1, revision: 1n };
    const node = { header, watch: this.machine.watch } as unknown as NodeApi;
    const observing = { clock: { nowMs: () => this.nowMs } } as RpcParts["observing"];
    const metrics = { calls: this.calls } as unknown as RpcParts["metrics"];
    const context = { signal: this.abort.signal, metadata: { get: () => undefined } } as unknown as CallContext;
    const messages = new WatchMessages(node);
    this.call = new WatchCall({
      parts: { node, ends: { add: () => () => {} }, metrics, observing },
      messages: { of: (response) => this.#message(messages, response) },
      requests: this.keys,
      context,
      take: (request, stream) => stream.create(watchOf({ prefix: (request as unknown as { key: string }).key })),
    });
  }

  put(key: string): void {
    this.machine.apply({ index: ++this.#index, term: 1, command: put(key, "v") }, 0);
  }

  async next(): Promise<string> {
    const { value } = await this.call.next();
    return line(value);
  }

  ready(): string {
    return line(this.call.ready());
  }

  #message(messages: WatchMessages, response: WatchResponse): WatchMessage {
    if (this.fails) throw new Error("unreadable");
    return messages.of(response);
  }
}

function line(message: Awaited<ReturnType<WatchCall["next"]>>["value"]): string {
  if (message === undefined) return "nothing";
  return `${message.watchId} ${message.created ? "created" : `${message.events?.length} events`}`;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a call of Watch", () => {
  it("has nothing ready before it was asked for its first answer", async () => {
    const { call, machine } = new Fixture();
    expect(call.ready()).toBeUndefined();
    await call.return();
    expect(machine.watch.counts.streams).toBe(0);
  });

  it("has events ready for all its watchers, and then has to be asked", async () => {
    const fixture = new Fixture();
    fixture.keys.push("a", "a", "b", "a");
    const created = [await fixture.next(), await fixture.next(), await fixture.next(), await fixture.next()];
    expect(created).toEqual(["0 created", "1 created", "2 created", "3 created"]);
    expect(fixture.ready()).toBe("nothing");
    const first = fixture.next();
    fixture.put("a");
    expect([await first, fixture.ready(), fixture.ready(), fixture.ready()]).toEqual([
      ...["0 1 events", "1 1 events", "3 1 events", "nothing"],
    ]);
    fixture.put("b");
    expect([fixture.ready(), fixture.ready()]).toEqual(["2 1 events", "nothing"]);
    await fixture.call.return();
  });

  it("takes a request before the events that are ready", async () => {
    const fixture = new Fixture();
    fixture.keys.push("a");
    await fixture.next();
    for (let i = 0; i < 3; i++) fixture.put("a");
    expect(fixture.ready()).toBe("0 1 events");
    fixture.keys.push("a");
    await turn();
    expect(fixture.ready()).toBe("nothing");
    expect([await fixture.next(), fixture.ready(), fixture.ready()]).toEqual(["0 1 events", "0 1 events", "1 created"]);
    await fixture.call.return();
  });

  it("lets requests wait while its stream is full, and its events are ready all the same", async () => {
    const fixture = new Fixture();
    fixture.keys.push("a");
    await fixture.next();
    for (let i = 0; i < 200; i++) fixture.put("a");
    fixture.keys.push("b");
    await turn();
    expect(fixture.ready()).toBe("0 1 events");
    await fixture.call.return();
  });

  it("fails with what cannot be read, when it is asked for the next answer, and gives everything back", async () => {
    const fixture = new Fixture();
    fixture.keys.push("a");
    await fixture.next();
    fixture.put("a");
    fixture.fails = true;
    expect(fixture.ready()).toBe("nothing");
    await expect(fixture.call.next()).rejects.toThrow("unreadable");
    expect(fixture.machine.watch.counts.streams).toBe(0);
    expect(fixture.ready()).toBe("nothing");
  });

  it("ends when its client goes, whatever is ready", async () => {
    const fixture = new Fixture();
    fixture.keys.push("a");
    await fixture.next();
    fixture.put("a");
    fixture.abort.abort();
    expect(fixture.ready()).toBe("nothing");
    await expect(fixture.call.next()).rejects.toThrow("watch canceled");
    expect(fixture.machine.watch.counts.streams).toBe(0);
  });

  it("measures each send until the next answer is asked for, in either way", async () => {
    const fixture = new Fixture();
    const sums = (): number[] => [fixture.calls.watchControlSend.sum, fixture.calls.watchSend.sum];
    fixture.keys.push("a", "a");
    await fixture.next();
    fixture.nowMs += 1_000;
    await fixture.next();
    fixture.nowMs += 2_000;
    const waited = fixture.next();
    await turn();
    expect(sums()).toEqual([3, 0]);
    fixture.nowMs += 50_000;
    fixture.put("a");
    await waited;
    fixture.nowMs += 4_000;
    expect(fixture.ready()).toBe("1 1 events");
    fixture.nowMs += 8_000;
    expect(fixture.ready()).toBe("nothing");
    fixture.nowMs += 50_000;
    expect(fixture.ready()).toBe("nothing");
    expect(sums()).toEqual([3, 12]);
    expect(fixture.calls.watchSend.counts.reduce((sum, count) => sum + count)).toBe(2);
    await fixture.call.return();
  });
});
