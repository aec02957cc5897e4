/**
 * What must hold when an image has come to life again: what members said to each other, entries, data, and every write that a
 * client was answered. The replay of the story judges the data as a whole; the writes are judged by themselves once more, so
 * that a mistake in the replay's own state machine does not excuse itself.
 */
import type { Entry } from "../../src/core/raft/types.js";
import { Wal } from "../../src/io/wal/wal.js";
import type { EtcdNode } from "../../src/node/node.js";
import { type Committed, type Contents, isOfAStart, sameEntry } from "./committed.js";
import type { ClientWrite, Promises } from "./promises.js";
import type { StageMachine } from "./stage.js";

/** What is wrong with a life after a power cut. */
export class BrokenPromise extends Error {
  override readonly name = "BrokenPromise";
}

/** What a member said to others before the cut holds after it. */
export async function checkMember(
  node: EtcdNode,
  { disk, life }: StageMachine,
  { promises, segmentBytes }: { readonly promises: Promises; readonly segmentBytes: number },
): Promise<void> {
  const { clusterId, memberId } = node.header;
  const promise = promises.members.get(memberId);
  if (promise === undefined) return;
  const { term, lastIndex } = node.raftStatus;
  demand(term >= promise.term, `member ${memberId} is in term ${term}, and it was in term ${promise.term}`);
  if (term > promise.term) return;
  demand(lastIndex >= promise.lastIndex, `the log ends with ${lastIndex}, and ${promise.lastIndex} was acknowledged`);
  if (promise.vote === undefined) return;
  const { recovered } = await Wal.open({
    ...{ disk: disk.clone(), directory: "/wal", clusterId, memberId, segmentBytes },
    backendAppliedIndex: life?.backend?.appliedAt().index ?? 0,
  });
  const vote = recovered.hardState?.vote;
  demand(vote === promise.vote, `in term ${term} the vote is ${vote}, and it was given to ${promise.vote}`);
}

interface Told {
  readonly committed: Committed;
  readonly promises: Promises;
  /** A recovery before this one, which has left entries of its own. */
  readonly earlier?: { readonly index: number; readonly applied: ReadonlyMap<number, Entry> };
}

/** Up to where the story's own entries are there. Everything else must be what members do by themselves as they start. */
export function survivingIndex(
  applied: ReadonlyMap<number, Entry>,
  began: readonly { readonly index: number; readonly term: number }[],
  { committed, promises, earlier }: Told,
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

/** Every write that was answered is there, unless a later one was asked for that hides it. */
export async function checkWrites(node: EtcdNode, { writes, compactRevision }: Promises): Promise<void> {
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

/** @throws {BrokenPromise} when the condition does not hold */
export function demand(condition: boolean, message: string): asserts condition {
  if (!condition) throw new BrokenPromise(message);
}

/** @throws {BrokenPromise} when the contents differ; the message names what does */
export function demandSame(found: Contents, wanted: Contents, what: string): void {
  if (found.length === wanted.length && found.every((line, i) => line === wanted[i])) return;
  const missing = wanted.filter((line) => !found.includes(line));
  const extra = found.filter((line) => !wanted.includes(line));
  throw new BrokenPromise(`${what}: missing ${shown(missing)}; not expected ${shown(extra)}`);
}

function shown(lines: readonly string[]): string {
  return lines.length === 0 ? "nothing" : `${lines.slice(0, 4).join(", ")}${lines.length > 4 ? ", …" : ""}`;
}
