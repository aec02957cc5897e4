/**
 * A range request against the index: count every key alive at the revision, then read as few stored values as the order,
 * the filters and the limit allow.
 */
import { byteString, compareBytes } from "../bytes.js";
import { NOT_FOUND } from "./key-index.js";
import { type KeyValue, withoutValue } from "./key-value.js";
import type { RangeOperation, RangeResult, SortTarget } from "./operations.js";
import { READ_COST, SliceBudget, type Slices } from "./slices.js";
import { readableRevision, type StoreState } from "./store-state.js";
import { justAfter, keyRange } from "./tree-index.js";
import type { RowSource } from "./txn-rows.js";

/**
 * Serves the range as of `newest`, the store's revision now (inside a transaction: with its own writes so far).
 *
 * The walk may be left between two slices and writes may happen there; the answer is still that of one revision. When a
 * compaction passes that revision meanwhile, a range at an explicit revision fails with `compacted`, a range of the
 * newest revision begins again. `rows` is for who has read some of them already.
 */
export function* rangeSlices(
  state: StoreState,
  operation: RangeOperation,
  newest: () => number,
  budget: SliceBudget = new SliceBudget(),
  rows: RowSource = state.table,
): Slices<RangeResult> {
  for (;;) {
    const revision = newest();
    const at = readableRevision(state, operation.revision, revision);
    const result =
      operation.rangeEnd.length === 0
        ? single(state, operation, at, rows)
        : yield* walk(state, operation, at, budget, rows);
    if (result !== undefined) return { kind: "range", revision: BigInt(revision), ...result };
  }
}

type Rows = Pick<RangeResult, "kvs" | "count" | "more">;

/** One key: most ranges are this, and need no walk. */
function single(state: StoreState, operation: RangeOperation, at: number, source: RowSource): Rows {
  const index = state.index.get(byteString(operation.key));
  const position = index?.find(at) ?? NOT_FOUND;
  if (index === undefined || position === NOT_FOUND) return { kvs: [], count: 0, more: false };
  if (operation.countOnly) return { kvs: [], count: 1, more: false };
  const kv = source.readAt(index.mainAt(position), index.subAt(position));
  if (isFiltered(operation) && !passesFilters(operation, kv)) return { kvs: [], count: 1, more: false };
  return { kvs: [operation.keysOnly ? withoutValue(kv) : kv], count: 1, more: false };
}

/** Undefined when compaction overtook the walk. */
function* walk(
  state: StoreState,
  operation: RangeOperation,
  at: number,
  budget: SliceBudget,
  source: RowSource,
): Slices<Rows | undefined> {
  const plan = planOf(operation);
  const found = yield* locate(state, operation, at, plan.locateMost, budget);
  if (at < state.compactRevision) return undefined;
  if (operation.countOnly) return { kvs: [], count: found.count, more: false };

  const rows: KeyValue[] = [];
  const places = found.places.length / 2;
  for (let i = 0; i < places && rows.length < plan.readMost; i++) {
    const place = plan.backwards ? places - 1 - i : i;
    const kv = source.readAt(found.places[place * 2] as number, found.places[place * 2 + 1] as number);
    if (!plan.filtered || passesFilters(operation, kv)) rows.push(plan.dropValuesEarly ? withoutValue(kv) : kv);
    if (budget.spend(READ_COST)) {
      yield;
      if (at < state.compactRevision) return undefined;
    }
  }
  if (plan.sort) sortRows(rows, operation.sortTarget, operation.sortOrder === "descend");

  const more = operation.limit > 0 && rows.length > operation.limit;
  const kvs = more ? rows.slice(0, operation.limit) : rows;
  return { kvs: operation.keysOnly && !plan.dropValuesEarly ? kvs.map(withoutValue) : kvs, count: found.count, more };
}

interface Plan {
  /** Places to remember, and rows to read, at the most. The limit cuts here where the order is that of the index. */
  readonly locateMost: number;
  readonly readMost: number;
  readonly backwards: boolean;
  /** Some rows do not count: each is to be looked into. */
  readonly filtered: boolean;
  readonly sort: boolean;
  /** Keys only, and no sort by value: a row need not wait for the end with its value. */
  readonly dropValuesEarly: boolean;
}

function planOf(operation: RangeOperation): Plan {
  const filtered = isFiltered(operation);
  const byKey = operation.sortTarget === "key";
  const backwards = byKey && operation.sortOrder === "descend";
  // One row beyond the limit shows that there is more, filtered or not.
  const most = operation.limit > 0 ? operation.limit + 1 : Infinity;
  return {
    locateMost: operation.countOnly ? 0 : byKey && !backwards && !filtered ? most : Infinity,
    readMost: byKey ? most : Infinity,
    backwards,
    filtered,
    sort: !byKey,
    dropValuesEarly: operation.keysOnly && operation.sortTarget !== "value",
  };
}

/** Counts the keys alive at `at` and says where the values of the first `most` stand: main and sub revision in turn. */
function* locate(
  state: StoreState,
  operation: RangeOperation,
  at: number,
  most: number,
  budget: SliceBudget,
): Slices<{ count: number; places: readonly number[] }> {
  const { from, to } = keyRange(operation.key, operation.rangeEnd);
  const places: number[] = [];
  let count = 0;
  let next: string | undefined = from;
  while (next !== undefined) {
    const start: string = next;
    next = undefined;
    for (const index of state.index.visit({ from: start, to })) {
      const position = index.find(at);
      if (position !== NOT_FOUND) {
        if (count < most) places.push(index.mainAt(position), index.subAt(position));
        count++;
      }
      if (budget.spend(1)) {
        next = justAfter(index.key);
        break;
      }
    }
    if (next !== undefined) yield;
  }
  return { count, places };
}

function isFiltered(operation: RangeOperation): boolean {
  return (
    operation.minModRevision !== 0n ||
    operation.maxModRevision !== 0n ||
    operation.minCreateRevision !== 0n ||
    operation.maxCreateRevision !== 0n
  );
}

/** Bounds are inclusive, 0 is none. */
function passesFilters(operation: RangeOperation, kv: KeyValue): boolean {
  return (
    inBounds(kv.modRevision, operation.minModRevision, operation.maxModRevision) &&
    inBounds(kv.createRevision, operation.minCreateRevision, operation.maxCreateRevision)
  );
}

function inBounds(revision: bigint, min: bigint, max: bigint): boolean {
  return (min === 0n || revision >= min) && (max === 0n || revision <= max);
}

function sortRows(rows: KeyValue[], target: SortTarget, descending: boolean): void {
  const compare = comparatorOf(target);
  rows.sort(descending ? (a, b) => compare(b, a) : compare);
}

function comparatorOf(target: SortTarget): (a: KeyValue, b: KeyValue) => number {
  switch (target) {
    case "key":
      return (a, b) => compareBytes(a.key, b.key);
    case "value":
      return (a, b) => compareBytes(a.value, b.value);
    case "version":
      return (a, b) => compareNumbers(a.version, b.version);
    case "create":
      return (a, b) => compareNumbers(a.createRevision, b.createRevision);
    case "mod":
      return (a, b) => compareNumbers(a.modRevision, b.modRevision);
  }
}

function compareNumbers(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
