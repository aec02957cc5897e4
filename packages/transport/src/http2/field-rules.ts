/**
 * What HTTP asks of a header list (RFC 9113 §8.2, §8.3): lower-case names, the right pseudo fields once and in front, nothing
 * that belongs to a connection. A list that breaks the rules is malformed, which ends its stream and no more (§8.1.1).
 *
 * One rule is left out: blanks around a value are let through. Metadata of a call can have them, and the gRPC protocol lets a
 * receiver keep or strip them.
 */
import type { HeaderField } from "./hpack/header-field.js";
import type { HeaderList } from "./hpack/header-list.js";

export type ListKind = "request" | "response" | "trailers";

export interface Verdict {
  readonly kind: ListKind;
  readonly malformed: boolean;
  /** Bytes of the body as announced, or -1. */
  readonly contentLength: number;
  /** Of a response. */
  readonly status: number;
}

/** The verdict on a list, kept with the list. */
export function verdictOn(list: HeaderList, kind: ListKind): Verdict {
  const known = list.verdict as Verdict | undefined;
  if (known !== undefined && known.kind === kind) return known;
  const verdict = judge(list.fields, kind);
  list.verdict = verdict;
  return verdict;
}

/** Fields of a connection have no place in HTTP/2 (§8.2.2). */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

const REQUEST_PSEUDO: ReadonlySet<string> = new Set([":method", ":scheme", ":path", ":authority"]);
const RESPONSE_PSEUDO: ReadonlySet<string> = new Set([":status"]);
const NO_PSEUDO: ReadonlySet<string> = new Set();

function judge(fields: readonly HeaderField[], kind: ListKind): Verdict {
  const allowed = kind === "request" ? REQUEST_PSEUDO : kind === "response" ? RESPONSE_PSEUDO : NO_PSEUDO;
  const pseudo = new Map<string, string>();
  let contentLength = -1;
  let malformed = false;
  let regular = false;
  for (const { name, value } of fields) {
    if (name.charCodeAt(0) === COLON) {
      malformed ||= regular || !allowed.has(name) || pseudo.has(name) || !isValue(value);
      pseudo.set(name, value);
      continue;
    }
    regular = true;
    malformed ||= !isName(name) || !isValue(value) || CONNECTION_FIELDS.has(name);
    malformed ||= name === "te" && value.toLowerCase() !== "trailers";
    if (name === "content-length") {
      const length = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
      malformed ||= !(length >= 0) || (contentLength >= 0 && contentLength !== length);
      contentLength = length;
    }
  }
  malformed ||= kind === "request" && !isRequest(pseudo);
  const status = Number(pseudo.get(":status"));
  malformed ||= kind === "response" && !/^[1-9]\d\d$/.test(pseudo.get(":status") ?? "");
  return { kind, malformed, contentLength, status };
}

/** CONNECT has neither scheme nor path (§8.5); all else has both. */
function isRequest(pseudo: ReadonlyMap<string, string>): boolean {
  const method = pseudo.get(":method");
  if (method === undefined || method === "") return false;
  if (method === "CONNECT") return !pseudo.has(":scheme") && !pseudo.has(":path") && pseudo.has(":authority");
  return (pseudo.get(":scheme") ?? "") !== "" && (pseudo.get(":path") ?? "") !== "";
}

const COLON = 0x3a;

/** No controls, blanks, capital letters, colons, and nothing beyond ASCII (§8.2.1). */
function isName(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code <= 0x20 || code >= 0x7f || code === COLON || (code >= 0x41 && code <= 0x5a)) return false;
  }
  return name.length > 0;
}

/** No NUL, line feed or carriage return (§8.2.1). */
function isValue(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code === 0 || code === 0x0a || code === 0x0d) return false;
  }
  return true;
}
