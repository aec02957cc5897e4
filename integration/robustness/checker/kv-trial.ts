/**
 * One way in which one call can go in one state. The call is carried out and its answer compared as it comes into being, so
 * that a wrong way ends at its first difference. Where it can go on in two ways, the list of choices says which; at its end the
 * first way is taken and noted.
 */
import type {
  Compare,
  DeleteRequest,
  DeleteResponse,
  KeyValue,
  PutRequest,
  PutResponse,
  RangeOp,
  RangeResponse,
  Request,
  Response,
  TxnOp,
} from "./history.js";
import type { KvTable, Pair } from "./kv-table.js";

export class KvTrial {
  readonly #table: KvTable;
  readonly #choices: boolean[];
  #chosen = 0;
  /** Copied before the first change. */
  #pairs: readonly number[];
  #copied = false;
  /** Keys of which it is decided in this call whether their lease had ended. */
  readonly #settled = new Set<number>();

  constructor(table: KvTable, pairs: readonly number[], choices: boolean[]) {
    this.#table = table;
    this.#pairs = pairs;
    this.#choices = choices;
  }

  /** The pairs after the call, or undefined when the answer is not this one. Without an answer every one is right. */
  run(request: Request, response: Response | undefined): readonly number[] | undefined {
    const right = request.kind === "txn" ? this.#txn(request, response) : this.#one(request, response);
    return right ? this.#pairs : undefined;
  }

  #txn({ compare, success, failure }: Extract<Request, { kind: "txn" }>, response: Response | undefined): boolean {
    if (response !== undefined && response.kind !== "txn") return false;
    const succeeded = compare.every((one) => this.#holds(one));
    if (response !== undefined && response.succeeded !== succeeded) return false;
    const ops = succeeded ? success : failure;
    if (response !== undefined && response.responses.length !== ops.length) return false;
    return ops.every((op, at) => this.#one(op, response?.responses[at]));
  }

  #one(op: TxnOp, response: Response | undefined): boolean {
    if (response !== undefined && response.kind !== op.kind) return false;
    if (op.kind === "range") return this.#range(op, response as RangeResponse | undefined);
    if (op.kind === "put") return this.#put(op, response as PutResponse | undefined);
    return this.#delete(op, response as DeleteResponse | undefined);
  }

  #range(op: RangeOp, response: RangeResponse | undefined): boolean {
    if (response === undefined) return true;
    const limit = op.limit === undefined || op.limit === 0 ? Number.POSITIVE_INFINITY : op.limit;
    let count = 0;
    let shown = 0;
    for (const index of this.#indexes(op)) {
      const pair = this.#pair(index);
      if (pair === undefined) continue;
      count += 1;
      if (op.countOnly === true || shown >= limit) continue;
      if (!this.#shows(response.kvs[shown], index, pair, op.keysOnly === true)) return false;
      shown += 1;
    }
    const more = op.countOnly !== true && shown < count;
    return response.kvs.length === shown && response.count === count && response.more === more;
  }

  #put({ key, value, lease, prevKv }: PutRequest, response: PutResponse | undefined): boolean {
    const index = this.#table.indexOf(key);
    const before = this.#pair(index);
    if (response !== undefined && !this.#showsPrevious(response.prevKv, index, prevKv === true ? before : undefined)) {
      return false;
    }
    this.#settled.add(index);
    const version = (before?.version ?? 0) + 1;
    if (version !== (this.#table.labels.versionOf(key, value) ?? version)) return false;
    this.#set(index, this.#table.idOf({ value, version, lease: lease ?? 0n }));
    return true;
  }

  #delete(op: DeleteRequest, response: DeleteResponse | undefined): boolean {
    let deleted = 0;
    for (const index of this.#indexes(op)) {
      // Whether it was the end of a lease that took the key makes no difference when nobody knows what was deleted.
      if (response === undefined && this.#pairs[index] !== 0) this.#set(index, 0);
      const pair = this.#pair(index);
      if (pair === undefined) continue;
      if (op.prevKv === true && response !== undefined && !this.#shows(response.prevKvs[deleted], index, pair, false)) {
        return false;
      }
      deleted += 1;
      this.#set(index, 0);
    }
    if (response === undefined) return true;
    return response.deleted === deleted && response.prevKvs.length === (op.prevKv === true ? deleted : 0);
  }

  /** A missing key counts as 0, except that a comparison of its value is always false. */
  #holds(compare: Compare): boolean {
    const index = this.#table.indexOf(compare.key);
    const pair = this.#pair(index);
    if (compare.target === "value") return pair !== undefined && relates(pair.value, compare.result, compare.given);
    if (compare.target === "lease") return relates(pair?.lease ?? 0n, compare.result, compare.given);
    if (compare.target === "version") return relates(pair?.version ?? 0, compare.result, compare.given);
    if (pair === undefined) return relates(0, compare.result, compare.given);
    return this.#table.labels.holds(compare, pair.value) ?? this.#choose();
  }

  #showsPrevious(kv: KeyValue | undefined, index: number, pair: Pair | undefined): boolean {
    return pair === undefined ? kv === undefined : this.#shows(kv, index, pair, false);
  }

  #shows(kv: KeyValue | undefined, index: number, pair: Pair, keysOnly: boolean): boolean {
    return (
      kv !== undefined &&
      kv.key === this.#table.keys[index] &&
      kv.version === pair.version &&
      kv.lease === pair.lease &&
      kv.value === (keysOnly ? "" : pair.value) &&
      this.#table.labels.allow(pair.value, kv)
    );
  }

  /** The pair at a key, after the decision whether the end of its lease has taken it. */
  #pair(index: number): Pair | undefined {
    const pair = this.#table.pair(this.#pairs[index] as number);
    if (pair === undefined || pair.lease === 0n || this.#settled.has(index)) return pair;
    this.#settled.add(index);
    if (!this.#choose()) return pair;
    this.#set(index, 0);
    return undefined;
  }

  #set(index: number, pair: number): void {
    const pairs = this.#copied ? (this.#pairs as number[]) : [...this.#pairs];
    this.#copied = true;
    pairs[index] = pair;
    this.#pairs = pairs;
  }

  /** The indexes of the keys of a range. */
  *#indexes({ key, rangeEnd }: RangeOp | DeleteRequest): Generator<number> {
    const { keys } = this.#table;
    for (let index = this.#table.indexOf(key); index < keys.length; index++) {
      const candidate = keys[index] as string;
      if (rangeEnd === undefined ? candidate !== key : rangeEnd !== "\0" && candidate >= rangeEnd) return;
      yield index;
    }
  }

  #choose(): boolean {
    if (this.#chosen === this.#choices.length) this.#choices.push(false);
    return this.#choices[this.#chosen++] as boolean;
  }
}

function relates<T extends string | number | bigint>(stored: T, result: Compare["result"], given: T): boolean {
  if (result === "equal") return stored === given;
  if (result === "not-equal") return stored !== given;
  return result === "greater" ? stored > given : stored < given;
}
