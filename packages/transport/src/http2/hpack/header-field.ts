/** A header field as HPACK knows it (RFC 7541 §1.3), and the one error of its decoding. */

export interface HeaderField {
  /** Octets as code units 0–255; see `octets.ts`. Nothing here changes or checks letters. */
  readonly name: string;
  readonly value: string;
  /** The sender asked that no compressor ever puts it into a table (RFC 7541 §7.1.3); who sends it on must ask the same. */
  readonly neverIndexed?: true;
}

/** What a field counts for in a table and in a header list, in bytes (RFC 7541 §4.1, RFC 9113 §10.5.1). */
export function fieldBytes({ name, value }: HeaderField): number {
  return name.length + value.length + 32;
}

/**
 * A block that cannot be decoded. Nothing behind it can be either, because the tables of the two sides differ from then
 * on: a connection error of type COMPRESSION_ERROR (RFC 9113 §4.3).
 */
export class HpackError extends Error {
  override readonly name = "HpackError";
}
