/**
 * The keys of one prefix, changed at random over a connection that nobody disturbs, and what a watch must say about it. The
 * answers to the writes tell the revision of every change, so nothing that a watch reports is needed to know the truth.
 */
import { createHash } from "node:crypto";
import { type Client, type Op, op, prefix, type WatchEvent } from "@kvorum/client";
import { pick } from "../../support/random.js";

/** One event, in the words in which events are compared. */
export interface ToldEvent {
  readonly revision: bigint;
  readonly type: "put" | "delete";
  /** Without the prefix. */
  readonly key: string;
  /** What was put. */
  readonly value: string | undefined;
  /** All of the event except what was there before, as one line; and the same with it. */
  readonly line: string;
  readonly lineWithPrevious: string;
}

interface Stored {
  readonly value: string;
  readonly version: bigint;
}

export interface HistoryOptions {
  readonly client: Client;
  readonly space: string;
  readonly random: () => number;
  /** How many characters a value has. Default: few. */
  readonly valueLength?: number;
  /** As of `Truth`. */
  readonly previousMayBeMissing: boolean;
}

const KEYS = ["a", "b", "c", "d", "e", "f"] as const;

export class History {
  readonly space: string;
  readonly events: ToldEvent[] = [];
  readonly previousMayBeMissing: boolean;
  readonly #client: Client;
  readonly #random: () => number;
  readonly #valueLength: number;
  readonly #stored = new Map<string, Stored>();
  #values = 0;

  constructor({ client, space, random, valueLength = 0, previousMayBeMissing }: HistoryOptions) {
    this.#client = client;
    this.space = space;
    this.#random = random;
    this.#valueLength = valueLength;
    this.previousMayBeMissing = previousMayBeMissing;
  }

  /** The revision of the first change. */
  get first(): bigint {
    return this.events[0]?.revision ?? 0n;
  }

  /** Makes one change: a put, a deletion of one or all keys, or some of them in one txn. */
  async change(): Promise<void> {
    const chance = this.#random();
    if (chance < 0.55) await this.#apply([this.#put()]);
    else if (chance < 0.7) await this.#apply([{ key: pick(this.#random, KEYS), value: undefined }]);
    else if (chance < 0.97) await this.#apply(this.#several());
    else await this.#deleteAll();
  }

  /** Every key is put, and then every key is deleted: each watch of the prefix has an event at the end. */
  async finish(): Promise<void> {
    await this.#apply(KEYS.map((key) => ({ key, value: this.#value() })));
    await this.#deleteAll();
  }

  #put(): { key: string; value: string } {
    return { key: pick(this.#random, KEYS), value: this.#value() };
  }

  #value(): string {
    this.#values += 1;
    return String(this.#values).padEnd(this.#valueLength, ".");
  }

  #several(): { key: string; value: string | undefined }[] {
    const keys = KEYS.filter(() => this.#random() < 0.5);
    return keys.map((key) => ({ key, value: this.#random() < 0.7 ? this.#value() : undefined }));
  }

  async #apply(changes: readonly { key: string; value: string | undefined }[]): Promise<void> {
    const key = (name: string): string => `${this.space}${name}`;
    const then: Op[] = changes.map((change) =>
      change.value === undefined ? op.delete(key(change.key)) : op.put(key(change.key), change.value),
    );
    const { header } = await this.#client.txn({ then });
    for (const change of changes) this.#happened(header.revision, change.key, change.value);
  }

  async #deleteAll(): Promise<void> {
    const { header } = await this.#client.delete(prefix(this.space));
    for (const key of [...this.#stored.keys()].sort()) this.#happened(header.revision, key, undefined);
  }

  #happened(revision: bigint, key: string, value: string | undefined): void {
    const before = this.#stored.get(key);
    if (value === undefined) {
      if (before === undefined) return;
      this.#stored.delete(key);
      this.#add({ revision, type: "delete", key, value: undefined }, "", before?.value);
      return;
    }
    const version = (before?.version ?? 0n) + 1n;
    this.#stored.set(key, { value, version });
    const words = putWords(value, version, before === undefined);
    this.#add({ revision, type: "put", key, value }, words, before?.value);
  }

  #add(event: Omit<ToldEvent, "line" | "lineWithPrevious">, words: string, before: string | undefined): void {
    const line = `${event.revision} ${event.type} ${event.key}${words}`;
    this.events.push({ ...event, line, lineWithPrevious: `${line}${insteadOf(before)}` });
  }
}

/** An event as a watch reported it, in the words of the history; `previous`: with what was there before. */
export function toldLine(event: WatchEvent<string>, space: string, previous: boolean): string {
  if (event.type === "resync") return `resync to ${event.revision}`;
  const prev = previous ? insteadOf(event.prev?.value) : "";
  if (event.type === "delete") return `${event.modRevision} delete ${event.key.slice(space.length)}${prev}`;
  const { key, value, version, modRevision } = event.kv;
  return `${modRevision} put ${key.slice(space.length)}${putWords(value, version, event.isCreate)}${prev}`;
}

/** An event of a watch with `prevKv` that nobody disturbed, as a part of the truth. */
export function toldEvent(event: WatchEvent<string>, space: string): ToldEvent {
  if (event.type === "resync") throw new Error("a history without gaps was asked for");
  const [line, lineWithPrevious] = [toldLine(event, space, false), toldLine(event, space, true)];
  const { type } = event;
  const of = type === "put" ? event.kv : { ...event, value: undefined };
  return { revision: of.modRevision, type, key: of.key.slice(space.length), value: of.value, line, lineWithPrevious };
}

function insteadOf(previous: string | undefined): string {
  return previous === undefined ? "" : ` instead of ${brief(previous)}`;
}

function putWords(value: string, version: bigint, isCreate: boolean): string {
  return ` = ${brief(value)} at version ${version}${isCreate ? ", created" : ""}`;
}

function brief(value: string): string {
  return value.length <= 32 ? value : `${value.length} characters ${createHash("sha1").update(value).digest("hex")}`;
}
