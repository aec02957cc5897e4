/**
 * HPACK's encoder in its simplest lawful form (RFC 7541 §6.1, §6.2.2, §6.2.3): the static table where it has the field or
 * the name, and literals that enter no table. It keeps no state, so it needs no connection and cannot fall out of step.
 */
import { OctetWriter } from "../octets.js";
import type { HeaderField } from "./header-field.js";
import { writeInteger } from "./integer.js";
import { staticIndexOf, staticIndexOfName } from "./static-table.js";

const INDEXED = 0x80;
const NEVER_INDEXED = 0x10;
const NOT_INDEXED = 0x00;

/** The block of a header list. Strings go as they are, without the Huffman code. */
export function encodeHeaders(fields: Iterable<HeaderField>): Uint8Array {
  const writer = new OctetWriter();
  for (const field of fields) writeField(writer, field);
  return writer.written;
}

function writeField(writer: OctetWriter, { name, value, neverIndexed }: HeaderField): void {
  const index = neverIndexed ? undefined : staticIndexOf(name, value);
  if (index !== undefined) {
    writeInteger(writer, INDEXED, 7, index);
    return;
  }
  const nameIndex = staticIndexOfName(name) ?? 0;
  writeInteger(writer, neverIndexed ? NEVER_INDEXED : NOT_INDEXED, 4, nameIndex);
  if (nameIndex === 0) writeString(writer, name);
  writeString(writer, value);
}

function writeString(writer: OctetWriter, text: string): void {
  writeInteger(writer, 0, 7, text.length);
  writer.text(text);
}
