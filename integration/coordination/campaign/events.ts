/**
 * What the workers of the campaign write down, a line of JSON for each event. A line is in the file before the worker goes on, so
 * that a process which is killed has told everything that mattered; the end of its last line may be missing.
 */
import { openSync, readFileSync, writeSync } from "node:fs";
import type { MicroOperation } from "../../robustness/checker/append-history.js";
import type { Happening } from "../model.js";
import type { WorkEvent } from "../models/work-queue.js";

/** "It is mine now": noted before `held` was asked, written down only if it said yes. */
export interface Claim extends Happening {
  readonly kind: "claim";
  /** Of the lock or the election. */
  readonly name: string;
  readonly token: bigint;
}

/** The owner relies on it no more, whether it has given it up or lost it. */
export interface Ended extends Happening {
  readonly kind: "ended";
  readonly name: string;
  readonly token: bigint;
}

/** The work of a leader began; `ended` is its other end. One process never does the work of one election twice at once. */
export interface Began extends Happening {
  readonly kind: "began";
  readonly name: string;
  readonly token: bigint;
}

/** "I read, I write, I have so many permits": noted like a claim. */
export interface Sharing extends Happening {
  readonly kind: "shares";
  readonly name: string;
  readonly token: bigint;
  readonly mode: "read" | "write" | "permits";
  readonly permits: number;
}

/** A write to a record under the lock or leadership. */
export interface Write extends Happening {
  readonly kind: "write";
  readonly name: string;
  readonly token: bigint;
  readonly guarded: boolean;
  /** Of the value: no other write has it. */
  readonly id: string;
  readonly status: "accepted" | "refused" | "unknown";
  /** At which it was written, or refused. */
  readonly revision?: bigint;
}

/** An attempt to get it ended without it. */
export interface GaveUp extends Happening {
  readonly kind: "gave up";
  readonly name: string;
  /** Of the error's class. */
  readonly why: string;
}

/**
 * A transaction on lists. Its times are those of the shared clock. It is noted twice: before it begins, as one of unknown outcome
 * that appends what it means to append, and when it is over. The later line counts.
 */
export interface Transacted extends Happening {
  readonly kind: "transaction";
  readonly id: string;
  readonly level: string;
  readonly exactlyOnce: boolean;
  readonly invoke: number;
  readonly return: number;
  readonly status: "acknowledged" | "unknown" | "refused";
  readonly operations: readonly MicroOperation[];
  /** What attempts before the last one have read. */
  readonly before: readonly (readonly MicroOperation[])[];
}

export type WorkerEvent = WorkEvent | Claim | Sharing | Ended | Began | Write | GaveUp | Transacted;

/** Numbers that JSON has no type for. */
const BIGINTS: ReadonlySet<string> = new Set(["token", "revision"]);

export type Unsigned<E extends WorkerEvent> = E extends WorkerEvent ? Omit<E, "worker"> : never;

export class EventLog {
  readonly #file: number;
  readonly #worker: string;

  constructor(path: string, worker: string) {
    this.#file = openSync(path, "a");
    this.#worker = worker;
  }

  note(event: Unsigned<WorkerEvent>): void {
    writeSync(this.#file, `${lineOf({ ...event, worker: this.#worker } as WorkerEvent)}\n`);
  }
}

export function lineOf(event: WorkerEvent): string {
  return JSON.stringify(event, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
}

/** Every whole line of the file. */
export function readEvents(path: string): WorkerEvent[] {
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
  return lines.map((line) =>
    JSON.parse(line, (key, value: unknown) => (BIGINTS.has(key) ? BigInt(value as string) : value)),
  );
}
