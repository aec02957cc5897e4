/**
 * The pairs that are alive at one revision of the replay. Changes made on trial can be taken back, so that a call is
 * evaluated against the state in which it claims to have run, while the state itself only ever follows the history.
 */
import type { HistoryEvent, KeyValue } from "./history.js";

/** Sorts after every key that a history can hold: keys are ASCII. */
const PAST_ALL_KEYS = "\uffff";

/** What to restore, newest last. */
interface Undo {
  readonly key: string;
  readonly before: KeyValue | undefined;
}

export class KeySpace {
  readonly #pairs = new Map<string, KeyValue>();
  /** The keys of `#pairs`, ascending. */
  readonly #keys: string[] = [];
  readonly #byLease = new Map<bigint, Set<string>>();
  /** While a trial runs. */
  #undo: Undo[] | undefined;

  get(key: string): KeyValue | undefined {
    return this.#pairs.get(key);
  }

  /** The pairs of a range as on the wire, ascending by key. */
  range(key: string, rangeEnd: string | undefined): KeyValue[] {
    if (rangeEnd === undefined) {
      const pair = this.#pairs.get(key);
      return pair === undefined ? [] : [pair];
    }
    const end = rangeEnd === "\0" ? PAST_ALL_KEYS : rangeEnd;
    const found: KeyValue[] = [];
    for (let at = this.#indexOf(key); at < this.#keys.length; at++) {
      const candidate = this.#keys[at] as string;
      if (candidate >= end) break;
      found.push(this.#pairs.get(candidate) as KeyValue);
    }
    return found;
  }

  /** The keys attached to a lease. */
  keysOf(lease: bigint): ReadonlySet<string> {
    return this.#byLease.get(lease) ?? new Set();
  }

  apply({ type, kv }: HistoryEvent): void {
    this.#undo?.push({ key: kv.key, before: this.#pairs.get(kv.key) });
    this.#set(kv.key, type === "put" ? kv : undefined);
  }

  /** Runs `work` and takes back whatever it applied. */
  onTrial<T>(work: () => T): T {
    const undo: Undo[] = [];
    this.#undo = undo;
    try {
      return work();
    } finally {
      this.#undo = undefined;
      for (const { key, before } of undo.reverse()) this.#set(key, before);
    }
  }

  #set(key: string, pair: KeyValue | undefined): void {
    const before = this.#pairs.get(key);
    if (before !== undefined && before.lease !== 0n) this.#byLease.get(before.lease)?.delete(key);
    if (pair === undefined) {
      if (before === undefined) return;
      this.#pairs.delete(key);
      this.#keys.splice(this.#indexOf(key), 1);
      return;
    }
    if (before === undefined) this.#keys.splice(this.#indexOf(key), 0, key);
    this.#pairs.set(key, pair);
    if (pair.lease === 0n) return;
    const attached = this.#byLease.get(pair.lease) ?? new Set();
    this.#byLease.set(pair.lease, attached.add(key));
  }

  /** Index of the first key that is not less. */
  #indexOf(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#keys[middle] as string) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
