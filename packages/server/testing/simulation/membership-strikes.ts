/** Members come, go, are promoted, replaced and moved while the cluster is in trouble. `membership.ts` has how. */
import type { Chance } from "../../src/core/seeded/chance.js";
import type { Member } from "./membership.js";
import type { Nemesis } from "./nemesis.js";
import type { Fault } from "./plan.js";
import type { Strike } from "./strike.js";

type MembershipFault = Extract<
  Fault,
  "add learner" | "add voter" | "promote" | "remove member" | "replace member" | "move member"
>;

/** Voters that a cluster has at least before one is removed for good, and at most after one was added. */
const VOTERS = { min: 3, max: 6 };

export const MEMBERSHIP_STRIKES: Readonly<Record<MembershipFault, Strike>> = {
  "add learner": (nemesis) =>
    change(nemesis, "add learner", async (members) => {
      if (members.length > VOTERS.max || learnersOf(members).length > 0) return false;
      return nemesis.membership.join(nemesis.membership.spare(), true);
    }),

  "add voter": (nemesis) =>
    change(nemesis, "add voter", async (members) => {
      if (votersOf(members).length >= VOTERS.max) return false;
      return nemesis.membership.join(nemesis.membership.spare(), false);
    }),

  promote: (nemesis) =>
    change(nemesis, "promote", async (members) => {
      const [learner] = learnersOf(members);
      return learner !== undefined && nemesis.membership.promote(learner);
    }),

  "remove member": (nemesis, chance) =>
    change(nemesis, "remove member", async (members) => {
      const candidates = votersOf(members).length > VOTERS.min ? members : learnersOf(members);
      const victim = candidates.length === 0 ? undefined : victimOf(nemesis, chance, candidates);
      return victim !== undefined && nemesis.membership.remove(victim);
    }),

  "replace member": (nemesis, chance) =>
    change(nemesis, "replace member", async (members) => {
      if (votersOf(members).length < VOTERS.min) return false;
      return nemesis.membership.replace(victimOf(nemesis, chance, members));
    }),

  "move member": (nemesis, chance) =>
    change(nemesis, "move member", (members) => nemesis.membership.move(victimOf(nemesis, chance, members))),
};

/** Makes the change from the list as it is, and counts it when it was made. */
function change(
  nemesis: Nemesis,
  fault: MembershipFault,
  make: (members: readonly Member[]) => Promise<boolean>,
): void {
  const { membership } = nemesis;
  void membership
    .alone(async () => {
      const members = await membership.list();
      return members !== undefined && !nemesis.over && make(members);
    })
    .then((made) => {
      if (made) nemesis.struck(fault);
    });
}

/** Often the leader, or one that is down. */
function victimOf({ membership, simulation }: Nemesis, chance: Chance, members: readonly Member[]): Member {
  const wish = chance.weighted({ anybody: 3, leader: 2, down: 2 });
  const wished = members.filter((member) => {
    const machine = membership.machineOf(member);
    if (wish === "leader") return machine === simulation.leader;
    return wish === "anybody" || machine.life === undefined;
  });
  return chance.pick(wished.length > 0 ? wished : members);
}

function votersOf(members: readonly Member[]): readonly Member[] {
  return members.filter(({ isLearner }) => !isLearner);
}

function learnersOf(members: readonly Member[]): readonly Member[] {
  return members.filter(({ isLearner }) => isLearner);
}
