/**
 * What the store should do, in the simplest way: a whole copy of every key at every revision. For the property tests only;
 * it shares nothing with the store but the types of the requests.
 */
import { ServerError } from "../errors.js";
import type { Compare, Operation, PutOperation, RangeOperation, TxnOperation } from "./operations.js";
import { text } from "./test-support.js";

export interface ModelPair {
  readonly value: string;
  readonly create: number;
  readonly mod: number;
  readonly version: number;
  readonly lease: bigint;
}

export interface ModelEvent {
  readonly main: number;
  readonly key: string;
  /** Undefined for a delete. */
  readonly pair: ModelPair | undefined;
}

type State = ReadonlyMap<string, ModelPair>;

export class StoreModel {
  /** State by revision; what is not set is as at the revision before. */
  #states: State[] = [new Map(), new Map()];
  #events: ModelEvent[] = [];
  /** As in etcd: -1 is never. */
  compacted = -1;
  readonly #leases: ReadonlySet<bigint>;

  constructor(leases: readonly bigint[]) {
    this.#leases = new Set(leases);
  }

  get current(): number {
    return this.#states.length - 1;
  }

  get events(): readonly ModelEvent[] {
    return this.#events;
  }

  /** For going back to the last commit when a crash loses the rest. */
  clone(): StoreModel {
    const copy = new StoreModel(Array.from(this.#leases));
    copy.#states = this.#states.slice();
    copy.#events = this.#events.slice();
    copy.compacted = this.compacted;
    return copy;
  }

  stateAt(revision: number): State {
    return this.#states[revision] as State;
  }

  /** Keys and pairs in order at a revision. */
  pairs(revision: number, key: string, rangeEnd: string): [string, ModelPair][] {
    return inRange(this.stateAt(revision), key, rangeEnd);
  }

  /** Lines that say what each operation answered. */
  run(operation: Operation): string[] {
    const draft = new Draft(this.current, this.stateAt(this.current));
    const decided = this.#decide(operation);
    const single = operation.kind !== "txn";
    for (const [i, step] of decided.entries()) {
      if (step.kind === "put") this.#checkPut(step, single, deletesKey(decided.slice(0, i), text(step.key)));
    }
    for (const step of decided) if (step.kind === "range") this.#checkRevision(step.revision);
    const lines = decided.map((step) => this.#runOne(draft, step));
    if (draft.events.length > 0) {
      this.#states.push(draft.state);
      this.#events.push(...draft.events);
    }
    return lines;
  }

  compact(revision: number): void {
    if (revision <= this.compacted) throw new ServerError("compacted");
    if (revision > this.current) throw new ServerError("futureRevision");
    this.compacted = revision;
  }

  /** The operations that will run, nested transactions dissolved; conditions see the state before. */
  #decide(operation: Operation): Exclude<Operation, TxnOperation>[] {
    if (operation.kind !== "txn") return [operation];
    const holds = operation.compare.every((compare) => this.#holds(compare));
    return (holds ? operation.success : operation.failure).flatMap((each) => this.#decide(each));
  }

  #holds(compare: Compare): boolean {
    const found = this.pairs(this.current, text(compare.key), text(compare.rangeEnd)).map(([, pair]) => pair);
    if (found.length === 0 && compare.target === "value") return false;
    const missing = { value: "", create: 0, mod: 0, version: 0, lease: 0n };
    return (found.length > 0 ? found : [missing]).every((pair) => {
      const [stored, operand] =
        typeof compare.operand === "bigint"
          ? [numberOf(pair, compare.target), compare.operand]
          : [pair.value, text(compare.operand)];
      const order = stored < operand ? "less" : stored > operand ? "greater" : "equal";
      return compare.result === "not-equal" ? order !== "equal" : compare.result === order;
    });
  }

  #checkPut(put: PutOperation, single: boolean, deleted: boolean): void {
    const noLease = put.lease !== 0n && !this.#leases.has(put.lease);
    const gone = deleted || !this.stateAt(this.current).has(text(put.key));
    const noKey = (put.ignoreLease || put.ignoreValue) && gone;
    if (noLease && (single || !noKey)) throw new ServerError("leaseNotFound");
    if (noKey) throw new ServerError("keyNotFound");
  }

  #checkRevision(revision: bigint): void {
    if (revision > this.current) throw new ServerError("futureRevision");
    if ((revision <= 0n ? BigInt(this.current) : revision) < this.compacted) throw new ServerError("compacted");
  }

  #runOne(draft: Draft, operation: Exclude<Operation, TxnOperation>): string {
    if (operation.kind === "put") return draft.put(operation);
    const [key, end] = [text(operation.key), text(operation.rangeEnd)];
    if (operation.kind === "delete-range") return draft.delete(inRange(draft.state, key, end).map(([name]) => name));
    const state = operation.revision <= 0n ? draft.state : this.stateAt(Number(operation.revision));
    return rangeLine(operation, inRange(state, key, end), draft.newest);
  }
}

/** One request in the making. */
class Draft {
  readonly events: ModelEvent[] = [];
  state: State;
  readonly #base: number;

  constructor(base: number, state: State) {
    this.#base = base;
    this.state = state;
  }

  get newest(): number {
    return this.#base + (this.events.length > 0 ? 1 : 0);
  }

  put(operation: PutOperation): string {
    const [main, key] = [this.#base + 1, text(operation.key)];
    const old = this.state.get(key);
    const pair: ModelPair = {
      value: operation.ignoreValue && old ? old.value : text(operation.value),
      create: old?.create ?? main,
      mod: main,
      version: (old?.version ?? 0) + 1,
      lease: operation.ignoreLease && old ? old.lease : operation.lease,
    };
    this.state = new Map(this.state).set(key, pair);
    this.events.push({ main, key, pair });
    return `put prev=${operation.prevKv && old ? showPair(key, old) : "-"} @${main}`;
  }

  delete(keys: readonly string[]): string {
    const state = new Map(this.state);
    for (const key of keys) {
      state.delete(key);
      this.events.push({ main: this.#base + 1, key, pair: undefined });
    }
    this.state = state;
    return `deleted ${keys.length} @${this.newest}`;
  }
}

function rangeLine(operation: RangeOperation, found: [string, ModelPair][], newest: number): string {
  const bounded = (revision: number, min: bigint, max: bigint): boolean =>
    (min === 0n || revision >= min) && (max === 0n || revision <= max);
  let rows = found.filter(
    ([, pair]) =>
      bounded(pair.mod, operation.minModRevision, operation.maxModRevision) &&
      bounded(pair.create, operation.minCreateRevision, operation.maxCreateRevision),
  );
  rows.sort((a, b) => compareRows(a, b, operation.sortTarget));
  if (operation.sortOrder === "descend") rows.sort((a, b) => compareRows(b, a, operation.sortTarget));
  const more = !operation.countOnly && operation.limit > 0 && rows.length > operation.limit;
  if (more) rows = rows.slice(0, operation.limit);
  if (operation.countOnly) rows = [];
  const shown = rows.map(([key, pair]) => showPair(key, operation.keysOnly ? { ...pair, value: "" } : pair));
  return `range [${shown.join(" ")}] count=${found.length} more=${more} @${newest}`;
}

function compareRows(a: [string, ModelPair], b: [string, ModelPair], target: RangeOperation["sortTarget"]): number {
  const field = ([key, pair]: [string, ModelPair]): string | number =>
    target === "key" ? key : target === "value" ? pair.value : pair[target];
  const [left, right] = [field(a), field(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

function deletesKey(operations: readonly Operation[], key: string): boolean {
  return operations.some((each) => each.kind === "delete-range" && within(key, text(each.key), text(each.rangeEnd)));
}

function within(name: string, key: string, rangeEnd: string): boolean {
  return rangeEnd === "" ? name === key : name >= key && (rangeEnd === "\0" || name < rangeEnd);
}

function inRange(state: State, key: string, rangeEnd: string): [string, ModelPair][] {
  return Array.from(state)
    .filter(([name]) => within(name, key, rangeEnd))
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function numberOf(pair: ModelPair, target: Compare["target"]): bigint | string {
  return target === "value" ? pair.value : BigInt(pair[target]);
}

/** As `show` of the test support prints a key-value. */
export function showPair(key: string, pair: ModelPair): string {
  const lease = pair.lease === 0n ? "" : `+${pair.lease}`;
  return `${key}=${pair.value}@${pair.create}/${pair.mod}/${pair.version}${lease}`;
}
