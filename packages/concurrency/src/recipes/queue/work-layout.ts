/**
 * Where a work queue keeps what. A job is always in exactly one of four states, and each state is a key; every change of state
 * is one txn that is guarded by the key of the state before, so a job is neither lost nor in two states:
 *
 *     <name>/job/<id>                        the value, from enqueueing to acknowledgement
 *     <name>/key/<key>                       id of the job that was enqueued with this key
 *     <name>/dead/<place>                    state: taken too often
 *     <name>/index/claimed/<place>           state: with a worker, as long as the next key exists;
 *     <name>/index/held/<place>              attached to the worker's lease: goes when the worker does
 *     <name>/index/delayed/<due>/<place>     state: not before that millisecond of the wall clock
 *     <name>/index/ready/<place>             state: to be claimed, the first place first
 *
 * A place is `<priority>/<id>`, an id `<ticket>-<chance>` (`tickets.ts`): a job keeps its place through all states, and
 * returns to it. The value of a state's key is a small record of JSON; values of jobs are read by whoever claims them
 * and do not travel with a change of state. `held` without `claimed` never exists, so the number of jobs whose worker has
 * gone is `claimed` less `held`, which two counts tell without a list.
 */
import { type KeyRange, type KeyValue, prefix } from "@kvorum/client";
import { priorityPart } from "./priority-queue.js";

/** What is known of a job beside its value. */
export interface JobState {
  /** Deliveries until now, the present one included. */
  readonly attempts: number;
  /** The key it was enqueued with, which no other job can have meanwhile. */
  readonly key?: string | undefined;
  /** Why it is dead. */
  readonly reason?: DeadReason | undefined;
}

/** - `attempts`: delivered `maxAttempts` times. `undecodable`: the codec refuses its value. `rejected`: a worker said so. */
export type DeadReason = "attempts" | "undecodable" | "rejected";

const DUE_DIGITS = 16;

export class WorkLayout {
  readonly root: string;
  /** Everything that a change of state touches, values of jobs excepted. */
  readonly index: KeyRange;
  readonly ready: KeyRange;
  readonly claimed: KeyRange;
  readonly held: KeyRange;
  readonly delayed: KeyRange;
  readonly dead: KeyRange;

  constructor(name: string) {
    this.root = `${name}/`;
    this.index = prefix(`${name}/index/`);
    this.ready = prefix(this.readyKey(""));
    this.claimed = prefix(this.claimedKey(""));
    this.held = prefix(this.heldKey(""));
    this.delayed = prefix(`${name}/index/delayed/`);
    this.dead = prefix(this.deadKey(""));
  }

  /** What the ready places of one priority begin with. */
  line(priority: number): string {
    return this.readyKey(priorityPart(priority));
  }

  readyKey(place: string): string {
    return `${this.root}index/ready/${place}`;
  }

  claimedKey(place: string): string {
    return `${this.root}index/claimed/${place}`;
  }

  heldKey(place: string): string {
    return `${this.root}index/held/${place}`;
  }

  delayedKey(dueMs: number, place: string): string {
    return `${this.root}index/delayed/${String(dueMs).padStart(DUE_DIGITS, "0")}/${place}`;
  }

  deadKey(place: string): string {
    return `${this.root}dead/${place}`;
  }

  jobKey(place: string): string {
    return `${this.root}job/${idOf(place)}`;
  }

  uniqueKey(key: string): string {
    return `${this.root}key/${key}`;
  }

  /** The place in a key of any state: its last two parts. */
  placeOf(key: string): string {
    return key.split("/").slice(-2).join("/");
  }

  /** The millisecond in the key of a delayed job. 0, which is long over, for what another hand has put there. */
  dueOf(key: string): number {
    const due = Number(key.split("/").at(-3));
    return Number.isFinite(due) ? due : 0;
  }
}

export function idOf(place: string): string {
  return place.slice(place.indexOf("/") + 1);
}

export function priorityOf(place: string): number {
  return Number.parseInt(place, 16);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function encodeState(state: JobState): Uint8Array {
  return encoder.encode(JSON.stringify(state));
}

/** A record that is none, because another hand wrote it, counts as a job that was never delivered. */
export function stateOf(kv: KeyValue<Uint8Array>): JobState {
  try {
    const state = JSON.parse(decoder.decode(kv.value)) as Partial<JobState> | null;
    const attempts = state?.attempts;
    return { ...state, attempts: Number.isSafeInteger(attempts) ? (attempts as number) : 0 };
  } catch {
    return { attempts: 0 };
  }
}
