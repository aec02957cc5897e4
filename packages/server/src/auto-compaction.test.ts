/** Automatic compaction on a clock that the test moves. */
import { describe, expect, it } from "vitest";
import { startAutoCompaction } from "./auto-compaction.js";
import type { AutoCompaction } from "./config/config.js";
import { ServerError } from "./core/errors.js";
import type { Clock, Logger } from "./env.js";
import type { NodeApi } from "./node/api.js";

const MINUTE_MS = 60_000;
const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** One timer at a time is all that is needed here. */
function manualClock(): { clock: Clock; advance(ms: number): void; pending(): boolean } {
  let nowMs = 0;
  let timer: { at: number; fire: () => void } | undefined;
  const clock: Clock = {
    nowMs: () => nowMs,
    wallMs: () => nowMs,
    afterIo: (run) => run(),
    setTimer(delayMs, fire) {
      const set = { at: nowMs + delayMs, fire };
      timer = set;
      return {
        cancel() {
          if (timer === set) timer = undefined;
        },
      };
    },
  };
  return {
    clock,
    pending: () => timer !== undefined,
    advance(ms) {
      const end = nowMs + ms;
      while (timer !== undefined && timer.at <= end) {
        nowMs = timer.at;
        const due = timer;
        timer = undefined;
        due.fire();
      }
      nowMs = end;
    },
  };
}

/** A node that writes one revision a minute and records what it is asked to compact. */
function start(mode: AutoCompaction, role: "leader" | "follower" = "leader") {
  const { clock, advance, pending } = manualClock();
  const compacted: [minute: number, revision: bigint][] = [];
  const state = { refuse: false };
  const node: Pick<NodeApi, "header" | "raftStatus" | "propose"> = {
    get header() {
      return { revision: BigInt(Math.floor(clock.nowMs() / MINUTE_MS)), clusterId: 1n, memberId: 1n, raftTerm: 1 };
    },
    raftStatus: { role } as NodeApi["raftStatus"],
    propose: (async (command: { revision: bigint }) => {
      if (state.refuse) throw new ServerError("compacted");
      compacted.push([clock.nowMs() / MINUTE_MS, command.revision]);
    }) as unknown as NodeApi["propose"],
  };
  const compactor = startAutoCompaction(node as NodeApi, mode, clock, silent);
  return { advance: (minutes: number) => advance(minutes * MINUTE_MS), compacted, compactor, pending, state };
}

describe("periodic compaction", () => {
  it("first compacts after the retention, then every hour, to what was current the retention ago", () => {
    const { advance, compacted } = start({ mode: "periodic", retentionMs: 120 * MINUTE_MS });
    advance(120);
    expect(compacted).toEqual([]);
    advance(130);
    expect(compacted).toEqual([
      [126, 6n],
      [186, 66n],
      [246, 126n],
    ]);
  });

  it("compacts once per retention when that is shorter than an hour", () => {
    const { advance, compacted } = start({ mode: "periodic", retentionMs: 10 * MINUTE_MS });
    advance(35);
    expect(compacted).toEqual([
      [11, 1n],
      [21, 11n],
      [31, 21n],
    ]);
  });
});

describe("compaction by revisions", () => {
  it("keeps that many revisions, looking every five minutes", () => {
    const { advance, compacted } = start({ mode: "revision", retentionRevisions: 7 });
    advance(16);
    expect(compacted).toEqual([
      [10, 3n],
      [15, 8n],
    ]);
  });

  it("is the leader's business", () => {
    const { advance, compacted } = start({ mode: "revision", retentionRevisions: 1 }, "follower");
    advance(60);
    expect(compacted).toEqual([]);
  });

  it("goes on after a compaction was refused", async () => {
    const { advance, compacted, state } = start({ mode: "revision", retentionRevisions: 1 });
    state.refuse = true;
    advance(5);
    state.refuse = false;
    advance(5);
    expect(compacted).toEqual([[10, 9n]]);
  });

  it("leaves no timer behind when it is stopped", () => {
    const { compactor, pending } = start({ mode: "revision", retentionRevisions: 1 });
    compactor.stop();
    expect(pending()).toBe(false);
  });
});
