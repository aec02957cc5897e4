/**
 * Locks: contenders in several processes take them in turn and write two records inside, one guarded and one not, while holders are
 * killed, paused and cut off past their time, sessions end in the queue, answers are lost and members die.
 */
import { pick } from "../../support/random.js";
import type { Claim, Write } from "./events.js";
import { loseAnswers } from "./lost-answers.js";
import { judgeLocks } from "./owners-verdict.js";
import { judgeServer } from "./server-verdict.js";
import type { Slot } from "./slot.js";
import {
  type Ended,
  EXPIRY_MS,
  type Fault,
  keepHistory,
  MEMBER_FAULTS,
  onStage,
  type Scene,
  type Stage,
  strikeInTurn,
} from "./stage.js";
import { asOperator } from "./witness.js";

export interface MutexOptions {
  /** Processes. */
  readonly workers: number;
  readonly handOvers: number;
  /** Of each kind of fault; 0 for none at all. */
  readonly rounds: number;
  readonly seconds: number;
}

const NAMES = ["a", "b", "c", "d", "e", "f", "g", "h"] as const;
const PARK_MS = 15_000;
/** Killing members more often than a change of leader takes would show locks that nobody gets. */
const MEMBERS_EVERY_MS = 8_000;

/** A lane has workers of its own, so that no two faults strike the same process at once. */
interface Lane extends Stage {
  readonly mine: readonly Slot[];
}

export async function playMutex(scene: Scene, { handOvers, rounds, seconds, workers }: MutexOptions): Promise<void> {
  const { outcome } = scene;
  const members = scene.cluster === undefined ? [] : MEMBER_FAULTS;
  const wanted = [...HOLDER_FAULTS, ...members];
  const end = performance.now() + seconds * 1_000;
  const ended = await onStage(scene, { story: "mutex", slots: workers, names: NAMES }, async (stage) => {
    const done = (): boolean =>
      stage.witness.writes.length / 2 >= handOvers * 1.05 + NAMES.length &&
      wanted.every(({ name }) => outcome.counted(name) >= rounds);
    const enough = (): boolean => performance.now() > end || done();
    const lane = async (index: number): Promise<void> => {
      const mine = stage.slots.filter((_, number) => number % 2 === index);
      const turned = [...HOLDER_FAULTS.slice(index * 3), ...HOLDER_FAULTS.slice(0, index * 3)];
      await strikeInTurn<Lane>({ ...stage, mine }, turned, { enough, restMs: 100, rounds });
    };
    if (rounds === 0) await stage.witness.until(enough, seconds * 1_000);
    else {
      const membersLane = strikeInTurn<Scene>(stage, members, { enough, restMs: MEMBERS_EVERY_MS, rounds });
      await Promise.all([lane(0), lane(1), membersLane, loseAnswers(stage, enough)]);
    }
  });
  outcome.wrong(...judgeLocks(ended.events));
  judgeOwners(scene, ended);
  for (const { name } of wanted) outcome.atLeast(name, rounds);
  outcome.atLeast("hand-overs", handOvers);
  outcome.atLeast("connections cut at an answer", 5 * rounds);
  outcome.atLeast("guarded writes refused", rounds);
  outcome.atLeast("unguarded writes lost", rounds);
}

/** Judges the writes under locks or leaderships by the servers' history, and counts what there was. */
export function judgeOwners({ folder, outcome }: Scene, { events, witness }: Ended): void {
  const writes = events.filter((event): event is Write => event.kind === "write");
  const claims = events.filter((event): event is Claim => event.kind === "claim");
  const server = judgeServer([...witness.places.values()], witness.writes, writes, claims);
  outcome.wrong(...server.problems);
  const tokens = new Set(claims.map(({ token }) => token));
  const names = new Set(claims.map(({ name }) => name));
  outcome.count("hand-overs", tokens.size - names.size);
  outcome.count("claims", claims.length);
  for (const [what, amount] of Object.entries(server.figures)) outcome.count(FIGURES[what] ?? what, amount);
  outcome.count("attempts given up", events.filter(({ kind }) => kind === "gave up").length);
  if (outcome.failed > 0) outcome.wrong(`the history is in ${keepHistory(folder, events)}`);
}

const FIGURES: Readonly<Record<string, string>> = {
  guarded: "guarded writes",
  refused: "guarded writes refused",
  unguarded: "unguarded writes",
  lost: "unguarded writes lost",
};

const HOLDER_FAULTS: readonly Fault<Lane>[] = [
  {
    name: "holders killed",
    strike: (lane) =>
      withParked(lane, async ({ slot }) => {
        await slot.kill();
        slot.start();
        return true;
      }),
  },
  {
    name: "holders paused past their time",
    strike: (lane) =>
      withParked(lane, async ({ name, slot, token }) => {
        slot.freeze();
        const gone = await untilOverwritten(lane, name, token);
        // The order waits for the process to go on; it finds it inside, with what it has read long ago.
        slot.order({ do: "go", name });
        const late = slot.report((report) => report.kind === "went on" && report.name === name, PARK_MS);
        slot.thaw();
        // Where a member has just died, the outcome of the late write may be unknown; then this shows nothing.
        const report = await late;
        return report?.kind === "went on" && report.refused && gone;
      }),
  },
  {
    name: "sessions ended in the queue",
    strike: (lane) =>
      withParked(lane, async ({ name, token }) => {
        const { direct, witness } = lane;
        await witness.until(() => witness.line(name).length > 1, 2_000);
        const [owner, ...waiting] = witness.line(name);
        const victim = waiting[Math.floor(lane.random() * waiting.length)];
        if (victim === undefined || owner?.token !== token) return false;
        await asOperator(() => direct.lease.revoke(victim.lease));
        return witness.until(() => witness.places.get(victim.token)?.goneAt !== undefined, EXPIRY_MS);
      }),
  },
  {
    name: "holders cut off past their time",
    strike: (lane) =>
      withParked(lane, async ({ name, slot, token }) => {
        slot.silence();
        const gone = await untilOverwritten(lane, name, token);
        slot.heal();
        return gone;
      }),
  },
  {
    name: "processes killed anywhere",
    strike: async ({ mine, random }) => {
      const slot = pick(random, mine);
      await slot.kill();
      slot.start();
      return true;
    },
  },
  {
    name: "connections cut",
    strike: async ({ mine }) => {
      for (const slot of mine) slot.cutConnections();
      return true;
    },
  },
];

interface Parked {
  readonly slot: Slot;
  readonly name: string;
  readonly token: bigint;
}

/** With a holder that stands still inside its critical section. It goes on afterwards, if it still lives. */
async function withParked({ mine, random }: Lane, work: (parked: Parked) => Promise<boolean>): Promise<boolean> {
  const [slot, name] = [pick(random, mine), pick(random, NAMES)];
  const parked = slot.report((report) => report.kind === "parked" && report.name === name, PARK_MS);
  slot.order({ do: "park", name });
  try {
    const report = await parked;
    if (report?.kind !== "parked") return false;
    return await work({ slot, name, token: BigInt(report.token) });
  } finally {
    slot.order({ do: "go", name });
  }
}

/** Resolves when the owner's place is gone and another one has written since. */
function untilOverwritten({ witness }: Stage, name: string, token: bigint): Promise<boolean> {
  const from = witness.writes.length;
  return witness.until(
    () => witness.writes.slice(from).some((write) => write.name === name && BigInt(write.token) > token),
    EXPIRY_MS,
  );
}
