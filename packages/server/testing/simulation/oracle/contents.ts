/**
 * S7 for what the backend holds: two members at the same mark hold the same. The hash of a content is the sum of the hashes of
 * its entries, so a commit changes it by what it changes, whatever the order and however many entries share the commit.
 *
 * Left out is what may differ between members at the same mark: how far the removal of compacted revisions has come, which is
 * the table `key` and the compaction's own counters in `meta`. `key` is compared by HashKV, which leaves out the same (S16).
 */
import type { AppliedAt, Table, WriteBatch } from "../../../src/core/mvcc/backend.js";
import { violated } from "../violation.js";
import { hashValue } from "./hash-value.js";

type Read = (table: Table, key: Uint8Array) => Uint8Array | undefined;

export class Contents {
  /** Mark's index → hash of the content at it. */
  readonly #hashes: Map<number, { readonly hash: number; readonly by: string }> = new Map([
    [0, { hash: 0, by: "nobody" }],
  ]);

  /**
   * A backend is about to go from one mark to another. `read` sees what is stored before it. A start that nobody has come by
   * (commits of the same mark as before count on) says nothing about the end, which is then taken as it is.
   */
  commits(name: string, before: AppliedAt, at: AppliedAt, batch: WriteBatch, read: Read): void {
    const start = this.#hashes.get(before.index);
    if (start === undefined) return;
    const hash = (start.hash + changeOf(batch, read)) | 0;
    const known = this.#hashes.get(at.index);
    if (known === undefined) this.#hashes.set(at.index, { hash, by: name });
    else if (known.hash !== hash) {
      violated("S7", `the backends of ${name} and ${known.by} hold something else at mark ${at.index}`);
    }
  }
}

function changeOf(batch: WriteBatch, read: Read): number {
  let sum = 0;
  const written = new Map<string, Uint8Array | undefined>();
  for (const change of batch) {
    const { table, key } = change;
    if (table === "key" || (table === "meta" && isOfCompaction(key))) continue;
    const name = `${table} ${key.join()}`;
    const old = written.has(name) ? written.get(name) : read(table, key);
    const now = change.type === "put" ? change.value : undefined;
    if (old !== undefined) sum -= entryHash(table, key, old);
    if (now !== undefined) sum += entryHash(table, key, now);
    written.set(name, now);
  }
  return sum | 0;
}

function entryHash(table: Table, key: Uint8Array, value: Uint8Array): number {
  return hashValue(hashValue(hashValue(0, table), key), value);
}

function isOfCompaction(key: Uint8Array): boolean {
  return new TextDecoder().decode(key).toLowerCase().includes("compact");
}
