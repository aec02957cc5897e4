/**
 * Call metadata: ordered pairs of a lower-case key and a value, as gRPC sends them in HTTP/2 headers. Keys that end in
 * `-bin` carry bytes, all others ASCII text (gRPC over HTTP/2, "Custom-Metadata").
 */
export type MetadataValue = string | Uint8Array;

/** What a caller gives: `{ token: "…" }`. */
export type MetadataInit = Readonly<Record<string, MetadataValue | readonly MetadataValue[]>>;

/** What an engine hands out. */
export interface Metadata {
  /** The first value of the key, or undefined. */
  get(key: string): MetadataValue | undefined;
  getAll(key: string): readonly MetadataValue[];
  entries(): Iterable<readonly [key: string, value: MetadataValue]>;
}
