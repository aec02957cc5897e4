/**
 * Readers of single setting values, as text from the command line or the environment. Each throws `ValueError` with what
 * would have been allowed; the caller adds which flag or variable it was. Forms are those of etcd's flags: whole
 * numbers, Go durations (`1h30m`), comma-separated URLs, `true` and `false`.
 */

/** Says what is allowed in place of the value: "a whole number from 1 to 50000". */
export class ValueError extends Error {
  override readonly name = "ValueError";
}

/** A mistake on the command line or in the environment; its message is one line for the person who made it. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export type ReadValue<T> = (text: string) => T;

/** A whole number between the bounds, both included. */
export function wholeNumber(min: number, max: number = Number.MAX_SAFE_INTEGER): ReadValue<number> {
  return (text) => {
    const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
    throw new ValueError(
      max === Number.MAX_SAFE_INTEGER ? `a whole number from ${min} on` : `a whole number from ${min} to ${max}`,
    );
  };
}

/** One of the words. */
export function oneOf<const T extends string>(...words: readonly T[]): ReadValue<T> {
  return (text) => {
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    throw new ValueError(words.length === 1 ? `only ${words[0]}` : `one of ${words.join(", ")}`);
  };
}

/** Text that is not empty. */
export const text: ReadValue<string> = (value) => {
  if (value !== "") return value;
  throw new ValueError("a text that is not empty");
};

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

const DURATION = /^(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h)/;

/** Milliseconds of a Go duration such as `1h30m`, `500ms` or `0`; not negative. */
export const duration: ReadValue<number> = (value) => {
  if (value === "0") return 0;
  let rest = value;
  let ms = 0;
  while (rest !== "") {
    const part = DURATION.exec(rest)?.[0];
    if (part === undefined) break;
    const amount = Number.parseFloat(part);
    ms += amount * (UNIT_MS[part.replace(/^[\d.]+/, "")] as number);
    rest = rest.slice(part.length);
  }
  if (value !== "" && rest === "" && Number.isFinite(ms)) return ms;
  throw new ValueError("a duration with units, such as 10m, 1h30m or 500ms");
};

/** What a timer of Node can wait for; etcd takes 292 years. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** A duration that a timer can wait for. */
export const timerDuration: ReadValue<number> = (value) => {
  const ms = duration(value);
  if (ms <= TIMER_MS_MAX) return ms;
  throw new ValueError("a duration of at most 24 days (596h31m23.647s)");
};

const TRUE = ["1", "t", "T", "true", "True", "TRUE"];
const FALSE = ["0", "f", "F", "false", "False", "FALSE"];

/** What Go takes for a truth value. */
export const boolean: ReadValue<boolean> = (value) => {
  if (TRUE.includes(value)) return true;
  if (FALSE.includes(value)) return false;
  throw new ValueError("true or false");
};

/** `Name=true,Other=false`, of the names given; a name that is not mentioned is not in the result. */
export function switches<const T extends string>(...names: readonly T[]): ReadValue<{ readonly [K in T]?: boolean }> {
  return (value) => {
    const read: { [K in T]?: boolean } = {};
    for (const part of value.split(",")) {
      const [, word, state] = /^\s*(\w+)=(\w+)\s*$/.exec(part) ?? [];
      const name = names.find((known) => known === word);
      if (name === undefined || state === undefined)
        throw new ValueError(`name=true or name=false of ${names.join(", ")}`);
      read[name] = boolean(state);
    }
    return read;
  };
}

/** Comma-separated words; at least one, none of them empty. */
export const list: ReadValue<readonly string[]> = (value) => {
  const words = value.split(",").map((word) => word.trim());
  if (!words.includes("")) return words;
  throw new ValueError("words with commas between them");
};

/** Comma-separated URLs with host and port, or of a unix socket; normalised, without a trailing slash. */
export const urls: ReadValue<readonly string[]> = (value) => value.split(",").map((part) => url(part.trim()));

const PORT_DEFAULT: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" };

/** One such URL. */
export function url(part: string): string {
  const expected = new ValueError(
    "comma-separated URLs such as http://127.0.0.1:2379, https://127.0.0.1:2379 or unix:///run/kvorum.sock",
  );
  if (!URL.canParse(part)) throw expected;
  const { protocol, host, hostname, pathname, port } = new URL(part);
  if (protocol === "unix:" || protocol === "unixs:") {
    if (host === "" && pathname.length < 2) throw expected;
    return part;
  }
  // The URL class drops a default port; etcd asks for a port, so one must stand in the text.
  const bare = /^https?:\/\/[^/?#@]+:\d+\/?$/i.test(part);
  if (!bare) throw expected;
  return `${protocol}//${hostname}:${port === "" ? PORT_DEFAULT[protocol] : port}`;
}
