/** Long walks share the turns of the event loop: how much is done in one, in which order, and how a walk ends. */
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../testing/manual-clock.js";
import { SLICE_COST, type SliceBudget, type Slices } from "../core/mvcc/slices.js";
import type { Store } from "../core/mvcc/store.js";
import { Walks } from "./walks.js";

/** Walks over stores that are but names, with everything they do written down, and `|` where the test lets a turn pass. */
function walks() {
  const clock = new ManualClock();
  const log: string[] = [];
  const now = { store: "one", stopped: false };
  const options = { clock, store: () => now.store as unknown as Store, stopped: () => now.stopped };
  const subject = new Walks(options);
  const run = (name: string, costs: readonly number[]): Promise<string> =>
    subject.run(function* (store: Store, budget: SliceBudget): Slices<string> {
      for (const [index, cost] of costs.entries()) {
        log.push(`${name}${index}`);
        budget.spend(cost);
        if (index < costs.length - 1) yield;
      }
      return `${name} of ${store as unknown as string}`;
    });
  const turn = async (): Promise<void> => {
    log.push("|");
    await clock.settle();
  };
  return { log, now, run, turn, subject };
}

describe("long walks", () => {
  it("begin at once while the turn has room, and wait for another when it has not", async () => {
    const { log, run, turn } = walks();
    const half = SLICE_COST / 2;
    const all = Promise.all(["a", "b", "c", "d", "e"].map((name) => run(name, [half])));
    expect(log).toEqual(["a0", "b0"]);
    await turn();
    expect(log).toEqual(["a0", "b0", "|", "c0", "d0", "e0"]);
    expect(await all).toEqual(["a of one", "b of one", "c of one", "d of one", "e of one"]);
  });

  it("take a turn each, so that a short one does not wait for the end of a long one", async () => {
    const { log, run, turn } = walks();
    const long = run("l", [SLICE_COST, SLICE_COST, SLICE_COST]);
    const short = run("s", [1]);
    await turn();
    await Promise.all([long, short]);
    expect(log).toEqual(["l0", "|", "l1", "s0", "l2"]);
  });

  it("have all of the next turn after one that was used up, with nobody waiting", async () => {
    const { log, run, turn } = walks();
    await run("a", [SLICE_COST]);
    await turn();
    run("b", [SLICE_COST / 2]);
    run("c", [SLICE_COST / 2]);
    expect(log).toEqual(["a0", "|", "b0", "c0"]);
  });

  it("begin again when the store is replaced", async () => {
    const { log, now, run, turn } = walks();
    const result = run("a", [SLICE_COST, SLICE_COST, 1]);
    now.store = "two";
    await turn();
    expect(await result).toBe("a of two");
    expect(log).toEqual(["a0", "|", "a0", "a1", "a2"]);
  });

  it("are refused when the member stops, those under way and those to come", async () => {
    const { now, run, turn } = walks();
    const result = run("a", [SLICE_COST, 1]);
    now.stopped = true;
    const outcome = expect(result).rejects.toThrow("etcdserver: server stopped");
    await turn();
    await outcome;
    await expect(run("b", [1])).rejects.toThrow("etcdserver: server stopped");
  });

  it("that fail fail alone", async () => {
    const { run, subject } = walks();
    const broken = subject.run(() => {
      throw new Error("unreadable");
    });
    await expect(broken).rejects.toThrow("unreadable");
    expect(await run("a", [1])).toBe("a of one");
  });
});
