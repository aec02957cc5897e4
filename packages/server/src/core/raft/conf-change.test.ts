/** Membership changes: what each does to a configuration, what is refused, and what never breaks whatever comes. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  changedConfState,
  confChangeRefusal,
  EMPTY_CONF_STATE,
  isJoint,
  type JointChange,
  type MemberChange,
  membersOf,
} from "./conf-change.js";
import type { ConfState } from "./types.js";

const conf = (parts: Partial<ConfState>): ConfState => ({ ...EMPTY_CONF_STATE, ...parts });
const step = (type: MemberChange["type"], id: bigint): MemberChange => ({ type, member: { id } });
const joint = (
  transition: "auto" | "implicit" | "explicit",
  ...changes: readonly MemberChange[]
): Extract<JointChange, { type: "joint" }> => ({ type: "joint", transition, changes });
const LEAVE: JointChange = { type: "leave-joint" };
const three = conf({ voters: [1n, 2n, 3n], learners: [4n] });

describe("a single step", () => {
  it("adds a voter, promotes a learner, adds a learner and removes either", () => {
    expect(changedConfState(three, step("add-voter", 5n))).toEqual(conf({ voters: [1n, 2n, 3n, 5n], learners: [4n] }));
    expect(changedConfState(three, step("add-voter", 4n))).toEqual(conf({ voters: [1n, 2n, 3n, 4n] }));
    expect(changedConfState(three, step("add-learner", 5n))).toEqual(
      conf({ voters: [1n, 2n, 3n], learners: [4n, 5n] }),
    );
    expect(changedConfState(three, step("remove", 2n))).toEqual(conf({ voters: [1n, 3n], learners: [4n] }));
    expect(changedConfState(three, step("remove", 4n))).toEqual(conf({ voters: [1n, 2n, 3n] }));
  });

  it("changes nothing where there is nothing to change", () => {
    for (const change of [
      step("add-voter", 1n),
      step("add-learner", 4n),
      step("remove", 9n),
      step("update", 1n),
      step("update", 9n),
    ]) {
      expect(changedConfState(three, change), change.type).toBe(three);
    }
  });

  it("never takes a voter's vote away by adding it as learner", () => {
    expect(changedConfState(three, step("add-learner", 1n))).toBe(three);
  });

  it("builds a first configuration out of nothing", () => {
    const first = changedConfState(EMPTY_CONF_STATE, step("add-learner", 7n));
    expect(changedConfState(first, step("add-voter", 1n))).toEqual(conf({ voters: [1n], learners: [7n] }));
  });

  it("is refused when it would leave no voter, names nobody, or meets a joint configuration", () => {
    expect(confChangeRefusal(conf({ voters: [1n], learners: [2n] }), step("remove", 1n))).toBe(
      "no voter would be left",
    );
    expect(confChangeRefusal(three, step("add-voter", 0n))).toBe("member id 0 means nobody");
    const between = changedConfState(three, joint("explicit", step("remove", 1n)));
    expect(confChangeRefusal(between, step("add-voter", 5n))).toBe("the joint configuration has to be left first");
    expect(changedConfState(between, step("add-voter", 5n))).toBe(between);
  });
});

describe("a joint change", () => {
  it("asks both halves until it is left", () => {
    const between = changedConfState(three, joint("implicit", step("remove", 1n), step("add-voter", 5n)));
    expect(between).toEqual(
      conf({ voters: [2n, 3n, 5n], votersOutgoing: [1n, 2n, 3n], learners: [4n], autoLeave: true }),
    );
    expect(changedConfState(between, LEAVE)).toEqual(conf({ voters: [2n, 3n, 5n], learners: [4n] }));
  });

  it("in transition auto is a single step where one change is all there is", () => {
    expect(isJoint(changedConfState(three, joint("auto", step("remove", 1n))))).toBe(false);
    const two = changedConfState(three, joint("auto", step("remove", 1n), step("remove", 4n)));
    expect(two).toMatchObject({ votersOutgoing: [1n, 2n, 3n], autoLeave: true });
  });

  it("stays joint in transition explicit", () => {
    const between = changedConfState(three, joint("explicit", step("add-voter", 5n)));
    expect(between).toMatchObject({ votersOutgoing: [1n, 2n, 3n], autoLeave: false });
  });

  it("lets a demoted voter vote in the outgoing half, and makes it a learner when it is left", () => {
    const between = changedConfState(three, joint("explicit", step("add-learner", 1n)));
    expect(between).toEqual(
      conf({ voters: [2n, 3n], votersOutgoing: [1n, 2n, 3n], learners: [4n], learnersNext: [1n] }),
    );
    expect(changedConfState(between, LEAVE)).toEqual(conf({ voters: [2n, 3n], learners: [1n, 4n] }));
  });

  it("demotes at once where no joint configuration is entered", () => {
    const after = changedConfState(three, joint("auto", step("add-learner", 1n)));
    expect(after).toEqual(conf({ voters: [2n, 3n], learners: [1n, 4n] }));
  });

  it("takes its changes in order: the last word on a member counts", () => {
    const back = changedConfState(three, joint("implicit", step("remove", 1n), step("add-voter", 1n)));
    expect(back).toMatchObject({ voters: [1n, 2n, 3n], learnersNext: [] });
    const next = changedConfState(three, joint("implicit", step("add-learner", 1n), step("add-voter", 1n)));
    expect(next).toMatchObject({ voters: [1n, 2n, 3n], learnersNext: [] });
    const gone = changedConfState(three, joint("implicit", step("add-learner", 1n), step("remove", 1n)));
    expect(gone).toMatchObject({ voters: [2n, 3n], learnersNext: [] });
  });

  it("is refused within another, out of an empty configuration, and when no voter would be left", () => {
    const between = changedConfState(three, joint("explicit", step("remove", 1n)));
    expect(confChangeRefusal(between, joint("explicit", step("remove", 2n)))).toBeDefined();
    expect(confChangeRefusal(EMPTY_CONF_STATE, joint("implicit", step("add-voter", 1n)))).toBe(
      "a joint configuration needs voters to come from",
    );
    const all = joint("auto", step("remove", 1n), step("remove", 2n), step("remove", 3n));
    expect(confChangeRefusal(three, all)).toBe("no voter would be left");
    expect(confChangeRefusal(three, joint("auto", step("add-voter", 5n), step("add-voter", 0n)))).toBeDefined();
  });

  it("cannot be left where there is none", () => {
    expect(confChangeRefusal(three, LEAVE)).toBe("the configuration is not joint");
    expect(changedConfState(three, LEAVE)).toBe(three);
  });
});

const anyStep = fc
  .tuple(
    fc.constantFrom<MemberChange["type"]>("add-voter", "add-learner", "remove", "update"),
    fc.bigInt({ min: 0n, max: 6n }),
  )
  .map(([type, id]) => step(type, id));
const anyJoint = fc
  .tuple(
    fc.constantFrom("auto" as const, "implicit" as const, "explicit" as const),
    fc.array(anyStep, { maxLength: 4 }),
  )
  .map(([transition, changes]) => joint(transition, ...changes));
const anyChange = fc.oneof(anyStep, anyJoint, fc.constant(LEAVE));
/** A configuration that changes have led to. */
const anyConf = fc.array(anyChange, { maxLength: 12 }).map((changes) => changes.reduce(changedConfState, three));

/** Every set of voters that is a majority. */
function majorities(voters: readonly bigint[]): readonly (readonly bigint[])[] {
  const subsets = Array.from({ length: 2 ** voters.length }, (_, bits) => voters.filter((_id, i) => (bits >> i) & 1));
  return subsets.filter((set) => set.length > voters.length / 2);
}

function meet(a: readonly bigint[], b: readonly bigint[]): boolean {
  return majorities(a).every((one) => majorities(b).every((other) => one.some((id) => other.includes(id))));
}

describe("whatever changes come", () => {
  it("no member is in two places that exclude each other, and there is always somebody to vote", () => {
    fc.assert(
      fc.property(anyConf, ({ voters, votersOutgoing, learners, learnersNext, autoLeave }) => {
        expect(voters.length).toBeGreaterThan(0);
        expect(learners.filter((id) => voters.includes(id) || votersOutgoing.includes(id))).toEqual([]);
        expect(learnersNext.filter((id) => !votersOutgoing.includes(id) || voters.includes(id))).toEqual([]);
        if (votersOutgoing.length === 0)
          expect({ learnersNext, autoLeave }).toEqual({ learnersNext: [], autoLeave: false });
        for (const ids of [voters, votersOutgoing, learners, learnersNext]) {
          expect([...new Set(ids)].sort((a, b) => Number(a - b))).toEqual(ids);
          expect(ids).not.toContain(0n);
        }
      }),
    );
  });

  it("a decision before a change and one after it share a member", () => {
    fc.assert(
      fc.property(anyConf, anyChange, (before, change) => {
        const after = changedConfState(before, change);
        const halves = (of: ConfState) => (isJoint(of) ? [of.voters, of.votersOutgoing] : [of.voters]);
        // Both have the agreement of all their halves; so it is enough that one half of each must meet.
        expect(halves(before).some((a) => halves(after).some((b) => meet(a, b)))).toBe(true);
      }),
    );
  });

  it("applying one twice is applying it once", () => {
    fc.assert(
      fc.property(anyConf, anyChange, (before, change) => {
        const once = changedConfState(before, change);
        expect(changedConfState(once, change)).toEqual(once);
      }),
    );
  });

  it("a refused change is no change, and every configuration can be left or is not joint", () => {
    fc.assert(
      fc.property(anyConf, anyChange, (before, change) => {
        if (confChangeRefusal(before, change) !== undefined) expect(changedConfState(before, change)).toBe(before);
        const left = isJoint(before) ? changedConfState(before, LEAVE) : before;
        expect(isJoint(left)).toBe(false);
        expect(left.voters).toEqual(before.voters);
        expect(membersOf(left).every((id) => membersOf(before).includes(id))).toBe(true);
      }),
    );
  });
});
