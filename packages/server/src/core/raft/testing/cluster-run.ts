/**
 * A run of the simulated cluster from start to verdict: trouble for as long as the plan says, then everything is healed and
 * the cluster has to come together within a bounded time. A failure tells the seed, what was broken and what led there.
 */
import { isJoint, isMember, isVoter } from "./cluster-conf.js";
import { Counters } from "./cluster-counters.js";
import type { SimulatedMember } from "./cluster-member.js";
import { Cluster } from "./cluster-model.js";
import { drawPlan, FAULTS, type Plan, REQUESTS, TICK_UNITS, without } from "./cluster-plan.js";
import { Violation } from "./cluster-violation.js";
import { Workload } from "./cluster-workload.js";

/** Rounds of one (shortest) election timeout each that a healed cluster may take to agree, beside what it has to catch up. */
const SETTLE_ROUNDS_MAX = 25;

/** Time units for an entry that is to be caught up, where a message carries one and only one is on its way. */
const CATCH_UP_UNITS = 15;

const NO_LEADER = "there is no leader";

export interface Verdict {
  readonly seed: number;
  readonly events: number;
  /** The hash of the whole run; equal for equal seeds. */
  readonly hash: number;
  /** Election timeouts that the healed cluster took to agree. */
  readonly settleRounds: number;
  /** Undefined when nothing was wrong. */
  readonly failure: string | undefined;
}

export function runSeed(seed: number, counters: Counters = new Counters()): Verdict {
  return runPlan(drawPlan(seed), counters);
}

export function runPlan(plan: Plan, counters: Counters): Verdict {
  let settleRounds = 0;
  let cluster: Cluster | undefined;
  let failure: string | undefined;
  try {
    cluster = new Cluster(plan, counters);
    const workload = new Workload(cluster);
    trouble(cluster, workload);
    settleRounds = settle(cluster, workload);
  } catch (error) {
    failure = describeFailure(plan, cluster, error);
  }
  const { count, hash } = cluster?.trace ?? { count: 0, hash: 0 };
  return { seed: plan.seed, events: count, hash, settleRounds, failure };
}

/** Tries the failing seed with less: fewer kinds of fault and request, fewer events. Answers the smallest that fails. */
export function shrink(seed: number): { readonly plan: Plan; readonly verdict: Verdict } {
  let plan = drawPlan(seed);
  let verdict = runPlan(plan, new Counters());
  const kind = kindOf(verdict.failure);
  const fails = (smaller: Plan): Verdict | undefined => {
    const outcome = runPlan(smaller, new Counters());
    return kindOf(outcome.failure) === kind ? outcome : undefined;
  };
  for (const name of [...FAULTS, ...REQUESTS]) {
    const smaller = without(plan, name);
    const outcome = smaller === undefined ? undefined : fails(smaller);
    if (smaller !== undefined && outcome !== undefined) [plan, verdict] = [smaller, outcome];
  }
  for (let events = plan.events; events > 10; events = Math.floor(events * 0.8)) {
    const smaller = { ...plan, events };
    const outcome = fails(smaller);
    if (outcome !== undefined) [plan, verdict] = [smaller, outcome];
  }
  return { plan, verdict };
}

/** What was broken, without the numbers that differ from run to run. */
export function kindOf(failure: string | undefined): string | undefined {
  return failure?.split("\n", 1)[0]?.replace(/\d+/g, "#");
}

function trouble(cluster: Cluster, workload: Workload): void {
  const { plan, trace } = cluster;
  const gap = (max: number): number => 1 + ((trace.hash >>> 3) % max);
  workload.begin();
  cluster.schedule("client", 1);
  cluster.schedule("fault", gap(plan.faultGapMax));
  while (trace.count < plan.events) {
    const kind = cluster.step();
    if (kind === "client") {
      workload.request();
      cluster.schedule("client", gap(plan.clientGapMax));
    } else if (kind === "fault") {
      workload.breakSomething();
      cluster.schedule("fault", gap(plan.faultGapMax));
    }
  }
}

/** Liveness: one leader, one configuration, one history, a new write and a new read for everybody. Says how long it took. */
function settle(cluster: Cluster, workload: Workload): number {
  cluster.heal();
  for (const member of cluster.members.values()) cluster.start(member);
  const goals = new Goals(cluster, workload);
  const roundUnits = cluster.plan.electionTicks * TICK_UNITS;
  const longest = Math.max(...[...cluster.members.values()].map(({ handed }) => handed.lastIndex));
  const rounds = SETTLE_ROUNDS_MAX + Math.ceil((longest * CATCH_UP_UNITS) / roundUnits);
  for (let round = 1; round <= rounds; round++) {
    const end = cluster.now + roundUnits;
    while (cluster.now < end) cluster.step();
    if (goals.missing() === undefined) return round;
  }
  const missing = goals.missing();
  if (missing === NO_LEADER && goals.isStranded()) {
    cluster.counters.note("stranded by a removal that nobody else has heard of");
    return rounds;
  }
  throw new Violation(`liveness: after ${rounds} election timeouts without trouble ${missing}`);
}

/** What a healed cluster has to reach; what an operator does meanwhile to help it there. */
class Goals {
  readonly #cluster: Cluster;
  readonly #workload: Workload;
  readonly #reads: Map<bigint, number> = new Map();
  /** The fresh proposal: the leader's term and the index it took. */
  #fresh: { readonly term: number; readonly index: number } | undefined;

  constructor(cluster: Cluster, workload: Workload) {
    this.#cluster = cluster;
    this.#workload = workload;
  }

  /** The first goal that is not reached, in words. */
  missing(): string | undefined {
    const leader = this.#leader();
    if (leader === undefined) return NO_LEADER;
    const { confState } = leader.machine;
    this.#stopStrangers(leader);
    if (isJoint(confState)) {
      if (!confState.autoLeave) this.#workload.proposeChange(leader, { type: "leave-joint" });
      return "the configuration is joint";
    }
    return this.#missingWrite(leader) ?? this.#missingRead(leader) ?? this.#missingEquality(leader);
  }

  /**
   * The one end that is known to be without a way out, about one in ten thousand seeds: a removal is committed and applied
   * by those whom it removes, and nobody who stays has heard of it. These count the removed ones still, and cannot do
   * without their votes; a removed one refuses its vote while it has more entries, except the leader of that time
   * (`election.ts`).
   */
  isStranded(): boolean {
    const members = [...this.#cluster.members.values()].filter((member) => member.up);
    const removed = members.filter(({ id, machine }) => !isVoter(machine.confState, id));
    return removed.some(({ id, handed }) =>
      members.some(
        ({ machine, handed: other }) => isVoter(machine.confState, id) && other.lastIndex < handed.lastIndex,
      ),
    );
  }

  /** Of several that believe they lead, the one of the newest term is right. */
  #leader(): SimulatedMember | undefined {
    const leaders = [...this.#cluster.members.values()].filter(({ raft }) => raft?.status.role === "leader");
    return leaders.sort((a, b) => (b.raft?.status.term ?? 0) - (a.raft?.status.term ?? 0))[0];
  }

  /**
   * Who is no member any more is switched off, as an operator would do, once nothing in the log could make it one again;
   * who has become one is switched on.
   */
  #stopStrangers({ raft, machine }: SimulatedMember): void {
    const settled = machine.index === raft?.status.lastIndex;
    for (const member of this.#cluster.members.values()) {
      if (isMember(machine.confState, member.id)) this.#cluster.start(member);
      else if (member.up && settled) this.#cluster.crash(member, 0, false);
    }
  }

  #missingWrite(leader: SimulatedMember): string | undefined {
    const { term = 0, commitIndex = 0, lastIndex = 0 } = leader.raft?.status ?? {};
    if (this.#fresh === undefined || this.#fresh.term !== term) {
      const outcome = this.#workload.proposeCommand(leader);
      if (outcome === "accepted") this.#fresh = { term, index: lastIndex + 1 };
      return `a new write is ${outcome}`;
    }
    return commitIndex < this.#fresh.index ? `a new write at ${this.#fresh.index} is not committed` : undefined;
  }

  #missingRead(leader: SimulatedMember): string | undefined {
    const waiting = this.#membersOf(leader).filter((member) => {
      const asked = this.#reads.get(member.id);
      if (asked !== undefined && !this.#cluster.openReads.has(asked)) return false;
      this.#reads.set(member.id, this.#cluster.read(member));
      return true;
    });
    return waiting.length === 0 ? undefined : `a new read of member ${waiting.map(({ id }) => id)} is not answered`;
  }

  #missingEquality(leader: SimulatedMember): string | undefined {
    const { lastIndex = 0 } = leader.raft?.status ?? {};
    const differs = this.#membersOf(leader).find(
      ({ machine, handed }) =>
        machine.index !== lastIndex || machine.hash !== leader.machine.hash || handed.lastIndex !== lastIndex,
    );
    return differs === undefined ? undefined : `member ${differs.id} is at ${differs.machine.index} of ${lastIndex}`;
  }

  #membersOf(leader: SimulatedMember): readonly SimulatedMember[] {
    return [...this.#cluster.members.values()].filter(({ id }) => isMember(leader.machine.confState, id));
  }
}

function describeFailure(plan: Plan, cluster: Cluster | undefined, error: unknown): string {
  const { faults, requests, ...sizes } = plan;
  const [first, ...stack] = (error instanceof Error ? (error.stack ?? error.message) : String(error)).split("\n");
  return [
    `seed ${plan.seed}, event ${cluster?.trace.count ?? 0}: ${first}`,
    ...stack.slice(0, 6),
    `faults: ${[...faults].join(", ")}`,
    `requests: ${[...requests].join(", ")}`,
    JSON.stringify(sizes),
    cluster?.trace.describe() ?? "",
  ].join("\n");
}
