/**
 * Go's `%q`: how etcdctl's `fields` output and its error texts show a string or bytes. Bytes that are no UTF-8 become `\xNN`,
 * what does not print becomes an escape.
 */

const ESCAPES: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
  '"': '\\"',
};

/** With the quotation marks. */
export function quote(value: string | Uint8Array): string {
  let text = "";
  for (const character of typeof value === "string" ? value : characters(value)) {
    text += typeof character === "number" ? `\\x${hex(character, 2)}` : escaped(character);
  }
  return `"${text}"`;
}

function escaped(character: string): string {
  const known = ESCAPES[character];
  if (known !== undefined) return known;
  const code = character.codePointAt(0) as number;
  if (character === " " || isPrintable(character)) return character;
  if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`;
  return code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`;
}

/** Letters, marks, numbers, punctuation and symbols, as Go's `IsPrint` has it. */
function isPrintable(character: string): boolean {
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(character);
}

function hex(code: number, width: number): string {
  return code.toString(16).padStart(width, "0");
}

/** The characters of UTF-8 text; a byte that belongs to none comes as a number. */
function* characters(bytes: Uint8Array): Generator<string | number> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes[at] as number);
    const sequence = bytes.subarray(at, at + length);
    const character = sequence.length === length ? tryDecode(decoder, sequence) : undefined;
    yield character ?? (bytes[at] as number);
    at += character === undefined ? 1 : length;
  }
}

function sequenceLength(first: number): number {
  if (first >= 0xf0) return 4;
  if (first >= 0xe0) return 3;
  return first >= 0xc0 ? 2 : 1;
}

function tryDecode(decoder: InstanceType<typeof TextDecoder>, bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}
