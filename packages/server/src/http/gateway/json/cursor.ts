/**
 * A place in JSON text that moves from token to token (RFC 8259). Nothing is built of what it passes: names and values
 * are handed to the reader one by one, so that what a caller writes never becomes the key of one of our objects.
 */
import { type JsonError, jsonError, syntaxError } from "./json-error.js";

export type TokenKind = "object" | "list" | "string" | "number" | "true" | "false" | "null";

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const [MINUS, ZERO, NINE] = [0x2d, 0x30, 0x39] as const;
const [SPACE, TAB, NEWLINE, RETURN] = [0x20, 0x09, 0x0a, 0x0d] as const;
/** Not allowed inside a string unless escaped: everything below the space. */
const CONTROL_MAX = 0x1f;

export class Cursor {
  readonly #text: string;
  #at = 0;
  /** The next backslash from here on; looked for once, not at every string. */
  #backslash = -1;

  constructor(text: string) {
    this.#text = text;
  }

  /** Where it stands, for `errorAt`. */
  get at(): number {
    return this.#at;
  }

  errorAt(at: number, problem: string): JsonError {
    return jsonError(this.#text, at, problem);
  }

  /** What the next value is; the cursor stays before it. */
  peek(): TokenKind {
    this.#skipSpace();
    const code = this.#text.charCodeAt(this.#at);
    if (code === MINUS || (code >= ZERO && code <= NINE)) return "number";
    switch (this.#text[this.#at]) {
      case "{":
        return "object";
      case "[":
        return "list";
      case '"':
        return "string";
      case "t":
        return "true";
      case "f":
        return "false";
      case "n":
        return "null";
      default:
        throw this.#unexpected();
    }
  }

  /** The members of an object, or the values of a list: `each` must read or skip exactly one value. */
  object(each: (name: string, nameAt: number) => void): void {
    this.#sequence("{", "}", () => {
      this.#skipSpace();
      const nameAt = this.#at;
      const name = this.string();
      this.#expect(":");
      each(name, nameAt);
    });
  }

  list(each: () => void): void {
    this.#sequence("[", "]", each);
  }

  string(): string {
    this.#skipSpace();
    const start = this.#at;
    if (this.#text[start] !== '"') throw this.#unexpected();
    if (this.#backslash < start) this.#backslash = indexOr(this.#text, "\\", start, Number.POSITIVE_INFINITY);
    const end = indexOr(this.#text, '"', start + 1, -1);
    if (end === -1) throw syntaxError(this.#text, start, "a string without an end");
    if (end < this.#backslash) {
      this.#at = end + 1;
      return this.#checked(this.#text.slice(start + 1, end), start);
    }
    return this.#escapedString(start);
  }

  /** The number's text, so that no digit is lost. */
  number(): string {
    this.#skipSpace();
    NUMBER.lastIndex = this.#at;
    const text = NUMBER.exec(this.#text)?.[0];
    if (text === undefined) throw this.#unexpected();
    this.#at += text.length;
    return text;
  }

  word(word: "true" | "false" | "null"): void {
    this.#skipSpace();
    if (!this.#text.startsWith(word, this.#at)) throw this.#unexpected();
    this.#at += word.length;
  }

  /** Passes over one value of any kind. Its depth was bounded when the text was cut. */
  skip(): void {
    const kind = this.peek();
    if (kind === "object") this.object(() => this.skip());
    else if (kind === "list") this.list(() => this.skip());
    else if (kind === "string") this.string();
    else if (kind === "number") this.number();
    else this.word(kind);
  }

  /** Errors: `JsonError` when something follows. */
  end(): void {
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#unexpected();
  }

  #sequence(open: string, close: string, each: () => void): void {
    this.#expect(open);
    if (this.#passes(close)) return;
    do each();
    while (this.#passes(","));
    this.#expect(close);
  }

  #escapedString(start: number): string {
    let end = start + 1;
    while (this.#text[end] !== '"') {
      if (end >= this.#text.length) throw syntaxError(this.#text, start, "a string without an end");
      end += this.#text[end] === "\\" ? 2 : 1;
    }
    this.#at = end + 1;
    try {
      return JSON.parse(this.#text.slice(start, end + 1)) as string;
    } catch {
      throw syntaxError(this.#text, start, "invalid string");
    }
  }

  #checked(text: string, start: number): string {
    for (let i = 0; i < text.length; i++) {
      if (text.charCodeAt(i) <= CONTROL_MAX) throw syntaxError(this.#text, start, "invalid character in a string");
    }
    return text;
  }

  #passes(char: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }

  #expect(char: string): void {
    if (!this.#passes(char)) throw this.#unexpected();
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== SPACE && code !== NEWLINE && code !== RETURN && code !== TAB) return;
      this.#at += 1;
    }
  }

  #unexpected(): JsonError {
    const char = this.#text[this.#at];
    return syntaxError(this.#text, this.#at, char === undefined ? "unexpected end" : `unexpected token ${char}`);
  }
}

function indexOr(text: string, part: string, from: number, otherwise: number): number {
  const at = text.indexOf(part, from);
  return at === -1 ? otherwise : at;
}
