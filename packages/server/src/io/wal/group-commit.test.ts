/** Batches form by waiting, not by timers. */
import { describe, expect, it } from "vitest";
import { GroupCommit } from "./group-commit.js";

describe("group commit", () => {
  it("takes what was submitted in one turn together, and splits it at the byte bound", async () => {
    const batches: number[][] = [];
    const commit = new GroupCommit<number>(
      async (batch) => void batches.push([...batch]),
      (bytes) => bytes,
      10,
    );
    await Promise.all([4, 6, 1, 30, 2, 3].map((bytes) => commit.submit(bytes)));
    expect(batches).toEqual([[4, 6], [1], [30], [2, 3]]);
  });

  it("never has two flushes in flight", async () => {
    let inFlight = 0;
    let most = 0;
    const commit = new GroupCommit<number>(
      async () => {
        most = Math.max(most, ++inFlight);
        await new Promise((resolve) => setImmediate(resolve));
        inFlight--;
      },
      () => 1,
      2,
    );
    const submitted = Array.from({ length: 9 }, (_, i) => commit.submit(i));
    await commit.idle();
    await Promise.all(submitted);
    expect(most).toBe(1);
  });

  it("rejects everything from the first failed flush on, and flushes nothing more", async () => {
    let flushes = 0;
    const commit = new GroupCommit<number>(
      async () => {
        if (++flushes === 2) throw new Error("disk");
      },
      () => 1,
      1,
    );
    const results = await Promise.allSettled([1, 2, 3].map((i) => commit.submit(i)));
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
    await expect(commit.submit(4)).rejects.toThrow("disk");
    expect(flushes).toBe(2);
    await commit.idle();
  });
});
