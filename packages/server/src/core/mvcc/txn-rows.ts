/**
 * The rows that the ranges of one transaction read. A request of a few kilobytes may ask thousands of times for the same
 * large value, or for all there is: a large value is read once and shared, and when the answer is too large for anybody to
 * send, nothing more is read.
 */
import { ANSWER_BYTES_MAX, bytesOfRows } from "./answer-size.js";
import type { KeyTable } from "./key-table.js";
import { type KeyValue, withoutValue } from "./key-value.js";
import type { RangeOperation } from "./operations.js";

/** Values from this size on are remembered: below it looking for them would cost as much as reading them again. */
const LARGE_BYTES = 4096;
/** Of one range, before it is known what of it the answer has: a range may read all there is and answer nothing. */
const READ_BYTES_MAX: number = 32 * 1024 * 1024;

/** Where the rows of a range come from. */
export type RowSource = Pick<KeyTable, "readAt">;

interface ReadRow {
  readonly main: number;
  readonly sub: number;
  readonly kv: KeyValue;
}

export class TxnRows {
  readonly #table: RowSource;
  readonly #bytesMax: number;
  /** Large ones. They are in the answer, too, so they cost no memory of their own. */
  readonly #answered = new RowMap();
  /** Large ones of the range that is being read. */
  #read: ReadRow[] = [];
  #readBytes = 0;
  /** Rows whose values are large, without them. */
  readonly #bare = new RowMap();
  #bytes = 0;

  constructor(table: RowSource, bytesMax: number = ANSWER_BYTES_MAX) {
    this.#table = table;
    this.#bytesMax = bytesMax;
  }

  /** For one range, until its answer is counted. Where no value is needed, the rows of large ones come without. */
  sourceOf({ keysOnly, rangeEnd, sortTarget }: RangeOperation): RowSource {
    const isBare = keysOnly && (rangeEnd.length === 0 || sortTarget !== "value");
    return { readAt: (main, sub) => (isBare ? this.#bareAt(main, sub) : this.#rowAt(main, sub)) };
  }

  /** These rows of the last range are in the answer. */
  count(rows: readonly KeyValue[]): void {
    this.#bytes += bytesOfRows(rows);
    if (this.#read.length === 0) return;
    const answered = new Set(rows);
    for (const row of this.#read) if (answered.has(row.kv)) this.#answered.set(row);
    this.#read = [];
    this.#readBytes = 0;
  }

  /** How large the answer was when it was found to be too large; undefined while it is not. */
  get excess(): number | undefined {
    return this.#bytes > this.#bytesMax ? this.#bytes : undefined;
  }

  #rowAt(main: number, sub: number): KeyValue {
    const known = this.#answered.get(main, sub);
    if (known !== undefined) return known;
    const kv = this.#table.readAt(main, sub);
    const bytes = kv.value.length;
    if (bytes >= LARGE_BYTES && this.#readBytes + bytes <= READ_BYTES_MAX) {
      this.#read.push({ main, sub, kv });
      this.#readBytes += bytes;
    }
    return kv;
  }

  #bareAt(main: number, sub: number): KeyValue {
    const known = this.#bare.get(main, sub);
    if (known !== undefined) return known;
    const kv = this.#table.readAt(main, sub);
    if (kv.value.length < LARGE_BYTES) return kv;
    const bare = withoutValue(kv);
    this.#bare.set({ main, sub, kv: bare });
    return bare;
  }
}

class RowMap {
  readonly #rows = new Map<number, Map<number, KeyValue>>();

  get(main: number, sub: number): KeyValue | undefined {
    return this.#rows.get(main)?.get(sub);
  }

  set({ main, sub, kv }: ReadRow): void {
    const known = this.#rows.get(main);
    if (known === undefined) this.#rows.set(main, new Map([[sub, kv]]));
    else known.set(sub, kv);
  }
}
