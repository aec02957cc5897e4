/**
 * What a new cluster keeps of a snapshot. Members and removed ids are replaced: they were the old cluster's. Its alarms go
 * with them, being about members (a store over its quota raises its own again). A bump sets the revision below which reads are given
 * up, and with it the store's revision, as a compaction there would.
 */
import type { Member } from "../core/apply/command.js";
import { encodeMember, memberKey } from "../core/apply/member-record.js";
import { invariant } from "../core/invariant.js";
import { SCHEDULED } from "../core/mvcc/compaction.js";
import { encodeCounter, safeRevision } from "../core/mvcc/revision.js";
import type { SnapshotEntry } from "../io/snapshot/decode.js";
import type { SnapshotHeader } from "../io/snapshot/format.js";
import { isCompactionMark, RevisionTrace } from "./revision-trace.js";
import type { SnapshotFileSummary } from "./snapshot-file.js";

export interface ContentOptions {
  readonly members: readonly Member[];
  /** 0n: history stays as it was. */
  readonly bumpRevision: bigint;
}

export interface ContentSummary {
  readonly header: SnapshotHeader;
  readonly savedRevision: bigint;
  readonly revision: bigint;
}

export class RestoredContent {
  readonly #file: AsyncGenerator<SnapshotEntry, SnapshotFileSummary, undefined>;
  readonly #options: ContentOptions;
  #summary: ContentSummary | undefined;

  constructor(file: AsyncGenerator<SnapshotEntry, SnapshotFileSummary, undefined>, options: ContentOptions) {
    this.#file = file;
    this.#options = options;
  }

  /** Throws what reading the file throws, at its end at the latest. */
  async *entries(): AsyncGenerator<SnapshotEntry, void, undefined> {
    const { members, bumpRevision } = this.#options;
    const trace = new RevisionTrace();
    for (;;) {
      const step: IteratorResult<SnapshotEntry, SnapshotFileSummary> = await this.#file.next();
      if (step.done) {
        const savedRevision = trace.revision;
        this.#summary = { header: step.value.header, savedRevision, revision: savedRevision + bumpRevision };
        break;
      }
      trace.see(step.value);
      if (staysIn(step.value, bumpRevision)) yield step.value;
    }
    for (const member of members) yield { table: "member", key: memberKey(member.id), value: encodeMember(member) };
    if (bumpRevision > 0n) {
      yield { table: "meta", key: SCHEDULED, value: encodeCounter(safeRevision(this.summary.revision)) };
    }
  }

  /** Known when all entries were taken. */
  get summary(): ContentSummary {
    invariant(this.#summary !== undefined, "the snapshot is read to its end");
    return this.#summary;
  }
}

function staysIn(entry: SnapshotEntry, bumpRevision: bigint): boolean {
  if (entry.table === "member" || entry.table === "alarm") return false;
  return bumpRevision === 0n || !isCompactionMark(entry);
}
