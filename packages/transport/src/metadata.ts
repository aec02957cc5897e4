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

/** Flattens what a caller gave into pairs, keys in lower case. */
export function* metadataPairs(init: MetadataInit): Generator<readonly [key: string, value: MetadataValue]> {
  for (const [name, value] of Object.entries(init)) {
    const key = name.toLowerCase();
    if (typeof value === "string" || value instanceof Uint8Array) yield [key, value];
    else for (const one of value) yield [key, one];
  }
}

/** Metadata over a list of pairs, keys in lower case. Calls carry a handful of pairs, so a scan is the fastest index. */
export function metadataOf(pairs: Iterable<readonly [key: string, value: MetadataValue]>): Metadata {
  const list = [...pairs];
  return {
    get: (key) => list.find(([name]) => name === key.toLowerCase())?.[1],
    getAll: (key) => list.filter(([name]) => name === key.toLowerCase()).map(([, value]) => value),
    entries: () => list,
  };
}
