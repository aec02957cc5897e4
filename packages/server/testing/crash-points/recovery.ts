/**
 * An image comes to life again: the real members start on what the power cut left, elect a leader, and what they hold is held
 * against the promises and against the replay of the story. Then they take a write, the power goes once more, and the next life
 * must find the same.
 */
import { ServerError } from "../../src/core/errors.js";
import type { Entry } from "../../src/core/raft/types.js";
import { Wal } from "../../src/io/wal/wal.js";
import type { EtcdNode } from "../../src/node/node.js";
import { put } from "../node-cluster.js";
import { type Committed, type Contents, contentsOf, isOfAStart, sameEntry } from "./committed.js";
import type { Image, ImageMachine } from "./image.js";
import type { ClientWrite, Promises } from "./promises.js";
import { Stage } from "./stage.js";
import type { Story } from "./story.js";

/** What is wrong with a life after a power cut. */
export class BrokenPromise extends Error {
  override readonly name = "BrokenPromise";
}

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
  for (const { name, disk, store, joins } of machines) {
    // Whoever may have been removed is not missed; the others must do without.
    if (!promises.removed.has(name)) stage.place(name, { disk, store }, joins);
  }
  try {
    const began = [...stage.machines.values()].map(({ store }) => store.current.at);
    await startAll(stage);
    for (const node of stage.nodes) await checkMember(stage, node, question);
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
  const machines = [...stage.machines.values()].map(({ name, joins, disk, store }) => {
    return { name, joins, disk: disk.clone(), store: store.clone() };
  });
  return { boundary, cause, machines, promises };
}

function cut(machine: ImageMachine): ImageMachine {
  machine.disk.crash();
  machine.store.crash();
  return machine;
}

async function startAll(stage: Stage): Promise<void> {
  const starts = [...stage.machines.keys()].map(async (name) => {
    try {
      await stage.boot(name);
    } catch (error) {
      throw new BrokenPromise(`${name} does not start: ${(error as Error).message}`, { cause: error });
    }
  });
  await stage.within(Promise.all(starts));
}

/** What a member said to others before the cut holds after it. */
async function checkMember(stage: Stage, node: EtcdNode, { promises, story }: Question): Promise<void> {
  const { clusterId, memberId } = node.header;
  const promise = promises.members.get(memberId);
  if (promise === undefined) return;
  const { term, lastIndex } = node.raftStatus;
  demand(term >= promise.term, `member ${memberId} is in term ${term}, and it was in term ${promise.term}`);
  if (term > promise.term) return;
  demand(lastIndex >= promise.lastIndex, `the log ends with ${lastIndex}, and ${promise.lastIndex} was acknowledged`);
  if (promise.vote === undefined) return;
  const machine = [...stage.machines.values()].find(({ life }) => life?.node === node);
  if (machine === undefined) return;
  const { recovered } = await Wal.open({
    ...{ disk: machine.disk.clone(), directory: "/wal", clusterId, memberId },
    backendAppliedIndex: machine.store.current.at.index,
    segmentBytes: story.settings.walSegmentBytes ?? 64 * 1024,
  });
  const vote = recovered.hardState?.vote;
  demand(vote === promise.vote, `in term ${term} the vote is ${vote}, and it was given to ${promise.vote}`);
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

/** Up to where the story's own entries are there. Everything else must be what members do by themselves as they start. */
function survivingIndex(
  applied: ReadonlyMap<number, Entry>,
  began: readonly { readonly index: number; readonly term: number }[],
  { committed, promises, earlier }: Question,
): number {
  const { committedIndex, askedIndex } = promises;
  let index = 0;
  for (const { index: at, term } of began) {
    const known = committed.entry(at);
    if (at > 0 && earlier?.applied.get(at)?.term === term) index = Math.max(index, Math.min(at, earlier.index));
    else {
      const holds = at === 0 || (at <= askedIndex && known?.term === term);
      demand(holds, `a backend is at entry ${at} of term ${term}, which is not the story's`);
      index = Math.max(index, at);
    }
  }
  for (const entry of applied.values()) {
    const known = committed.entry(entry.index);
    const isOurs = entry.index <= askedIndex && known !== undefined && sameEntry(known, entry);
    if (isOurs) index = Math.max(index, entry.index);
    else demand(isOfAStart(entry), `entry ${entry.index} of term ${entry.term} was never asked for`);
  }
  demand(index >= committedIndex, `entries up to ${index} have survived, and ${committedIndex} was committed`);
  return index;
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

/** Every write that was answered is there, unless a later one was asked for that hides it. */
async function checkWrites(node: EtcdNode, { writes, compactRevision }: Promises): Promise<void> {
  let newest = 0n;
  for (const write of writes) if (write.revision !== undefined && write.revision > newest) newest = write.revision;
  const { revision } = node.header;
  demand(revision >= newest, `the revision is ${revision}, and ${newest} was answered`);
  const compacted = node.stats.compactRevision;
  demand(compacted >= compactRevision, `the compact revision is ${compacted}, and it was ${compactRevision}`);
  const { kvs } = await node.range({ ...EVERYTHING });
  const found = new Map(kvs.map((kv) => [Buffer.from(kv.key).toString(), kv]));
  for (const [key, last] of lastAnswered(writes)) {
    const kv = found.get(key);
    const hidden = writes.slice(writes.indexOf(last) + 1).some((later) => later.key === key);
    if (kv === undefined)
      demand(last.value === undefined || hidden, `${key}, written at ${last.revision}, is not there`);
    else if (kv.modRevision === last.revision)
      demand(Buffer.from(kv.value).toString() === last.value, `${key} has another value than was written`);
    else
      demand(hidden && kv.modRevision > (last.revision ?? 0n), `${key} is of ${kv.modRevision}, not ${last.revision}`);
  }
}

function lastAnswered(writes: readonly ClientWrite[]): ReadonlyMap<string, ClientWrite> {
  const last = new Map<string, ClientWrite>();
  for (const write of writes) if (write.revision !== undefined) last.set(write.key, write);
  return last;
}

const EVERYTHING = {
  ...({ kind: "range", key: Uint8Array.of(0), rangeEnd: Uint8Array.of(0), limit: 0, revision: 0n } as const),
  ...({ sortOrder: "none", sortTarget: "key", serializable: true, keysOnly: false, countOnly: false } as const),
  ...{ minModRevision: 0n, maxModRevision: 0n, minCreateRevision: 0n, maxCreateRevision: 0n },
};

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

function demand(condition: boolean, message: string): asserts condition {
  if (!condition) throw new BrokenPromise(message);
}

function demandSame(found: Contents, wanted: Contents, what: string): void {
  if (found.length === wanted.length && found.every((line, i) => line === wanted[i])) return;
  const missing = wanted.filter((line) => !found.includes(line));
  const extra = found.filter((line) => !wanted.includes(line));
  throw new BrokenPromise(`${what}: missing ${shown(missing)}; not expected ${shown(extra)}`);
}

function shown(lines: readonly string[]): string {
  return lines.length === 0 ? "nothing" : `${lines.slice(0, 4).join(", ")}${lines.length > 4 ? ", …" : ""}`;
}
