/**
 * What one client of a robustness run asks for next: a seeded mix of reads, writes and transactions over a few keys.
 * Values are unique, so that a value names its writer; compares use what the client saw last, so that some hold and some
 * do not. The same mix drives real clusters and the histories made up for the checker's own tests.
 */
import { pick } from "../support/random.js";
import type { KeyValue, Operation, Request, Response, TxnOp } from "./checker/history.js";

export type Action =
  | { readonly kind: "call"; readonly request: Request }
  | { readonly kind: "grant" }
  | { readonly kind: "revoke"; readonly lease: bigint };

/** What decides what a client does next. */
export interface TrafficSource {
  next(): Action;
  /** A lease that was asked for exists. */
  granted(lease: bigint): void;
  /** Every call that has ended, in the order of the client's calls. */
  observe(operation: Operation): void;
}

export interface TrafficOptions {
  readonly client: number;
  readonly random: () => number;
  /** Keys are `r/00`, `r/01`, … */
  readonly keys: number;
  /** Nothing but linearizable reads. */
  readonly readsOnly?: boolean;
  /** Whether one more write without a unique value may be in flight: each doubles what an unknown outcome may mean. */
  readonly mayDelete: () => boolean;
  /** As many deletions as puts. Default: few. */
  readonly deletesMuch?: boolean;
  /** Bytes of a large value, and the share of puts that have one. Default: none. */
  readonly large?: { readonly bytes: number; readonly share: number };
}

/** Every key of the traffic lies in this range. */
export const KEYS = { key: "r/", rangeEnd: "r0" } as const;

/** A stale read looks back this many revisions at most. */
const LOOK_BACK_REVISIONS_MAX = 20;

/** How often each kind is chosen, out of the sum. */
const WEIGHTS = {
  get: 15,
  list: 15,
  pinned: 10,
  serializable: 10,
  put: 30,
  leasedPut: 5,
  revoke: 3,
  delete: 5,
  cas: 7,
  txn: 10,
} as const;

type Kind = keyof typeof WEIGHTS;

/** Tombstones on most keys: what compaction and watches make of these was wrong in etcd more than once. */
const WEIGHTS_DELETING: Readonly<Record<Kind, number>> = { ...WEIGHTS, put: 30, delete: 30 };

const READS: readonly Kind[] = ["get", "list"];

export class Traffic implements TrafficSource {
  readonly #options: TrafficOptions;
  readonly #modRevisions = new Map<string, number>();
  #values = 0;
  #seenRevision = 1;
  #lease: bigint | undefined;

  constructor(options: TrafficOptions) {
    this.#options = options;
  }

  next(): Action {
    const kind = this.#options.readsOnly === true ? pick(this.#options.random, READS) : this.#kind();
    if (kind === "leasedPut" && this.#lease === undefined) return { kind: "grant" };
    if (kind === "revoke") {
      const lease = this.#lease;
      if (lease === undefined || !this.#options.mayDelete()) return { kind: "call", request: this.#list() };
      this.#lease = undefined;
      return { kind: "revoke", lease };
    }
    return { kind: "call", request: this.#request(kind) };
  }

  granted(lease: bigint): void {
    this.#lease = lease;
  }

  /** Learns from an answer what later compares and stale reads refer to. A failed put may mean that the lease is gone. */
  observe({ request, outcome }: Operation): void {
    if (outcome.status !== "acknowledged") {
      this.#lease = undefined;
      return;
    }
    this.#seenRevision = Math.max(this.#seenRevision, outcome.revision);
    for (const kv of pairsOf(outcome.response)) this.#modRevisions.set(kv.key, kv.modRevision);
    if (request.kind === "put") this.#modRevisions.set(request.key, outcome.revision);
  }

  #kind(): Kind {
    const weights = this.#options.deletesMuch === true ? WEIGHTS_DELETING : WEIGHTS;
    const entries = Object.entries(weights) as [Kind, number][];
    let left = this.#options.random() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [kind, weight] of entries) {
      left -= weight;
      if (left < 0) return kind;
    }
    return "get";
  }

  #request(kind: Exclude<Kind, "revoke">): Request {
    const { random, mayDelete } = this.#options;
    switch (kind) {
      case "get":
        return { kind: "range", key: this.#key() };
      case "list":
        return this.#list();
      case "pinned":
        return { ...this.#getOrList(), revision: this.#pastRevision() };
      case "serializable":
        return { ...this.#getOrList(), serializable: true };
      case "put":
        return this.#put();
      case "leasedPut":
        return { ...this.#put(), lease: this.#lease ?? 0n };
      case "delete":
        if (!mayDelete()) return this.#list();
        return random() < 0.8
          ? { kind: "delete", key: this.#key(), prevKv: random() < 0.5 }
          : { kind: "delete", key: "r/0", rangeEnd: "r/00~", prevKv: true };
      case "cas":
        return this.#compareAndSet();
      case "txn":
        return this.#transaction();
    }
  }

  #getOrList(): Request & { kind: "range" } {
    return this.#options.random() < 0.5 ? { kind: "range", key: this.#key() } : this.#list();
  }

  #list(): Request & { kind: "range" } {
    const { random } = this.#options;
    const list = { kind: "range", ...KEYS } as const;
    const shape = random();
    if (shape < 0.6) return list;
    if (shape < 0.75) return { ...list, keysOnly: true };
    return shape < 0.85 ? { ...list, countOnly: true } : { ...list, limit: 1 + Math.floor(random() * 5) };
  }

  #put(key = this.#key()): Request & { kind: "put" } {
    const { large } = this.#options;
    const name = `${this.#options.client}.${++this.#values}`;
    const isLarge = large !== undefined && this.#options.random() < large.share;
    const value = isLarge ? name.padEnd(large.bytes, "~") : name;
    return { kind: "put", key, value, prevKv: this.#options.random() < 0.5 };
  }

  #compareAndSet(): Request {
    const key = this.#key();
    const given = this.#modRevisions.get(key) ?? 0;
    return {
      kind: "txn",
      compare: [{ key, target: "mod", result: "equal", given }],
      success: [this.#put(key)],
      failure: [{ kind: "range", key }],
    };
  }

  /** Four operations on four keys; either branch reads what it has just written. */
  #transaction(): Request {
    const { random } = this.#options;
    const first = Math.floor(random() * this.#options.keys);
    const [a, b, c] = [0, 1, 2].map((offset) => keyName((first + offset) % this.#options.keys)) as [
      string,
      string,
      string,
    ];
    const created = random() < 0.5;
    const success: TxnOp[] = [this.#put(a), { kind: "range", ...KEYS }, this.#put(b), { kind: "range", key: a }];
    const failure: TxnOp[] = [
      { kind: "range", key: c },
      this.#put(c),
      { kind: "range", key: c },
      { kind: "range", key: a },
    ];
    return {
      kind: "txn",
      compare: [
        created
          ? { key: c, target: "version", result: "greater", given: 0 }
          : {
              key: c,
              target: "mod",
              result: pick(random, ["equal", "not-equal"] as const),
              given: this.#modRevisions.get(c) ?? 0,
            },
      ],
      success,
      failure,
    };
  }

  #key(): string {
    return keyName(Math.floor(this.#options.random() * this.#options.keys));
  }

  #pastRevision(): number {
    const back = Math.floor(this.#options.random() * LOOK_BACK_REVISIONS_MAX);
    return Math.max(1, this.#seenRevision - back);
  }
}

/** The name of one of the traffic's keys. */
export function keyName(index: number): string {
  return `r/${String(index).padStart(2, "0")}`;
}

function pairsOf(response: Response): readonly KeyValue[] {
  if (response.kind === "range") return response.kvs;
  return response.kind === "txn" ? response.responses.flatMap(pairsOf) : [];
}
