/**
 * What a conformance case writes down: every answer, in order, in a form in which two servers can be compared. Keys lose
 * the case's prefix, revisions become offsets from the revision the case began at, and ids that are chosen by a server
 * (cluster, member, term) only say whether they were set.
 */
import { RpcError } from "@kvorum/transport";

export type Line = string;

/** Fields that hold a revision: shown relative to the case's first revision. */
const REVISION_FIELDS = new Set(["revision", "createRevision", "modRevision", "compactRevision", "hashRevision"]);
/** Fields that differ between any two servers. */
const OPAQUE_FIELDS = new Set([
  "clusterId",
  "memberId",
  "raftTerm",
  "hash",
  "dbSize",
  "dbSizeInUse",
  "raftIndex",
  "raftAppliedIndex",
  "leader",
]);

export class Transcript {
  readonly lines: Line[] = [];
  readonly #prefix: string;
  #base = 0n;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Revisions from here on are shown relative to this one. */
  startAt(revision: bigint): void {
    this.#base = revision;
  }

  note(text: string): void {
    this.lines.push(text);
  }

  /** Records a message, field by field; fields with a zero value are left out, as they are on the wire. */
  answer(label: string, message: object): void {
    this.lines.push(`${label} → ${this.#show(message)}`);
  }

  error(label: string, error: unknown): void {
    if (!(error instanceof RpcError)) throw error;
    // The client's own words, with times and addresses in them.
    const details = error.details.startsWith("Deadline exceeded") ? "Deadline exceeded" : error.details;
    this.lines.push(`${label} → error ${error.code} ${details}`);
  }

  #show(value: unknown, field = ""): string {
    if (value instanceof Uint8Array) return JSON.stringify(this.#text(value));
    if (Array.isArray(value)) return `[${value.map((item) => this.#show(item, field)).join(", ")}]`;
    if (typeof value === "bigint") return this.#number(value, field);
    if (value === null || typeof value !== "object") return JSON.stringify(value);
    const parts: string[] = [];
    for (const [name, item] of Object.entries(value)) {
      if (name === "$typeName" || name === "$unknown" || isZero(item)) continue;
      parts.push(OPAQUE_FIELDS.has(name) ? `${name} set` : `${name}: ${this.#show(item, name)}`);
    }
    return `{${parts.join(", ")}}`;
  }

  #number(value: bigint, field: string): string {
    if (!REVISION_FIELDS.has(field)) return value.toString();
    const offset = value - this.#base;
    return value <= 0n ? value.toString() : `base${offset < 0n ? "" : "+"}${offset}`;
  }

  #text(bytes: Uint8Array): string {
    const text = Buffer.from(bytes).toString("latin1");
    if (text.length > 200) return `${text.length} bytes`;
    return text.startsWith(this.#prefix) ? text.slice(this.#prefix.length) : text;
  }
}

function isZero(value: unknown): boolean {
  if (value === undefined || value === 0 || value === 0n || value === false || value === "") return true;
  return (value instanceof Uint8Array || Array.isArray(value)) && value.length === 0;
}
