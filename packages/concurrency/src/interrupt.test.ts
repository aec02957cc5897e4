/** Ends of waiting, on a clock that the tests turn. */
import { type ClientWorld, EtcdError, type Outcome, TimeoutError } from "@kvorum/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Interrupt, isTransient, pause, persist, unlessAborted } from "./interrupt.js";

/** The clock that vitest turns. */
const world: ClientWorld = {
  clock: {
    nowMs: () => performance.now(),
    wallMs: () => Date.now(),
    after: (ms, action) => {
      const timer = setTimeout(action, ms);
      return () => clearTimeout(timer);
    },
  },
  random: () => 0.5,
};

const never = new AbortController().signal;

function etcdError(code: EtcdError["code"], outcome: Outcome, reason: EtcdError["reason"] = "unknown"): EtcdError {
  return new EtcdError("failed", { code, reason, outcome });
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("an interrupt", () => {
  it("aborts with the reason of the first signal that does", () => {
    const [one, two] = [new AbortController(), new AbortController()];
    using wait = new Interrupt(world, "waiting", [one.signal, undefined, two.signal]);
    expect(wait.signal.aborted).toBe(false);
    two.abort("two");
    one.abort("one");
    expect(wait.signal.reason).toBe("two");
  });

  it("is aborted from the start by a signal that was aborted before", () => {
    using wait = new Interrupt(world, "waiting", [AbortSignal.abort("before")]);
    expect(wait.signal.reason).toBe("before");
  });

  it("aborts with a timeout error that names what took too long", () => {
    using wait = new Interrupt(world, "the wait", [], 1_000);
    vi.advanceTimersByTime(999);
    expect(wait.signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(wait.signal.reason).toBeInstanceOf(TimeoutError);
    expect(wait.signal.reason).toMatchObject({ message: "the wait took longer than 1000 ms", outcome: "not-applied" });
  });

  it("leaves no listener and no timer behind", () => {
    const abort = new AbortController();
    const removed = vi.spyOn(abort.signal, "removeEventListener");
    {
      using wait = new Interrupt(world, "waiting", [abort.signal], 1_000);
      expect(wait.signal.aborted).toBe(false);
    }
    expect(removed).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("waiting", () => {
  it("unlessAborted settles with whichever comes first", async () => {
    const abort = new AbortController();
    expect(await unlessAborted(Promise.resolve(1), abort.signal)).toBe(1);
    const pending = unlessAborted(new Promise(() => undefined), abort.signal);
    abort.abort("enough");
    await expect(pending).rejects.toBe("enough");
    await expect(unlessAborted(new Promise(() => undefined), abort.signal)).rejects.toBe("enough");
  });

  it("a pause ends with its time, or with the signal and then without a timer", async () => {
    const abort = new AbortController();
    const over = pause(world, 100, abort.signal);
    vi.advanceTimersByTime(100);
    await over;
    const aborted = pause(world, 100, abort.signal);
    abort.abort("enough");
    await expect(aborted).rejects.toBe("enough");
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("persisting", () => {
  it("repeats what is unknown or unanswered until it is answered", async () => {
    const failures = [etcdError("UNKNOWN", "unknown"), etcdError("UNAVAILABLE", "not-applied")];
    let attempts = 0;
    const done = persist(world, never, async () => {
      attempts += 1;
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      return "done";
    });
    await vi.runAllTimersAsync();
    expect(await done).toBe("done");
    expect(attempts).toBe(3);
  });

  it("rejects at once with what another attempt would not change", async () => {
    const refused = etcdError("PERMISSION_DENIED", "not-applied", "permission-denied");
    await expect(persist(world, never, () => Promise.reject(refused))).rejects.toBe(refused);
    const mistake = new TypeError("not a key");
    await expect(persist(world, never, () => Promise.reject(mistake))).rejects.toBe(mistake);
  });

  it("ends with the signal between two attempts", async () => {
    const abort = new AbortController();
    const done = persist(world, abort.signal, () => Promise.reject(etcdError("UNAVAILABLE", "unknown")));
    done.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(10);
    abort.abort("enough");
    await expect(done).rejects.toBe("enough");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("takes a closed client for an end, not for something that passes", () => {
    expect(isTransient(etcdError("CANCELLED", "unknown", "closed"))).toBe(false);
    expect(isTransient(etcdError("DEADLINE_EXCEEDED", "not-applied", "timeout"))).toBe(true);
    expect(isTransient(etcdError("NOT_FOUND", "not-applied", "lease-not-found"))).toBe(false);
  });
});
