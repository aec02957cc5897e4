/**
 * What a client asks for who appends to lists: it reads one or all of them, then writes one or two with one element more,
 * provided that nobody has written these since, and may read another in the same transaction. Elements are unique, so the order in which appends took effect can be read off every list, without
 * believing a revision (Elle's list-append).
 */
import { pick } from "../support/random.js";
import { listOf, SEPARATOR } from "./checker/append-history.js";
import type { KeyValue, Operation, Response, TxnOp } from "./checker/history.js";
import type { Action, TrafficSource } from "./traffic.js";

export interface ListTrafficOptions {
  readonly client: number;
  readonly random: () => number;
}

/** Lists that are appended to at a time: `a/0000`, `a/0001`, … */
const LISTS = 3;

/** All of them. */
const LISTS_ALL = { key: "a/", rangeEnd: "a0" } as const;

/** A list of so many elements is left alone, and the next one is begun. */
const ELEMENTS_MAX = 60;

export class ListTraffic implements TrafficSource {
  readonly #options: ListTrafficOptions;
  readonly #known = new Map<string, KeyValue>();
  /** The list that was just read and waits for its append, alone or with others. */
  #read: string | undefined;
  #elements = 0;
  #first = 0;

  constructor(options: ListTrafficOptions) {
    this.#options = options;
  }

  next(): Action {
    const read = this.#read;
    this.#read = undefined;
    if (read !== undefined) return { kind: "call", request: this.#append(read) };
    const key = this.#key();
    // Not always followed by an append, so that reads outnumber them.
    if (this.#options.random() < 0.8) this.#read = key;
    return {
      kind: "call",
      request: this.#options.random() < 0.3 ? { kind: "range", ...LISTS_ALL } : { kind: "range", key },
    };
  }

  granted(): void {}

  observe({ request, outcome }: Operation): void {
    if (outcome.status !== "acknowledged") {
      this.#read = undefined;
      return;
    }
    if (request.kind !== "range") return;
    if (request.rangeEnd !== undefined) {
      this.#known.clear();
      for (const pair of pairsOf(outcome.response)) this.#known.set(pair.key, pair);
      return;
    }
    const [kv] = pairsOf(outcome.response);
    if (kv === undefined) {
      this.#known.delete(request.key);
      return;
    }
    this.#known.set(kv.key, kv);
    if (kv.key === name(this.#first) && listOf(kv.value).length >= ELEMENTS_MAX) {
      this.#first += 1;
      this.#read = undefined;
    }
  }

  #append(first: string): Extract<Action, { kind: "call" }>["request"] {
    const { random } = this.#options;
    const second = this.#key();
    const keys = second !== first && random() < 0.4 ? [first, second] : [first];
    const puts = keys.map((key): TxnOp => {
      const known = this.#known.get(key);
      const element = `${this.#options.client}.${++this.#elements}`;
      return { kind: "put", key, value: known === undefined ? element : `${known.value}${SEPARATOR}${element}` };
    });
    const reads: TxnOp[] = random() < 0.4 ? [{ kind: "range", ...LISTS_ALL }] : [];
    return {
      kind: "txn",
      // An absent key has mod revision 0.
      compare: keys.map((key) => ({
        ...({ key, target: "mod", result: "equal" } as const),
        given: this.#known.get(key)?.modRevision ?? 0,
      })),
      success: random() < 0.5 ? [...puts, ...reads] : [...reads, ...puts],
      failure: [{ kind: "range", key: first }],
    };
  }

  #key(): string {
    return name(
      this.#first +
        pick(
          this.#options.random,
          Array.from({ length: LISTS }, (_, i) => i),
        ),
    );
  }
}

function name(list: number): string {
  return `a/${String(list).padStart(4, "0")}`;
}

function pairsOf(response: Response): readonly KeyValue[] {
  return response.kind === "range" ? response.kvs : [];
}
