/**
 * Elections: each of several processes stands in all of them with `lead()`. Every leadership is to end by a fault: its process is
 * killed, paused past its time or cut off, its session is revoked, its key deleted by an operator, or it is told to resign.
 */
import { pause } from "../../robustness/cluster/rpc.js";
import { pick } from "../../support/random.js";
import { sharedNowMs } from "../model.js";
import { SOLO } from "./election-worker.js";
import type { WorkerEvent } from "./events.js";
import { loseAnswers } from "./lost-answers.js";
import { judgeOwners } from "./mutex-story.js";
import { judgeElections } from "./owners-verdict.js";
import type { Slot } from "./slot.js";
import { EXPIRY_MS, type Fault, MEMBER_FAULTS, onStage, type Scene, type Stage, strikeInTurn, TTL } from "./stage.js";
import { asOperator, type Contender, type Witness } from "./witness.js";

export interface ElectionOptions {
  /** Processes. */
  readonly workers: number;
  /** Names that are stood for at once. */
  readonly names: number;
  /** Elections that follow a fault. */
  readonly elections: number;
  /** Of each kind of fault; with 0 only single leaders are struck. */
  readonly rounds: number;
  readonly seconds: number;
}

const MEMBERS_EVERY_MS = 5_000;
/**
 * How long a leader may go on in milliseconds that somebody else has deposed behind its back: its session still has time, so that
 * nothing but the news of the deletion can tell it, and those travel.
 */
const NEWS_MS = 3_000;

/** What befell leaderships, by token. */
class Struck {
  readonly kinds = new Map<bigint, string>();
  /** When somebody deposed the owner behind its back, on the shared clock. */
  readonly deposedAtMs = new Map<bigint, number>();

  /** Unless it has been struck before. */
  strike({ token }: Contender, kind: string): void {
    if (!this.kinds.has(token)) this.kinds.set(token, kind);
  }
}

interface Lane extends Stage {
  readonly mine: readonly Slot[];
  readonly struck: Struck;
}

export async function playElections(scene: Scene, options: ElectionOptions): Promise<void> {
  const { outcome } = scene;
  const names = [
    ...Array.from({ length: options.names }, (_, index) => `e${index}`),
    ...Array.from({ length: options.workers }, (_, index) => `${SOLO}w${index}.`),
  ];
  const struck = new Struck();
  const members = scene.cluster === undefined ? [] : MEMBER_FAULTS;
  const wanted = [...PROCESS_FAULTS, ...LEADER_FAULTS, ...members];
  const end = performance.now() + options.seconds * 1_000;
  const ended = await onStage(scene, { story: "election", slots: options.workers, names }, async (stage) => {
    const done = (): boolean =>
      followed(stage.witness, stage.witness.wrote, struck) >= options.elections &&
      wanted.every(({ name }) => outcome.counted(name) >= options.rounds);
    const enough = (): boolean => performance.now() > end || done();
    const lane = async (index: number): Promise<void> => {
      const mine = stage.slots.filter((_, number) => number % 2 === index);
      const turned = [...PROCESS_FAULTS.slice(index), ...PROCESS_FAULTS.slice(0, index)];
      await strikeInTurn<Lane>({ ...stage, mine, struck }, turned, { enough, restMs: 200, rounds: options.rounds });
    };
    const leaders = strikeInTurn<Lane>({ ...stage, mine: stage.slots, struck }, LEADER_FAULTS, {
      enough,
      restMs: 20,
      rounds: options.rounds,
    });
    if (options.rounds === 0) await leaders;
    else {
      const membersLane = strikeInTurn<Scene>(stage, members, {
        enough,
        restMs: MEMBERS_EVERY_MS,
        rounds: options.rounds,
      });
      await Promise.all([leaders, lane(0), lane(1), membersLane, loseAnswers(stage, enough)]);
    }
  });
  const elections = followed(ended.witness, claimed(ended.events), struck);
  const told = ended.events.filter((event) => !isNotYetNews(event, struck));
  outcome.wrong(...judgeElections(told, ended.deaths));
  judgeOwners(scene, ended);
  outcome.count("elections after a fault", elections);
  outcome.atLeast("elections after a fault", options.elections);
  for (const { name } of wanted) outcome.atLeast(name, options.rounds);
  outcome.atLeast("guarded writes refused", options.rounds);
}

/** How many of the struck leaderships have a successor that has led as well. */
function followed({ places }: Witness, led: ReadonlySet<bigint>, struck: Struck): number {
  const latest = new Map<string, bigint>();
  const known = [...places.values()].filter(({ token }) => led.has(token));
  for (const { name, token } of known)
    latest.set(name, token > (latest.get(name) ?? 0n) ? token : (latest.get(name) ?? 0n));
  return known.filter(({ name, token }) => struck.kinds.has(token) && (latest.get(name) ?? 0n) > token).length;
}

function claimed(events: readonly WorkerEvent[]): ReadonlySet<bigint> {
  return new Set(events.flatMap((event) => (event.kind === "claim" ? [event.token] : [])));
}

/** A claim of one who was deposed behind its back and cannot know yet. */
function isNotYetNews(event: WorkerEvent, { deposedAtMs }: Struck): boolean {
  if (event.kind !== "claim") return false;
  const since = deposedAtMs.get(event.token);
  return since !== undefined && event.atMs > since && event.atMs < since + NEWS_MS;
}

function leaderships({ witness }: Stage, worker: string): Contender[] {
  return witness.names.flatMap((name) => witness.line(name).slice(0, 1)).filter(({ value }) => value === worker);
}

/** Of a process that leads somewhere, or undefined. */
function leadingSlot(lane: Lane): Slot | undefined {
  const leading = lane.mine.filter(({ worker }) => leaderships(lane, worker).length > 0);
  return leading.length === 0 ? undefined : pick(lane.random, leading);
}

/** Strikes a process and waits until whatever it led is led by others, or by nobody. */
async function strikeProcess(
  lane: Lane,
  kind: string,
  strike: (slot: Slot) => Promise<void>,
  recover: (slot: Slot) => void,
): Promise<boolean> {
  const slot = leadingSlot(lane);
  if (slot === undefined) return false;
  await strike(slot);
  const lost = leaderships(lane, slot.worker);
  for (const contender of lost) lane.struck.strike(contender, kind);
  const gone = (): boolean => lost.every(({ token }) => lane.witness.places.get(token)?.goneAt !== undefined);
  const inTime = await lane.witness.until(gone, EXPIRY_MS);
  if (!inTime) lane.outcome.wrong(`${slot.worker}: ${kind}, and its leaderships outlive it by ${EXPIRY_MS} ms`);
  // Its successors claim while it still believes in itself, if it does.
  await pause(250);
  recover(slot);
  return lost.length > 0;
}

const PROCESS_FAULTS: readonly Fault<Lane>[] = [
  {
    name: "leaders killed",
    strike: (lane) =>
      strikeProcess(
        lane,
        "killed",
        (slot) => slot.kill(),
        (slot) => slot.start(),
      ),
  },
  {
    name: "leaders paused past their time",
    strike: (lane) =>
      strikeProcess(
        lane,
        "paused",
        async (slot) => slot.freeze(),
        (slot) => slot.thaw(),
      ),
  },
  {
    name: "leaders cut off past their time",
    strike: (lane) =>
      strikeProcess(
        lane,
        "cut off",
        async (slot) => slot.silence(),
        (slot) => slot.heal(),
      ),
  },
];

/** With somebody who leads, as a write of its has shown, and has not been struck. */
async function strikeLeader(
  { random, struck, witness }: Lane,
  kind: string,
  strike: (leader: Contender) => Promise<void>,
): Promise<boolean> {
  const leaders = witness.names
    .flatMap((name) => witness.line(name).slice(0, 1))
    .filter(({ token }) => witness.wrote.has(token) && !struck.kinds.has(token));
  if (leaders.length === 0) return false;
  const leader = pick(random, leaders);
  struck.strike(leader, kind);
  await strike(leader);
  return true;
}

const LEADER_FAULTS: readonly Fault<Lane>[] = [
  {
    name: "leaders whose session was revoked",
    strike: (lane) =>
      strikeLeader(lane, "revoked", async ({ lease, token }) => {
        lane.struck.deposedAtMs.set(token, sharedNowMs());
        await asOperator(() => lane.direct.lease.revoke(lease, { timeout: TTL * 1_000 }));
      }),
  },
  {
    name: "leaders whose key was deleted",
    strike: (lane) =>
      strikeLeader(lane, "deleted", async ({ key, token }) => {
        lane.struck.deposedAtMs.set(token, sharedNowMs());
        await asOperator(() => lane.direct.delete(key, { timeout: TTL * 1_000 }));
      }),
  },
  {
    name: "leaders told to resign",
    strike: (lane) =>
      strikeLeader(lane, "resigned", async ({ name, value }) => {
        lane.slots.find(({ worker }) => worker === value)?.order({ do: "resign", name });
      }),
  },
];
