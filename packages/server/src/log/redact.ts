/**
 * The second line of defence against secrets in the log. The first one is not to log them; this one holds when that fails:
 * fields by their names at any depth, and the forms in which a password or a token appears inside a text.
 */
import type { Logger } from "../env.js";

export const REDACTED = "[redacted]";

/** What is deeper than this is not logged at all. */
const DEPTH_MAX = 6;
/** Of a list, as many elements are logged. */
const ELEMENTS_MAX = 100;

/** `value` is what users store: `prevValue`, `values`. */
const SECRET_NAME = /(?:password|passwd|token|authorization|secret|value)s?$/i;

/** Each keeps its first group. Every pattern is linear: a text may be as long as a request. */
const SECRET_TEXTS: readonly RegExp[] = [
  /(\bbearer\s+)[^\s"',;]+/gi,
  /(\bauthorization\s*[:=]\s*)[^\s"',;]+/gi,
  /(\b(?:password|passwd|token|secret)\s*=\s*)[^\s"',;&]+/gi,
  /("[^"\s]{0,40}(?:password|token|authorization|secret|value)"\s*:\s*)"[^"]*"/gi,
  // User and password of a URL, and a JSON web token wherever it stands.
  /(\/\/)[^/\s@]+(?=@)/g,
  /()\beyJ[\w-]{4,}\.[\w-]+\.[\w-]*/g,
];

/** A logger that lets nothing secret through to the given one. */
export function redacting(logger: Logger): Logger {
  return {
    debug: (fields, message) => logger.debug(redactFields(fields), redactText(message)),
    info: (fields, message) => logger.info(redactFields(fields), redactText(message)),
    warn: (fields, message) => logger.warn(redactFields(fields), redactText(message)),
    error: (fields, message) => logger.error(redactFields(fields), redactText(message)),
  };
}

/** A copy of the fields without secrets. */
export function redactFields(fields: object): object {
  return redactObject(fields, DEPTH_MAX);
}

/** The text without what looks like a password or a token. */
export function redactText(text: string): string {
  let redacted = text;
  for (const pattern of SECRET_TEXTS) redacted = redacted.replace(pattern, `$1${REDACTED}`);
  return redacted;
}

function redactObject(fields: object, depth: number): object {
  const redacted: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    redacted[name] = value !== undefined && SECRET_NAME.test(name) ? REDACTED : redactValue(value, depth - 1);
  }
  return redacted;
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (depth <= 0) return "[too deep]";
  if (value instanceof Error) return redactText(value.stack ?? value.message);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.slice(0, ELEMENTS_MAX).map((element) => redactValue(element, depth - 1));
  return redactObject(value, depth);
}
