/**
 * What a story has committed, entry by entry, and what the data are after each of them: the replay that a recovered member is
 * held against. The entries go through a state machine that has never seen a crash, a flush or a log.
 */
import type { Member } from "../../src/core/apply/command.js";
import type { AppliedEntry } from "../../src/core/apply/state-machine.js";
import { StateMachine } from "../../src/core/apply/state-machine.js";
import { crc32c } from "../../src/core/crc32c.js";
import type { Table } from "../../src/core/mvcc/backend.js";
import type { Entry } from "../../src/core/raft/types.js";
import { MemoryBackend } from "../../src/io/backend/memory-backend.js";
import { decodeCommand, decodeConfChange } from "../../src/io/wire/command.js";

/** Members are compared by what the cluster decided about them; what they tell of themselves may come later. */
const COMPARED: readonly Table[] = ["key", "meta", "lease", "alarm", "auth"];

/** The data of a member after some entry, a line for each thing that it holds. */
export type Contents = readonly string[];

export class Committed {
  readonly #backend = new MemoryBackend();
  readonly #machine: StateMachine = StateMachine.open({ backend: this.#backend, lessor: { minTtlSeconds: 1 } });
  readonly #entries: Entry[] = [];
  readonly #contents: Contents[] = [[]];

  get lastIndex(): number {
    return this.#entries.length;
  }

  entry(index: number): Entry | undefined {
    return this.#entries[index - 1];
  }

  /** What a member holds that has applied everything up to the index and removed what compactions gave up. */
  contents(index: number): Contents {
    const contents = this.#contents[index];
    if (contents === undefined) throw new Error(`entry ${index} was never committed`);
    return contents;
  }

  /** Some member has applied the entry. Errors: another one has applied another entry there. */
  add(entry: Entry): void {
    const known = this.entry(entry.index);
    if (known !== undefined) {
      if (!sameEntry(known, entry)) throw new Error(`entry ${entry.index} was committed twice with different content`);
      return;
    }
    if (entry.index !== this.lastIndex + 1)
      throw new Error(`entry ${entry.index} was applied before ${this.lastIndex}`);
    this.#machine.apply(decoded(entry), 0);
    while (!this.#machine.compactStep()) {
      // A batch at a time.
    }
    this.#machine.commit();
    this.#entries.push(entry);
    this.#contents.push(contentsOf(this.#backend, this.#machine.members));
  }
}

export function sameEntry(a: Entry, b: Entry): boolean {
  return a.term === b.term && a.type === b.type && Buffer.compare(a.data, b.data) === 0;
}

/** What a member does by itself when it starts: the empty entry of a new leader, and its name. */
export function isOfAStart(entry: Entry): boolean {
  return (
    entry.data.length === 0 ||
    (entry.type === "command" && decodeCommand(entry.data).content.kind === "member-attributes")
  );
}

interface Source {
  entries(table: Table): Iterable<{ readonly key: Uint8Array; readonly value: Uint8Array }>;
}

/** @param source a backend or a snapshot of one */
export function contentsOf(source: Source | MemoryBackend, members: readonly Member[]): Contents {
  const lines: string[] = [];
  for (const table of COMPARED) {
    const entries = "entries" in source ? source.entries(table) : source.range(table, new Uint8Array(0), undefined);
    for (const { key, value } of entries) {
      lines.push(`${table} ${Buffer.from(key).toString("hex")} ${value.length} ${crc32c(value).toString(16)}`);
    }
  }
  for (const { id, peerUrls, isLearner } of members) lines.push(`member ${id.toString(16)} ${peerUrls} ${isLearner}`);
  return lines;
}

function decoded({ type, index, term, data }: Entry): AppliedEntry {
  if (data.length === 0) return { index, term };
  if (type === "conf-change") return { index, term, confChange: decodeConfChange(data).content };
  return { index, term, command: decodeCommand(data).content };
}
