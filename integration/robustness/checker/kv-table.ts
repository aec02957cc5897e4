/**
 * The keys and pairs of one search by number, so that a state of the store is a list of small numbers. What the model keeps of
 * a pair is its value, version and lease; its revisions are left out, since they follow from the order that is being sought.
 */
import type { Call } from "./calls.js";
import type { KeyValue, Response } from "./history.js";
import type { Labels } from "./labels.js";
import { firstNotLess } from "./sorted.js";

export interface Pair {
  readonly value: string;
  readonly version: number;
  readonly lease: bigint;
}

export class KvTable {
  /** Every key that a call can touch, ascending. */
  readonly keys: readonly string[];
  readonly labels: Labels;
  readonly #pairs: (Pair | undefined)[] = [undefined];
  readonly #pairIds = new Map<string, number>();

  constructor(calls: readonly Call[], labels: Labels, initial: readonly KeyValue[]) {
    this.keys = [...new Set([...calls.flatMap(keysOf), ...initial.map(({ key }) => key)])].sort();
    this.labels = labels;
  }

  /** Index of the first key that is not less. */
  indexOf(key: string): number {
    return firstNotLess(this.keys, key);
  }

  /** Undefined for 0, which stands for no pair. */
  pair(id: number): Pair | undefined {
    return this.#pairs[id];
  }

  idOf({ value, version, lease }: Pair): number {
    const name = `${version} ${lease} ${value}`;
    const known = this.#pairIds.get(name);
    if (known !== undefined) return known;
    this.#pairs.push({ value, version, lease });
    this.#pairIds.set(name, this.#pairs.length - 1);
    return this.#pairs.length - 1;
  }
}

function keysOf({ operation: { outcome }, spans }: Call): string[] {
  const named = spans.filter(({ key, end }) => end === `${key}\0`).map(({ key }) => key);
  return outcome.status === "acknowledged" ? [...named, ...shownKeys(outcome.response)] : named;
}

function shownKeys(response: Response): string[] {
  if (response.kind === "range") return response.kvs.map(({ key }) => key);
  if (response.kind === "delete") return response.prevKvs.map(({ key }) => key);
  return response.kind === "txn" ? response.responses.flatMap(shownKeys) : [];
}
