/** Waiting: for a condition, within limits, for a read that others wait for as well; and which failures pass. */
import { describe, expect, it } from "vitest";
import { type EtcdError, type EtcdReason, type GrpcCode, makeEtcdError } from "../errors.js";
import { ManualClock } from "../testing/manual-clock.js";
import { isPassing, limited } from "./limits.js";
import { SharedRead } from "./shared-read.js";
import { Waiters } from "./waiters.js";

describe("waiting for a condition", () => {
  it("ends when it holds, when time is up and with a signal, and looks no more afterwards", async () => {
    const clock = new ManualClock();
    const waiters = new Waiters(clock);
    let value = 0;
    let looks = 0;
    const above = (limit: number) => (): boolean => {
      looks += 1;
      return value > limit;
    };
    const leaving = new AbortController();
    const [met, late, left] = [
      waiters.until(above(0), 1_000),
      waiters.until(above(9), 500),
      waiters.until(above(9), 1_000, leaving.signal),
    ];
    value = 1;
    waiters.wake();
    expect(await met).toBe(true);
    leaving.abort(new Error("enough"));
    await expect(left).rejects.toThrow("enough");
    await clock.advance(500);
    expect(await late).toBe(false);
    expect(await waiters.until(above(0), 0)).toBe(true);
    const before = looks;
    waiters.wake();
    expect(looks).toBe(before);
    expect(clock.pending).toBe(0);
  });
});

describe("an action within limits", () => {
  it("ends with the limit's own reason, whatever it makes of its signal", async () => {
    const clock = new ManualClock();
    const leaving = new AbortController();
    const stubborn = (signal: AbortSignal): Promise<void> =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("something else"))));
    const late = limited(clock, 100, "too late", [undefined], stubborn);
    const left = limited(clock, 100, "too late", [leaving.signal], stubborn);
    const caught = [late, left].map((promise) => promise.catch((error: unknown) => error));
    leaving.abort(new Error("enough"));
    await clock.advance(100);
    expect(await Promise.all(caught)).toMatchObject([
      { name: "TimeoutError", message: "too late" },
      { message: "enough" },
    ]);
    await expect(limited(clock, 100, "", [leaving.signal], stubborn)).rejects.toThrow("enough");
    await expect(limited(clock, 100, "", [], () => Promise.reject(new Error("its own")))).rejects.toThrow("its own");
    expect(await limited(clock, 100, "", [], async () => 7)).toBe(7);
    expect(clock.pending).toBe(0);
  });
});

describe("a read that many wait for", () => {
  it("runs once at a time, and once more for all that have come meanwhile, also when it fails", async () => {
    const settle: ((fail?: boolean) => void)[] = [];
    const read = new SharedRead(
      () =>
        new Promise<number>((resolve, reject) => {
          const number = settle.length;
          settle.push((fail) => (fail ? reject(new Error(`read ${number}`)) : resolve(number)));
        }),
    );
    const first = read.fresh();
    const [second, third] = [read.fresh(), read.fresh()];
    expect(settle).toHaveLength(1);
    settle[0]?.(true);
    await expect(first).rejects.toThrow("read 0");
    const fourth = read.fresh();
    await Promise.resolve();
    expect(settle).toHaveLength(2);
    settle[1]?.();
    expect(await Promise.all([second, third])).toEqual([1, 1]);
    // It came before the second read had begun, or after: then it has one of its own.
    settle[2]?.();
    expect(await fourth).toBe(settle.length - 1);
    const fifth = read.fresh();
    settle.at(-1)?.();
    expect(await fifth).toBe(settle.length - 1);
  });
});

describe("a failure that passes", () => {
  it("is that of a server that is away, without a leader, too busy, or of history that is gone, and no other", () => {
    const error = (code: GrpcCode, reason: EtcdReason): EtcdError =>
      makeEtcdError("", { code, reason, outcome: "not-applied" });
    const passing = [
      error("UNAVAILABLE", "transport"),
      error("DEADLINE_EXCEEDED", "timeout"),
      error("UNAVAILABLE", "no-leader"),
      error("UNKNOWN", "too-many-requests"),
      error("OUT_OF_RANGE", "compacted"),
      error("UNAVAILABLE", "stopped"),
      error("INTERNAL", "unknown"),
    ];
    const final = [
      error("PERMISSION_DENIED", "permission-denied"),
      error("UNAUTHENTICATED", "invalid-token"),
      error("CANCELLED", "closed"),
      error("NOT_FOUND", "key-not-found"),
      error("UNIMPLEMENTED", "not-supported"),
      error("RESOURCE_EXHAUSTED", "message-too-large"),
      new Error("no error of the client's"),
    ];
    expect(passing.map(isPassing)).toEqual(passing.map(() => true));
    expect(final.map(isPassing)).toEqual(final.map(() => false));
  });
});
