/** Rounds of reads: shared, confirmed, applied, retried. */
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../testing/manual-clock.js";
import type { Raft } from "../core/raft/raft.js";
import { SeededRandom } from "../simulation/seeded-random.js";
import { ReadRounds } from "./read.js";

/** Raft as far as reads see it: it writes down what it is asked. */
function rounds(): { reads: ReadRounds; asked: number[]; clock: ManualClock; status: { appliedIndex: number } } {
  const clock = new ManualClock();
  const asked: number[] = [];
  const status = { appliedIndex: 0 };
  const raft = { status, readIndex: (requestId: number) => asked.push(requestId) } as unknown as Raft;
  const options = { raft, clock, random: new SeededRandom(7), requestTimeoutMs: 7000, wake: () => {} };
  return { reads: new ReadRounds(options), asked, clock, status };
}

async function state(promise: Promise<void>): Promise<string> {
  const pending = Symbol();
  const outcome = await Promise.race([
    promise.then(
      () => "resolved",
      (error: Error) => error.message,
    ),
    new Promise((resolve) => setImmediate(resolve, pending)),
  ]);
  return outcome === pending ? "pending" : String(outcome);
}

describe("read rounds", () => {
  it("are shared by all reads that arrive before one begins", async () => {
    const { reads, asked, status } = rounds();
    const waiting = [reads.barrier(), reads.barrier(), reads.barrier()];
    reads.begin();
    expect(asked).toHaveLength(1);
    status.appliedIndex = 4;
    reads.answered([{ requestId: asked[0] as number, index: 4 }]);
    for (const read of waiting) expect(await state(read)).toBe("resolved");
  });

  it("never answer a read that arrived after the round was asked", async () => {
    const { reads, asked } = rounds();
    reads.barrier();
    reads.begin();
    const late = reads.barrier();
    reads.begin();
    expect(asked).toHaveLength(1);
    reads.answered([{ requestId: asked[0] as number, index: 0 }]);
    expect(await state(late)).toBe("pending");
    reads.begin();
    reads.answered([{ requestId: asked[1] as number, index: 0 }]);
    expect(await state(late)).toBe("resolved");
  });

  it("resolve a read only when its index is applied", async () => {
    const { reads, asked } = rounds();
    const read = reads.barrier();
    reads.begin();
    reads.answered([{ requestId: asked[0] as number, index: 9 }]);
    reads.applied(8);
    expect(await state(read)).toBe("pending");
    reads.applied(9);
    expect(await state(read)).toBe("resolved");
  });

  it("use a new id for every retry and ignore an answer to an older one", async () => {
    const { reads, asked } = rounds();
    const read = reads.barrier();
    reads.begin();
    reads.tick(499);
    expect(asked).toHaveLength(1);
    reads.tick(500);
    expect(asked).toHaveLength(2);
    expect(asked[1]).not.toBe(asked[0]);
    reads.answered([{ requestId: asked[0] as number, index: 0 }]);
    expect(await state(read)).toBe("pending");
    reads.answered([{ requestId: asked[1] as number, index: 0 }]);
    expect(await state(read)).toBe("resolved");
  });

  it("ask at once when a leader appears", () => {
    const { reads, asked } = rounds();
    reads.barrier();
    reads.begin();
    reads.leaderKnown();
    expect(asked).toHaveLength(2);
  });

  it("end with the leader that was asked", async () => {
    const { reads } = rounds();
    const read = reads.barrier();
    reads.begin();
    const next = reads.barrier();
    reads.leaderChanged();
    expect(await state(read)).toBe("etcdserver: leader changed");
    expect(await state(next)).toBe("pending");
  });

  it("time out wherever they wait", async () => {
    const { reads, asked } = rounds();
    const confirmed = reads.barrier();
    reads.begin();
    reads.answered([{ requestId: asked[0] as number, index: 9 }]);
    const out = reads.barrier();
    reads.begin();
    const waiting = reads.barrier();
    reads.tick(6999);
    expect(await state(waiting)).toBe("pending");
    reads.tick(7000);
    for (const read of [confirmed, out, waiting]) expect(await state(read)).toBe("etcdserver: request timed out");
  });

  it("end when the node stops, wherever they wait", async () => {
    const { reads, asked } = rounds();
    const confirmed = reads.barrier();
    reads.begin();
    reads.answered([{ requestId: asked[0] as number, index: 9 }]);
    const out = reads.barrier();
    reads.begin();
    const waiting = reads.barrier();
    reads.stop();
    for (const read of [confirmed, out, waiting, reads.barrier()]) {
      expect(await state(read)).toBe("etcdserver: server stopped");
    }
  });
});
