/** A line of the log for people: time, level, message, fields. `--log-format console`. */

const COLOURS: Readonly<Record<string, string>> = {
  debug: "\u001b[90m",
  info: "\u001b[32m",
  warn: "\u001b[33m",
  error: "\u001b[31m",
  fatal: "\u001b[35m",
};
const PLAIN = "\u001b[0m";

/**
 * `2026-01-02T03:04:05.678Z INFO  ready to serve client requests name=n1 startMs=61`, from a line of JSON. One line stays
 * one line: whatever would break it is written as JSON does.
 */
export function consoleLine(json: string, isColoured: boolean): string {
  const { time, level, msg, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const word = String(level).toUpperCase().padEnd(5);
  const shown = isColoured ? `${COLOURS[String(level)] ?? ""}${word}${PLAIN}` : word;
  const pairs = Object.entries(fields).map(([name, value]) => ` ${name}=${shownValue(value)}`);
  return `${String(time)} ${shown} ${oneLine(String(msg))}${pairs.join("")}\n`;
}

function shownValue(value: unknown): string {
  const isBare = typeof value === "string" && /^[^\s"=\p{C}]+$/u.test(value);
  return isBare ? value : oneLine(JSON.stringify(value));
}

/** Control characters could forge a line, colour a terminal, or turn the direction of a text around. */
function oneLine(text: string): string {
  return text.replace(/\p{C}/gu, (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`);
}
