/**
 * A caller of a JSON gateway that writes down what it is answered, in a form in which two servers can be compared: ids
 * and terms by name, revisions by their distance from the case's start, and errors in the form of etcd 3.6.
 */
import { readLines } from "./read-lines.js";

export interface ProbeTarget {
  readonly endpoint: string;
  /** Bodies of failures are `{"error":…,"message":…,"code":…}`, up to etcd 3.5. */
  readonly isFirstGateway: boolean;
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const TIMEOUT_MS = 10_000;
const REVISIONS: ReadonlySet<string> = new Set([
  ...["revision", "create_revision", "mod_revision", "compact_revision", "hash_revision", "rev"],
]);
/** Different on any two servers. */
const OWN: ReadonlySet<string> = new Set([
  ...["cluster_id", "member_id", "raft_term", "hash", "version", "dbSize", "dbSizeInUse", "dbSizeQuota", "leader"],
  ...[
    "raftIndex",
    "raftTerm",
    "raftAppliedIndex",
    "storageVersion",
    "token",
    "authRevision",
    "blob",
    "remaining_bytes",
  ],
]);
/** Inside of a member. */
const MEMBERS: ReadonlySet<string> = new Set(["members/ID", "members/name", "members/peerURLs", "members/clientURLs"]);
/** A server of etcd 3.4 does not send them, or not always. */
const LATER: ReadonlySet<string> = new Set(["dbSizeQuota", "storageVersion", "remaining_bytes", "downgradeInfo"]);
/** Codes that the first gateway had another HTTP status for. */
const STATUS_OF_FIRST: Readonly<Record<number, number>> = { 412: 400, 408: 499 };

export class Probe {
  /** What was asked and answered, one line each. */
  readonly transcript: string[] = [];
  /** For keys of one case alone. */
  readonly prefix: string;
  readonly #target: ProbeTarget;
  #base = 0n;
  /** Sent with every request. */
  headers: Readonly<Record<string, string>> = {};

  constructor(target: ProbeTarget, prefix: string) {
    this.#target = target;
    this.prefix = prefix;
  }

  /** Base64 of the prefix and this name. */
  key(name = ""): string {
    return Buffer.from(`${this.prefix}${name}`).toString("base64");
  }

  /** Where revisions are counted from. */
  async begin(): Promise<void> {
    const { header } = await this.#json("/v3/kv/range", { key: this.key("none") });
    this.#base = BigInt((header as { readonly revision?: string }).revision ?? 0);
  }

  /** The current revision plus `offset`, as a request says it. */
  revision(offset: number): string {
    return String(this.#base + BigInt(offset));
  }

  /** A unary call. `body` is an object, or the exact text. */
  async call(path: string, body: object | string, headers: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const response = await this.#send(path, body, headers);
    const text = await response.text();
    this.#note(path, response, text === "" ? [] : [text]);
    return text.startsWith("{") ? JSON.parse(text) : undefined;
  }

  /** A stream that is left after so many lines, or when it ends. */
  async stream(path: string, body: object | string, lines: number): Promise<readonly string[]> {
    const leave = new AbortController();
    const response = await this.#send(path, body, {}, leave.signal);
    const read = await readLines(response, lines);
    leave.abort();
    this.#note(path, response, read);
    return read;
  }

  #send(
    path: string,
    body: object | string,
    headers: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<Response> {
    return fetch(`${this.#target.endpoint}${path}`, {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: { "content-type": "application/json", ...this.headers, ...headers },
      signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), ...(signal === undefined ? [] : [signal])]),
    });
  }

  async #json(path: string, body: object): Promise<Record<string, unknown>> {
    return (await (await this.#send(path, body, {})).json()) as Record<string, unknown>;
  }

  #note(path: string, response: Response, bodies: readonly string[]): void {
    const { status, headers } = response;
    const shown = this.#target.isFirstGateway ? (STATUS_OF_FIRST[status] ?? status) : status;
    const kind = `${headers.get("content-type")} ${headers.get("grpc-metadata-content-type") ?? "-"}`;
    this.transcript.push(`${path} ${shown} ${kind} ${bodies.map((body) => this.#normal(body)).join(" ")}`);
  }

  #normal(text: string): string {
    let value: Json;
    try {
      value = JSON.parse(text) as Json;
    } catch {
      return JSON.stringify(text);
    }
    return JSON.stringify(this.#walk("", this.#failure(value)));
  }

  /** An error as the second gateway would send it. */
  #failure(value: Json): Json {
    if (!isObject(value) || !this.#target.isFirstGateway || !("error" in value)) return value;
    return { code: value["code"] ?? null, message: value["message"] ?? null };
  }

  #walk(key: string, value: Json): Json {
    if (Array.isArray(value)) {
      const walked = (value as readonly Json[]).map((one) => this.#walk(key, one));
      // Members are in the order of their ids, which are random.
      return key === "members" ? walked.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : walked;
    }
    if (isObject(value)) {
      const kept = Object.entries(value).filter(([name]) => !LATER.has(name));
      return Object.fromEntries(
        kept.map(([name, one]) => [name, this.#walk(key.startsWith("member") ? `members/${name}` : name, one)]),
      );
    }
    if (REVISIONS.has(key) && typeof value === "string") return `${BigInt(value) - this.#base}`;
    if (OWN.has(key) && key !== "version") return key;
    if (MEMBERS.has(key)) return key;
    // The version of a key is a small number, that of a server is not.
    return key === "version" && typeof value === "string" && value.includes(".") ? key : value;
  }
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
