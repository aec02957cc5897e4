/** What strikes whole processes wherever they stand, and how it is counted. */
import { pause } from "../../robustness/cluster/rpc.js";
import { pick } from "../../support/random.js";
import { loseAnswers } from "./lost-answers.js";
import type { Slot } from "./slot.js";
import { type Fault, MEMBER_FAULTS, type Scene, type Stage, strikeInTurn, TTL } from "./stage.js";

/** Longer than any session without its process lasts. */
const PAST_MS = TTL * 1_000 + 1_500;
const MEMBERS_EVERY_MS = 8_000;

const PROCESS_FAULTS: readonly Fault<Stage>[] = [
  {
    name: "processes killed",
    strike: (stage) =>
      strike(
        stage,
        (slot) => slot.kill(),
        (slot) => slot.start(),
      ),
  },
  {
    name: "processes paused past their time",
    strike: (stage) =>
      strike(
        stage,
        (slot) => past(() => slot.freeze()),
        (slot) => slot.thaw(),
      ),
  },
  {
    name: "processes cut off past their time",
    strike: (stage) =>
      strike(
        stage,
        (slot) => past(() => slot.silence()),
        (slot) => slot.heal(),
      ),
  },
  {
    name: "connections cut",
    strike: (stage) =>
      strike(
        stage,
        async (slot) => slot.cutConnections(),
        () => undefined,
      ),
  },
];

/** Every kind in turn until it is enough, with answers lost and members struck beside. */
export async function strikeProcesses(stage: Stage, rounds: number, enough: () => boolean): Promise<void> {
  const members = stage.cluster === undefined ? [] : MEMBER_FAULTS;
  await Promise.all([
    strikeInTurn(stage, PROCESS_FAULTS, { enough, restMs: 300, rounds }),
    strikeInTurn<Scene>(stage, members, { enough, restMs: MEMBERS_EVERY_MS, rounds }),
    loseAnswers(stage, enough),
  ]);
}

/** Names of all that must have happened. */
export function processFaults({ cluster }: Scene): readonly string[] {
  return [...PROCESS_FAULTS, ...(cluster === undefined ? [] : MEMBER_FAULTS)].map(({ name }) => name);
}

async function strike(
  { random, slots }: Stage,
  work: (slot: Slot) => Promise<void>,
  recover: (slot: Slot) => void,
): Promise<boolean> {
  const slot = pick(random, slots);
  await work(slot);
  recover(slot);
  return true;
}

async function past(begin: () => void): Promise<void> {
  begin();
  await pause(PAST_MS);
}
