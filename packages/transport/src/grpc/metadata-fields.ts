/**
 * Metadata as header fields and back (gRPC over HTTP/2, "Custom-Metadata"). Values of keys that end in `-bin` are bytes and
 * travel as base64; all others are printable ASCII.
 */
import type { HeaderField } from "../http2/hpack/header-field.js";
import { type Metadata, type MetadataInit, type MetadataValue, metadataPairs } from "../metadata.js";

/**
 * Names that gRPC or HTTP/2 gives a meaning of its own. Not among them are `grpc-status-details-bin`, `grpc-trace-bin` and
 * their like: they begin like these, but libraries above set and read them as metadata.
 */
const RESERVED: ReadonlySet<string> = new Set([
  "content-type",
  "te",
  "grpc-accept-encoding",
  "grpc-encoding",
  "grpc-message",
  "grpc-message-type",
  "grpc-status",
  "grpc-timeout",
  ...["connection", "content-length", "host", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"],
]);
/** Set by the engine when it calls; a server may well read it. */
const USER_AGENT = "user-agent";

const legalName = /^[0-9a-z_.-]+$/;
const legalText = /^[\x20-\x7e]*$/;

/**
 * The fields of what a caller gave. Reserved names are left out, so that metadata which was received can be handed on.
 *
 * Errors: `TypeError` for a key or a value that cannot stand in a header, or a value of the wrong kind for its key.
 */
export function fieldsOf(init: MetadataInit): HeaderField[] {
  const fields: HeaderField[] = [];
  for (const [name, value] of metadataPairs(init)) {
    if (name.startsWith(":") || RESERVED.has(name) || name === USER_AGENT) continue;
    if (!legalName.test(name)) throw new TypeError(`the metadata key ${JSON.stringify(name)} has illegal characters`);
    fields.push({ name, value: fieldValue(name, value) });
  }
  return fields;
}

/** What was received, without what is reserved. Values are decoded when they are asked for. */
export function metadataFrom(fields: readonly HeaderField[]): Metadata {
  return new FieldMetadata(fields);
}

class FieldMetadata implements Metadata {
  readonly #fields: readonly HeaderField[];

  constructor(fields: readonly HeaderField[]) {
    this.#fields = fields;
  }

  get(key: string): MetadataValue | undefined {
    const wanted = key.toLowerCase();
    for (const { name, value } of this.#fields) {
      if (name === wanted && !isReserved(name)) return decodedValues(name, value)[0];
    }
    return undefined;
  }

  getAll(key: string): readonly MetadataValue[] {
    const wanted = key.toLowerCase();
    const values: MetadataValue[] = [];
    for (const { name, value } of this.#fields) {
      if (name === wanted && !isReserved(name)) values.push(...decodedValues(name, value));
    }
    return values;
  }

  entries(): Iterable<readonly [key: string, value: MetadataValue]> {
    const pairs: (readonly [string, MetadataValue])[] = [];
    for (const { name, value } of this.#fields) {
      if (isReserved(name)) continue;
      for (const one of decodedValues(name, value)) pairs.push([name, one]);
    }
    return pairs;
  }
}

function isReserved(name: string): boolean {
  return name.startsWith(":") || RESERVED.has(name);
}

function fieldValue(name: string, value: MetadataValue): string {
  if (name.endsWith("-bin")) {
    if (typeof value === "string") throw new TypeError(`the metadata key ${name} takes bytes, not text`);
    // Without padding, as the specification asks of a sender.
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64").replace(/=+$/, "");
  }
  if (typeof value !== "string") throw new TypeError(`the metadata key ${name} takes text; bytes need a key with -bin`);
  if (!legalText.test(value)) throw new TypeError(`the metadata value of ${name} has illegal characters`);
  return value;
}

/** A field with bytes may hold several values, with commas between (they are no letters of base64). */
function decodedValues(name: string, value: string): MetadataValue[] {
  if (!name.endsWith("-bin")) return [value];
  return value.split(",").map((text) => new Uint8Array(Buffer.from(text, "base64")));
}
