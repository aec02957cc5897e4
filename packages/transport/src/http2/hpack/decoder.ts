/**
 * HPACK's decoder (RFC 7541): header blocks of one direction of one connection, in their order, into header lists. Start
 * with `decode`; the tables and the codes are in the files beside.
 */
import { octetString } from "../octets.js";
import { BlockCache } from "./block-cache.js";
import { DynamicTable } from "./dynamic-table.js";
import { fieldBytes, type HeaderField, HpackError } from "./header-field.js";
import { HeaderList } from "./header-list.js";
import { decodeHuffman } from "./huffman.js";
import { type Cursor, readInteger } from "./integer.js";
import { STATIC_FIELDS } from "./static-table.js";

/** SETTINGS_HEADER_TABLE_SIZE unless something else is announced, in bytes (RFC 9113 §6.5.2). */
const TABLE_BYTES_DEFAULT = 4_096;
const HEADER_LIST_BYTES_DEFAULT = 65_536;

export interface HpackDecoderOptions {
  /** Bytes of the dynamic table that this side announces (SETTINGS_HEADER_TABLE_SIZE). Default 4,096. */
  readonly tableBytesMax?: number;
  /** Bytes of a header list, counted as SETTINGS_MAX_HEADER_LIST_SIZE counts. Default 65,536. */
  readonly headerListBytesMax?: number;
  /** Fields of a header list. Default: as many as the bytes hold. */
  readonly headerFieldsMax?: number;
}

export class HpackDecoder {
  readonly #table: DynamicTable;
  readonly #cache: BlockCache = new BlockCache();
  readonly #headerListBytesMax: number;
  readonly #headerFieldsMax: number;
  /** Counts whatever changes what a block means or whether it is lawful: the table and its limit. */
  #state = 0;
  #tableBytesMax: number;
  /** The limit was lowered below what the sender uses: its next block must begin with an update (§4.2). */
  #updateDue = false;

  constructor(options: HpackDecoderOptions = {}) {
    this.#tableBytesMax = options.tableBytesMax ?? TABLE_BYTES_DEFAULT;
    this.#headerListBytesMax = options.headerListBytesMax ?? HEADER_LIST_BYTES_DEFAULT;
    this.#headerFieldsMax = options.headerFieldsMax ?? Number.POSITIVE_INFINITY;
    this.#table = new DynamicTable(this.#tableBytesMax);
  }

  /** Another table limit holds from the next block on: the sender has acknowledged it. */
  limitTable(bytesMax: number): void {
    this.#state++;
    this.#tableBytesMax = bytesMax;
    this.#updateDue = bytesMax < this.#table.capacity;
  }

  /**
   * Decodes a whole block, the octets from `from` up to `to`. For a block that was decoded before the list may be the same
   * one. Errors: `HpackError` and no other, whatever the bytes are; the decoder is of no use after it.
   */
  decode(bytes: Uint8Array, from = 0, to: number = bytes.length): HeaderList {
    const known = this.#cache.find(bytes, from, to, this.#state);
    if (known !== undefined) return known;
    const before = this.#state;
    const list = this.#decode({ bytes, at: from, end: to });
    if (this.#state === before && !list.tooLarge) this.#cache.keep(bytes, from, to, before, list);
    return list;
  }

  #decode(cursor: Cursor): HeaderList {
    this.#readTableUpdates(cursor);
    const fields: HeaderField[] = [];
    let listBytes = 0;
    let count = 0;
    while (cursor.at < cursor.end) {
      const field = this.#readField(cursor);
      listBytes += fieldBytes(field);
      if (++count <= this.#headerFieldsMax && listBytes <= this.#headerListBytesMax) fields.push(field);
    }
    return new HeaderList(fields, fields.length < count);
  }

  /** Updates of the table's size come before the first field (§4.2, §6.3). */
  #readTableUpdates(cursor: Cursor): void {
    while (cursor.at < cursor.end && ((cursor.bytes[cursor.at] as number) & 0xe0) === 0x20) {
      const bytes = readInteger(cursor, 5);
      if (bytes > this.#tableBytesMax) throw new HpackError(`a table of ${bytes} bytes is over the limit`);
      this.#table.resize(bytes);
      this.#state++;
      this.#updateDue = false;
    }
    if (this.#updateDue) throw new HpackError("the lower limit of the table was not taken up");
  }

  /** One field in any of its forms, told apart by the upper bits of its first octet (§6). */
  #readField(cursor: Cursor): HeaderField {
    const first = cursor.bytes[cursor.at] ?? 0;
    if (first >= 0x80) return this.#indexed(readInteger(cursor, 7));
    if (first >= 0x40) {
      const field = this.#readLiteral(cursor, 6);
      this.#table.add(field);
      this.#state++;
      return field;
    }
    if (first >= 0x20) throw new HpackError("an update of the table's size follows a field");
    const field = this.#readLiteral(cursor, 4);
    return first >= 0x10 ? { ...field, neverIndexed: true } : field;
  }

  #readLiteral(cursor: Cursor, prefixBits: number): HeaderField {
    const nameIndex = readInteger(cursor, prefixBits);
    const name = nameIndex === 0 ? readString(cursor) : this.#indexed(nameIndex).name;
    return { name, value: readString(cursor) };
  }

  /** Both tables in one row of numbers: the static one from 1 on, the dynamic one behind it (§2.3.3). */
  #indexed(index: number): HeaderField {
    const inStatic = STATIC_FIELDS[index - 1];
    const field = inStatic ?? (index === 0 ? undefined : this.#table.at(index - STATIC_FIELDS.length - 1));
    if (field === undefined) throw new HpackError(`no field has the index ${index}`);
    return field;
  }
}

/** A string (§5.2). Its length is checked before anything is made for it. */
function readString(cursor: Cursor): string {
  const huffman = (cursor.bytes[cursor.at] ?? 0) >= 0x80;
  const length = readInteger(cursor, 7);
  const from = cursor.at;
  const to = from + length;
  if (to > cursor.end) throw new HpackError("the block ends inside a string");
  cursor.at = to;
  return huffman ? decodeHuffman(cursor.bytes, from, to) : octetString(cursor.bytes, from, to);
}
