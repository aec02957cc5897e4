/** Consumers: waiting, being slow, leaving, failing, and coming too late. */
import { describe, expect, it } from "vitest";
import { toBytes } from "../keys.js";
import type { KeyValue } from "../kv/results.js";
import { type Change, changeBetween } from "./change.js";
import { PendingChanges } from "./pending-changes.js";
import { PendingValue } from "./pending-value.js";
import { Taps } from "./taps.js";

function pair(key: string, value: string, modRevision: bigint): KeyValue<string> {
  return { key, keyBytes: toBytes(key), value, createRevision: 1n, modRevision, version: 1n, lease: 0n };
}

const done = { done: true, value: undefined };

/** A range that changes, and what it tells. */
function source() {
  const taps = new Taps<Change<string>, PendingChanges<string>>();
  const now = new Map<string, KeyValue<string>>();
  let revision = 10n;
  const set = (key: string, value?: string): void => {
    revision += 1n;
    const before = now.get(key);
    if (value === undefined) now.delete(key);
    else now.set(key, pair(key, value, revision));
    const change = changeBetween(before, now.get(key), revision);
    if (change !== undefined) taps.each((pending) => pending.push([change]));
  };
  return { taps, now, set };
}

const told = (change: Change<string> | undefined): unknown[] => [
  change?.type,
  change?.key,
  change?.type === "added" ? undefined : change?.previous.value,
  change?.type === "removed" ? undefined : change?.kv.value,
];

async function take(tap: AsyncIterator<Change<string>, undefined>, count: number): Promise<unknown[][]> {
  const changes: unknown[][] = [];
  for (let i = 0; i < count; i++) changes.push(told((await tap.next()).value));
  return changes;
}

describe("changes that a consumer has not taken", () => {
  it("become one a key: the newest state, and before it what the consumer has seen", async () => {
    const { taps, set } = source();
    for (const key of ["kept", "gone", "back", "twice"]) set(key, "0");
    const tap = taps.open(new PendingChanges());
    set("kept", "1");
    set("gone", "1");
    set("back");
    set("flash", "1");
    set("new", "1");
    set("twice", "1");
    set("kept", "2");
    set("gone");
    set("back", "2");
    set("flash");
    set("new", "2");
    expect(await take(tap, 5)).toEqual([
      ["updated", "twice", "0", "1"],
      ["updated", "kept", "0", "2"],
      ["removed", "gone", "0", undefined],
      ["updated", "back", "0", "2"],
      ["added", "new", undefined, "2"],
    ]);
    // `flash` came and went and was never seen.
    set("last", "1");
    expect(await take(tap, 1)).toEqual([["added", "last", undefined, "1"]]);
  });

  it("are at most one for each key, however many there were", () => {
    const { taps, set } = source();
    const pending = new PendingChanges<string>();
    taps.open(pending);
    for (let i = 0; i < 20_000; i++) set(`k${i % 100}`, String(i));
    expect(pending.size).toBe(100);
    for (let i = 0; i < 100; i++) set(`k${i}`);
    expect(pending.size).toBe(0);
  });

  it("lead to the same state at any pace, with a `previous` that is what was there before", async () => {
    const { taps, set, now } = source();
    const tap = taps.open(new PendingChanges());
    const mine = new Map<string, string>();
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    for (let step = 0; step < 2_000; step++) {
      const key = `k${random(12)}`;
      set(key, random(3) === 0 ? undefined : String(step));
      // Alone it would wait; so it ends with a change that is pending for certain.
      if (random(4) > 0) continue;
      set("tick", String(step));
      for (let change = await tap.next(); change.value?.key !== "tick"; change = await tap.next()) {
        apply(mine, change.value);
      }
    }
    set("tick", "end");
    for (let change = await tap.next(); change.value?.key !== "tick"; change = await tap.next())
      apply(mine, change.value);
    now.delete("tick");
    expect(mine).toEqual(new Map([...now].map(([key, kv]) => [key, kv.value])));
  });
});

function apply(state: Map<string, string>, change: Change<string> | undefined): void {
  const [type, key, previous, value] = told(change) as [string, string, string?, string?];
  expect([type, state.get(key)]).toEqual([type, previous]);
  if (value === undefined) state.delete(key);
  else state.set(key, value);
}

describe("the newest value", () => {
  it("is all that a slow consumer gets, and nothing where it has that already", async () => {
    const taps = new Taps<{ n: number }, PendingValue<{ n: number }>>();
    const slow = taps.open(new PendingValue({ n: 1 }, false));
    const initial = taps.open(new PendingValue({ n: 1 }, true));
    expect(await initial.next()).toEqual({ done: false, value: { n: 1 } });
    for (const n of [2, 3, 4]) taps.each((pending) => pending.set({ n }));
    expect(await slow.next()).toEqual({ done: false, value: { n: 4 } });
    for (const n of [5, 4]) taps.each((pending) => pending.set({ n }));
    const next = slow.next();
    taps.each((pending) => pending.set({ n: 6 }));
    expect(await next).toEqual({ done: false, value: { n: 6 } });
  });
});

describe("a consumer", () => {
  it("gets what is pending, then the error once, then the end", async () => {
    const { taps, set } = source();
    const tap = taps.open(new PendingChanges());
    const error = new Error("gone");
    set("a", "1");
    taps.fail(error);
    expect(await take(tap, 1)).toEqual([["added", "a", undefined, "1"]]);
    await expect(tap.next()).rejects.toBe(error);
    expect(await tap.next()).toEqual(done);
    expect(taps.size).toBe(0);
  });

  it("that comes after the failure is told of it, and one that comes after the end is at its end", async () => {
    const [failed, ended] = [source().taps, source().taps];
    const error = new Error("gone");
    failed.fail(error);
    failed.end();
    await expect(failed.open(new PendingChanges()).next()).rejects.toBe(error);
    ended.end();
    ended.fail(error);
    expect(await ended.open(new PendingChanges()).next()).toEqual(done);
  });

  it("leaves by a break, by its signal and by the end, also while it waits, and nothing is kept for it", async () => {
    const { taps, set } = source();
    const leaving = new AbortController();
    const [breaking, aborted, waiting] = [
      taps.open(new PendingChanges()),
      taps.open(new PendingChanges(), leaving.signal),
      taps.open(new PendingChanges()),
    ];
    set("a", "1");
    for await (const change of breaking) {
      expect(change.key).toBe("a");
      break;
    }
    expect(taps.size).toBe(2);
    leaving.abort();
    // What is pending is not wanted any more.
    expect(await aborted.next()).toEqual(done);
    expect(taps.size).toBe(1);
    expect(await take(waiting, 1)).toHaveLength(1);
    const next = waiting.next();
    taps.end();
    expect(await next).toEqual(done);
    expect(taps.size).toBe(0);
    expect(await taps.open(new PendingChanges(), leaving.signal).next()).toEqual(done);
  });
});
