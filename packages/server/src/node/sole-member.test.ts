/** What is written behind the log of a member that becomes a cluster of one. */
import { describe, expect, it } from "vitest";
import type { ConfChange } from "../core/apply/command.js";
import type { AppliedAt, ConfState } from "../core/mvcc/backend.js";
import { EMPTY_CONF_STATE } from "../core/raft/conf-change.js";
import type { Entry } from "../core/raft/types.js";
import type { RecoveredLog } from "../io/wal/replay.js";
import { decodeConfChange, encodeConfChange } from "../io/wire/command.js";
import { soleMemberLog } from "./sole-member.js";
import { StartRefusedError } from "./start-refused.js";

function conf(voters: readonly bigint[], learners: readonly bigint[] = []): ConfState {
  return { ...EMPTY_CONF_STATE, voters, learners };
}

function applied(index: number, confState: ConfState): AppliedAt {
  return { index, term: 1, confState };
}

function log(from: number, to: number, term: number, commit: number): RecoveredLog {
  const entries = Array.from({ length: to - from + 1 }, (_, i): Entry => {
    return { type: "command", term, index: from + i, data: new Uint8Array() };
  });
  return { entries, hardState: { term, vote: 0n, commit }, snapshot: undefined };
}

function changes(made: ReturnType<typeof soleMemberLog>): readonly string[] {
  return made?.entries.map(({ data }) => {
    const { type, member } = decodeConfChange(data).content;
    return `${type} ${member.id}`;
  }) as readonly string[];
}

function withChange(
  { entries, ...rest }: RecoveredLog,
  index: number,
  type: ConfChange["type"],
  id: bigint,
): RecoveredLog {
  const member = { id, name: "", peerUrls: [`http://h${id}:1`], clientUrls: [], isLearner: type === "add-learner" };
  const data = encodeConfChange(0n, { type, member });
  return {
    ...rest,
    entries: entries.map((entry) => (entry.index === index ? { ...entry, type: "conf-change", data } : entry)),
  };
}

describe("the last stretch of the log of a lost cluster", () => {
  it("removes everybody else, in a term of its own, and commits everything before it", () => {
    const made = soleMemberLog(2n, log(1, 10, 4, 7), applied(6, conf([1n, 2n, 3n])));
    expect(changes(made)).toEqual(["remove 1", "remove 3"]);
    expect(made?.entries.map(({ index, term }) => [index, term])).toEqual([
      [11, 5],
      [12, 5],
    ]);
    // Entries 8 to 10 may have been acknowledged by a leader that is gone.
    expect(made?.hardState).toEqual({ term: 5, vote: 2n, commit: 12 });
  });

  it("counts the members as they are at the end of the log", () => {
    const grown = withChange(withChange(log(1, 10, 4, 7), 8, "add-voter", 4n), 9, "remove", 1n);
    expect(changes(soleMemberLog(2n, grown, applied(7, conf([1n, 2n, 3n]))))).toEqual(["remove 3", "remove 4"]);
    // What the backend has applied already is not counted twice.
    expect(changes(soleMemberLog(2n, grown, applied(9, conf([2n, 3n, 4n]))))).toEqual(["remove 3", "remove 4"]);
  });

  it("gives a learner a vote first", () => {
    expect(changes(soleMemberLog(3n, log(1, 2, 1, 2), applied(2, conf([1n, 2n], [3n]))))).toEqual([
      "add-voter 3",
      "remove 1",
      "remove 2",
    ]);
    expect(changes(soleMemberLog(1n, log(1, 2, 1, 2), applied(2, conf([1n], [3n]))))).toEqual(["remove 3"]);
  });

  it("continues a log that was cut at a snapshot", () => {
    const mark = { index: 50, term: 3, confState: conf([1n, 2n]) };
    const made = soleMemberLog(
      1n,
      { hardState: { term: 3, vote: 2n, commit: 50 }, entries: [], snapshot: mark },
      applied(50, mark.confState),
    );
    expect(made?.entries.map(({ index }) => index)).toEqual([51]);
  });

  it("is nothing for a member that is alone", () => {
    expect(soleMemberLog(1n, log(1, 3, 1, 3), applied(3, conf([1n])))).toBeUndefined();
  });

  it("is refused to one that has not heard of its own admission", () => {
    expect(() => soleMemberLog(9n, log(1, 3, 1, 3), applied(3, conf([1n, 2n])))).toThrow(StartRefusedError);
  });
});
