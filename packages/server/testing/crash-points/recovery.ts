/**
 * An image comes to life again: the real members start on what the power cut left, elect a leader, and what they hold is held
 * against the promises and against the replay of the story. Then they take a write, the power goes once more, and the next life
 * must find the same.
 */
import { ServerError } from "../../src/core/errors.js";
import type { AppliedAt } from "../../src/core/mvcc/backend.js";
import type { Entry } from "../../src/core/raft/types.js";
import { SegmentBackend } from "../../src/io/backend/segments/segment-backend.js";
import type { MemoryDisk } from "../../src/io/disk/memory-disk.js";
import type { EtcdNode } from "../../src/node/node.js";
import { put } from "../node-cluster.js";
import { BrokenPromise, checkMember, checkWrites, demand, demandSame, survivingIndex } from "./checks.js";
import { type Committed, type Contents, contentsOf } from "./committed.js";
import type { Image, ImageMachine } from "./image.js";
import type { Promises } from "./promises.js";
import { Stage } from "./stage.js";
import type { Story } from "./story.js";

export interface Recovered {
  /** Up to where the story's entries have survived. */
  readonly index: number;
  /** Members of which the end of the log was torn and mended. */
  readonly torn: number;
  /** What was applied, by index. */
  readonly applied: ReadonlyMap<number, Entry>;
  /** What the power would leave of the machines now, when nothing unsynced survives. */
  readonly left: readonly ImageMachine[];
  readonly contents: Contents;
}

export interface Question {
  readonly story: Story;
  readonly committed: Committed;
  readonly promises: Promises;
  readonly seed: number;
  /** What the life before had, when this is a second one: nothing may be missing and nothing new. */
  readonly before?: Contents;
  /** A recovery that this image was taken of, and how far the story's entries came in it. */
  readonly earlier?: Pick<Recovered, "index" | "applied">;
  /** Given an image before every step until the members serve again. */
  readonly onBoundary?: (image: Image) => void;
}

/** Errors: a `BrokenPromise`. */
export async function recover(machines: readonly ImageMachine[], question: Question): Promise<Recovered> {
  const { story, committed, promises, seed, onBoundary } = question;
  const applied = new Map<number, Entry>();
  let boundary = 0;
  let recovering = true;
  const stage = new Stage({
    ...{ size: story.members, settings: story.settings, seed },
    onApplied: (_, entry) => void applied.set(entry.index, entry),
    onBoundary: (_, cause) => {
      if (recovering) onBoundary?.(imageOf(stage, boundary++, cause, promises));
    },
  });
  for (const { name, disk, joins } of machines) {
    // Whoever may have been removed is not missed; the others must do without.
    if (!promises.removed.has(name)) stage.place(name, { disk }, joins);
  }
  try {
    const began = await Promise.all([...stage.machines.values()].map(({ disk }) => appliedOn(disk)));
    await startAll(stage, question);
    await serving(stage);
    recovering = false;
    const index = question.before === undefined ? survivingIndex(applied, began, question) : promises.committedIndex;
    const contents = await contentsOfAll(stage);
    demandSame(contents, question.before ?? committed.contents(index), `the data after entry ${index}`);
    await checkWrites(leaderOf(stage), promises);
    const after = await takeWrite(stage);
    const torn = [...stage.machines.values()].filter((machine) => isTorn(machines, machine)).length;
    return { index, torn, applied, left: imageOf(stage, 0, "", promises).machines.map(cut), contents: after };
  } finally {
    await stage.close();
  }
}

export function imageOf(stage: Stage, boundary: number, cause: string, promises: Promises): Image {
  const machines = [...stage.machines.values()].map(({ name, joins, disk }) => {
    return { name, joins, disk: disk.clone() };
  });
  return { boundary, cause, machines, promises };
}

function cut(machine: ImageMachine): ImageMachine {
  machine.disk.crash();
  return machine;
}

/** The mark of the backend on a disk, which stays as it is. Errors: a `BrokenPromise` when it cannot be opened. */
async function appliedOn(disk: MemoryDisk): Promise<AppliedAt> {
  try {
    return (await SegmentBackend.open({ disk: disk.clone(), directory: "/backend", salt: () => 0 })).appliedAt();
  } catch (error) {
    throw new BrokenPromise(`a backend cannot be opened: ${(error as Error).message}`, { cause: error });
  }
}

/** Each member is looked at as soon as it has recovered, before time passes. */
async function startAll(stage: Stage, { promises, story }: Question): Promise<void> {
  const starts = [...stage.machines.keys()].map(async (name) => {
    const node = await stage.boot(name).catch((error: Error) => {
      throw new BrokenPromise(`${name} does not start: ${error.message}`, { cause: error });
    });
    await checkMember(node, stage.machine(name), {
      promises,
      segmentBytes: story.settings.walSegmentBytes ?? 64 * 1024,
    });
  });
  await stage.within(Promise.all(starts));
}

/** Until every member that the cluster knows has applied everything that the leader has. */
async function serving(stage: Stage): Promise<void> {
  const { leader } = stage;
  if (leader === undefined) await stage.until(() => stage.leader !== undefined, "a leader");
  await stage.within(Promise.all(members(stage).map(({ ready }) => ready)));
  await settled(stage);
  for (const node of members(stage)) await stage.within(node.waitCompacted(node.stats.compactRevision));
}

function settled(stage: Stage): Promise<void> {
  return stage.until(() => {
    const last = stage.leader?.raftStatus.lastIndex;
    return members(stage).every(({ raftStatus }) => raftStatus.appliedIndex === last);
  }, "everybody to have applied the same");
}

/** Those that run and that the leader knows. */
function members(stage: Stage): readonly EtcdNode[] {
  const known = new Set(stage.leader?.members.map(({ id }) => id));
  return stage.nodes.filter(({ header }) => known.has(header.memberId));
}

function leaderOf(stage: Stage): EtcdNode {
  if (stage.leader === undefined) throw new BrokenPromise("the leader has gone");
  return stage.leader;
}

async function contentsOfAll(stage: Stage): Promise<Contents> {
  const all = members(stage).map((node) => {
    const snapshot = node.snapshot();
    try {
      return contentsOf(snapshot, node.members);
    } finally {
      snapshot.close();
    }
  });
  for (const contents of all) demandSame(contents, all[0] as Contents, "the members' data");
  return all[0] ?? [];
}

/** Life goes on: a write is taken (an alarm that has survived refuses it first), and everybody has it. What is there then. */
async function takeWrite(stage: Stage): Promise<Contents> {
  for (const { memberId, alarm } of leaderOf(stage).alarms) {
    const refused = await stage.within(
      leaderOf(stage)
        .propose(put("refused", "1"))
        .catch((error: unknown) => error),
    );
    demand(refused instanceof ServerError, `a write was taken under the alarm ${alarm}`);
    await stage.within(leaderOf(stage).propose({ kind: "alarm", action: "deactivate", memberId, alarm }));
  }
  const { revision } = leaderOf(stage).header;
  const answer = await stage.within(leaderOf(stage).propose(put("after the cut", "1")));
  demand(answer.revision === revision + 1n, `the next revision is ${answer.revision} after ${revision}`);
  await settled(stage);
  return contentsOfAll(stage);
}

function isTorn(before: readonly ImageMachine[], { name, disk }: ImageMachine): boolean {
  const broken = (one: ImageMachine["disk"] | undefined): number =>
    [...(one?.contents().keys() ?? [])].filter((path) => path.endsWith(".broken")).length;
  return broken(disk) > broken(before.find((machine) => machine.name === name)?.disk);
}
