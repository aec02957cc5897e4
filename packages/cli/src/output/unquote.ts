/** The way back from `quote.ts`: reads a string in double quotes or backticks as Go writes them. */

const SIMPLE: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
};

/**
 * The string at the start of the text, and what follows it; undefined where there is none. `\xNN` is taken as the character of
 * that number below 0x80; above, bytes that are no UTF-8 cannot be said in text.
 */
export function readQuoted(text: string): { readonly text: string; readonly rest: string } | undefined {
  const raw = /^`([^`]*)`/.exec(text);
  if (raw !== null) return { text: raw[1] ?? "", rest: text.slice(raw[0].length) };
  const quoted = /^"((?:[^"\\\n]|\\.)*)"/.exec(text);
  if (quoted === null) return undefined;
  const plain = unescaped(quoted[1] ?? "");
  return plain === undefined ? undefined : { text: plain, rest: text.slice(quoted[0].length) };
}

function unescaped(body: string): string | undefined {
  const bytes: Uint8Array[] = [];
  const part = /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{3})|(.))|[^\\]+/g;
  for (const [whole, byte, short, long, octal, letter] of body.matchAll(part)) {
    if (!whole.startsWith("\\")) bytes.push(Buffer.from(whole));
    else if (byte !== undefined) bytes.push(Uint8Array.of(Number.parseInt(byte, 16)));
    else if (octal !== undefined) bytes.push(Uint8Array.of(Number.parseInt(octal, 8) & 0xff));
    else if (letter !== undefined) {
      const character = SIMPLE[letter];
      if (character === undefined) return undefined;
      bytes.push(Buffer.from(character));
    } else {
      const code = Number.parseInt(short ?? long ?? "", 16);
      if (code > 0x10ffff) return undefined;
      bytes.push(Buffer.from(String.fromCodePoint(code)));
    }
  }
  return Buffer.concat(bytes).toString();
}
