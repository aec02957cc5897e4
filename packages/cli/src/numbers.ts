/**
 * Numbers and durations as Go's `strconv` and `time` read them, with their words for what they cannot read: scripts that look
 * for such a text in etcdctl's errors find it in ours.
 */
import { quote } from "./output/quote.js";

const INT64_MAX = 2n ** 63n - 1n;

/** The text is no number. The message is Go's. */
export class NumberTextError extends Error {
  override readonly name = "NumberTextError";
}

/** A signed number of 64 bits. Base 10, 16 (without a prefix), or 0: as its prefix says. Errors: `NumberTextError`. */
export function parseInt64(text: string, base: 0 | 10 | 16 = 10): bigint {
  const value = readWhole(text, base);
  if (value === undefined) throw syntaxError("ParseInt", text);
  if (value > INT64_MAX || value < -INT64_MAX - 1n) throw rangeError("ParseInt", text);
  return value;
}

/** An unsigned number of 64 bits. Errors: `NumberTextError`. */
export function parseUint64(text: string, base: 0 | 10 | 16 = 10): bigint {
  const value = /^[+-]/.test(text) ? undefined : readWhole(text, base);
  if (value === undefined) throw syntaxError("ParseUint", text);
  if (value >= 2n ** 64n) throw rangeError("ParseUint", text);
  return value;
}

/** `1`, `t`, `true`, `0`, `f`, `false` and their capitals. Errors: `NumberTextError`. */
export function parseBool(text: string): boolean {
  if (["1", "t", "T", "true", "TRUE", "True"].includes(text)) return true;
  if (["0", "f", "F", "false", "FALSE", "False"].includes(text)) return false;
  throw syntaxError("ParseBool", text);
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  "\u00b5s": 1e-3,
  "\u03bcs": 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** `300ms`, `1.5h`, `2m30s` in milliseconds. Errors: `NumberTextError`. */
export function parseDuration(text: string): number {
  const [, sign = "", amount = ""] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (amount === "0") return 0;
  let rest = amount;
  let total = 0;
  if (rest === "") throw new NumberTextError(`time: invalid duration ${quote(text)}`);
  while (rest !== "") {
    const part = /^(\d+\.?\d*|\.\d+)([^\d.]*)/.exec(rest);
    if (part === null) throw new NumberTextError(`time: invalid duration ${quote(text)}`);
    const [whole, digits = "", unit = ""] = part;
    if (unit === "") throw new NumberTextError(`time: missing unit in duration ${quote(text)}`);
    const factor = UNIT_MS[unit];
    if (factor === undefined) throw new NumberTextError(`time: unknown unit ${quote(unit)} in duration ${quote(text)}`);
    total += Number(digits) * factor;
    rest = rest.slice(whole.length);
  }
  return sign === "-" ? -total : total;
}

function readWhole(text: string, base: 0 | 10 | 16): bigint | undefined {
  const [, sign = "", body = ""] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  const digits = base === 16 ? `0x${body}` : base === 0 ? withPrefix(body) : body;
  if (!/^(\d+|0x[\da-f]+|0b[01]+|0o[0-7]+)$/i.test(digits) || (base === 10 && !/^\d+$/.test(digits))) return undefined;
  return sign === "-" ? -BigInt(digits) : BigInt(digits);
}

/** Go's base 0: 0x, 0b, 0o, a leading zero for octal, and underscores between digits. */
function withPrefix(body: string): string {
  const plain = /^(0[xbo])?_?[\da-f]+(_[\da-f]+)*$/i.test(body) ? body.replaceAll("_", "") : body;
  return /^0\d+$/.test(plain) ? `0o${plain.slice(1)}` : plain;
}

function syntaxError(reader: string, text: string): NumberTextError {
  return new NumberTextError(`strconv.${reader}: parsing ${quote(text)}: invalid syntax`);
}

function rangeError(reader: string, text: string): NumberTextError {
  return new NumberTextError(`strconv.${reader}: parsing ${quote(text)}: value out of range`);
}
