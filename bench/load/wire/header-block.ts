/**
 * Header blocks of gRPC requests as a usual client sends them (RFC 7541): whatever was sent before on this connection is one
 * octet, from the dynamic table, so that the server's work is that of a connection in use. Pure.
 */

/** Indices of the static table: `:method POST`, `:scheme http`; names `:path`, `:authority`, `content-type`. */
const METHOD_POST = 3;
const SCHEME_HTTP = 6;
const NAMES: Readonly<Record<string, number>> = { ":path": 4, ":authority": 1, "content-type": 31 };
const STATIC_ENTRIES = 61;

export class HeaderBlocks {
  readonly #fields: readonly (readonly [string, string])[];
  /** Oldest first; the newest has index 62. A run has few paths: the table never comes near its 4,096 octets. */
  readonly #table: string[] = [];
  readonly #blocks = new Map<string, Buffer>();

  constructor(authority: string) {
    this.#fields = [
      [":authority", authority],
      ["content-type", "application/grpc"],
      ["te", "trailers"],
    ];
  }

  /** Blocks must be sent in the order they were asked for: the first of a path adds to the table. */
  of(path: string): Buffer {
    const known = this.#blocks.get(path);
    if (known !== undefined) return known;
    const before = this.#table.length;
    const block = this.#encode(path);
    // What was added has moved all indices.
    if (this.#table.length === before) this.#blocks.set(path, block);
    else this.#blocks.clear();
    return block;
  }

  #encode(path: string): Buffer {
    const fields = [[":path", path] as const, ...this.#fields];
    return Buffer.concat([
      Buffer.of(0x80 | METHOD_POST, 0x80 | SCHEME_HTTP),
      ...fields.map(([name, value]) => this.#field(name, value)),
    ]);
  }

  #field(name: string, value: string): Buffer {
    const at = this.#table.indexOf(`${name}\n${value}`);
    if (at >= 0) return Buffer.of(0x80 | (STATIC_ENTRIES + this.#table.length - at));
    this.#table.push(`${name}\n${value}`);
    const known = NAMES[name];
    return Buffer.concat([Buffer.of(0x40 | (known ?? 0)), ...(known === undefined ? [text(name)] : []), text(value)]);
  }
}

/** A string literal without Huffman code. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  if (bytes.length >= 127) throw new RangeError(`${value}: longer than the 126 octets that are ever needed here`);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}
