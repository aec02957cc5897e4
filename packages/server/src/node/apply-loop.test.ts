/** Entries reach the state machine in order and in slices. */
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../testing/manual-clock.js";
import { StateMachine } from "../core/apply/state-machine.js";
import { ServerError } from "../core/errors.js";
import type { PutOperation } from "../core/mvcc/operations.js";
import type { Raft } from "../core/raft/raft.js";
import type { ApplyTask, Entry } from "../core/raft/types.js";
import { MemoryBackend } from "../io/backend/memory-backend.js";
import { NO_FAILPOINTS } from "../io/no-failpoints.js";
import { encodeCommand, encodeConfChange } from "../io/wire/command.js";
import { type Answer, ApplyLoop } from "./apply-loop.js";
import { DEFAULT_TUNING } from "./tuning.js";

const put: PutOperation = {
  kind: "put",
  key: Uint8Array.of(1),
  value: Uint8Array.of(2),
  lease: 0n,
  prevKv: false,
  ignoreValue: false,
  ignoreLease: false,
};

function task(from: number, to: number): ApplyTask {
  const entries: Entry[] = [];
  for (let index = from; index <= to; index++) {
    entries.push({ type: "command", term: 1, index, data: encodeCommand(BigInt(index), put) });
  }
  return { token: { lastIndex: to }, entries };
}

class Fixture {
  readonly clock = new ManualClock();
  readonly machine = StateMachine.open({ backend: new MemoryBackend(), lessor: { minTtlSeconds: 2 } });
  readonly applied: number[] = [];
  readonly answers: [bigint, Answer][] = [];
  onEntry: (entry: Entry, answer: Answer | undefined) => void = () => {};
  readonly errors: unknown[] = [];
  readonly confChanges: unknown[] = [];
  readonly loop = new ApplyLoop({
    machine: this.machine,
    raft: {
      applied: ({ lastIndex }: { lastIndex: number }) => this.applied.push(lastIndex),
      applyConfChange: (change: unknown) => this.confChanges.push(change),
    } as unknown as Raft,
    clock: this.clock,
    failpoints: NO_FAILPOINTS,
    tuning: DEFAULT_TUNING,
    onEntry: (entry, answer) => this.onEntry(entry, answer),
    onAnswer: (requestId, answer) => this.answers.push([requestId, answer]),
    onApplied: () => {},
    onConfChange: () => {},
    onError: (error) => this.errors.push(error),
  });
}

describe("the apply loop", () => {
  it("applies a small task at once and answers by request id", () => {
    const fixture = new Fixture();
    fixture.loop.add(task(1, 3));
    expect(fixture.applied).toEqual([3]);
    expect(fixture.answers.map(([id]) => id)).toEqual([1n, 2n, 3n]);
  });

  it("lets the event loop go on after 256 entries, and keeps the order of tasks that come meanwhile", async () => {
    const fixture = new Fixture();
    fixture.loop.add(task(1, 600));
    fixture.loop.add(task(601, 610));
    expect(fixture.applied).toEqual([256]);
    await fixture.clock.settle();
    expect(fixture.applied).toEqual([256, 512, 610]);
    expect(fixture.answers).toHaveLength(610);
  });

  it("ends a slice after 4 ms", async () => {
    const fixture = new Fixture();
    // Every look at the clock finds it a millisecond later.
    const { clock } = fixture;
    const nowMs = clock.nowMs.bind(clock);
    clock.nowMs = () => {
      clock.stall(1);
      return nowMs();
    };
    fixture.loop.add(task(1, 10));
    expect(fixture.applied).toEqual([4]);
    await clock.settle();
    expect(fixture.applied).toEqual([4, 8, 10]);
  });

  it("shows every entry once it has taken effect, in order and with its answer, before the answers go out", () => {
    const fixture = new Fixture();
    const { entries } = task(1, 2);
    const shown: unknown[] = [];
    fixture.onEntry = (entry, answer) => {
      shown.push([entry.index, answer instanceof ServerError ? answer.reason : answer?.kind]);
      expect(fixture.machine.appliedIndex).toBe(entry.index);
      expect(fixture.answers).toEqual([]);
    };
    const refused: Entry = {
      type: "command",
      term: 1,
      index: 4,
      data: encodeCommand(4n, { kind: "lease-revoke", id: 9n, leaderTerm: 0 }),
    };
    const ofNewLeader: Entry = { type: "command", term: 1, index: 3, data: new Uint8Array(0) };
    fixture.loop.add({ token: { lastIndex: 4 }, entries: [...entries, ofNewLeader, refused] });
    expect(shown).toEqual([
      [1, "put"],
      [2, "put"],
      [3, undefined],
      [4, "leaseNotFound"],
    ]);
    expect(fixture.errors).toEqual([]);
  });

  it("applies nothing while it is paused", async () => {
    const fixture = new Fixture();
    fixture.loop.pause();
    fixture.loop.add(task(1, 3));
    await fixture.clock.settle();
    expect(fixture.machine.appliedIndex).toBe(0);
    fixture.loop.resume();
    await fixture.clock.settle();
    expect(fixture.machine.appliedIndex).toBe(3);
  });

  it("tells Raft of a membership change that had an effect, and only of such", () => {
    const fixture = new Fixture();
    const member = { id: 5n, name: "", peerUrls: ["http://a"], clientUrls: [], isLearner: false };
    const entry = (index: number, type: "add-voter" | "update", id: bigint): Entry => {
      const data = encodeConfChange(0n, { type, member: { ...member, id } });
      return { type: "conf-change", term: 1, index, data };
    };
    const entries = [entry(1, "add-voter", 5n), entry(2, "update", 77n)];
    fixture.loop.add({ token: { lastIndex: 2 }, entries });
    expect(fixture.confChanges).toMatchObject([{ type: "add-voter", member: { id: 5n } }]);
    expect(fixture.applied).toEqual([2]);
  });

  it("stops at an entry that it cannot read, before anything after it", async () => {
    const fixture = new Fixture();
    const { entries } = task(1, 3);
    const damaged = { ...(entries[1] as Entry), data: Uint8Array.of(255, 255, 255) };
    fixture.loop.add({ token: { lastIndex: 3 }, entries: [entries[0] as Entry, damaged, entries[2] as Entry] });
    fixture.loop.add(task(4, 5));
    await fixture.clock.settle();
    expect(fixture.errors).toHaveLength(1);
    expect(fixture.machine.appliedIndex).toBe(1);
  });
});
