/**
 * One address and its channel. An endpoint remembers how its last calls went: after repeated failures it cools for a while,
 * so that the picker prefers the others.
 */
import type { Channel, ChannelOptions, TransportFactory } from "@kvorum/transport";
import type { FailureKind } from "../reasons.js";

/** Transport errors in a row, after which an endpoint cools. */
const TRANSPORT_FAILURES_MAX = 2;
/** Calls in a row that were sent and not answered in time, after which an endpoint cools. */
const TIMEOUTS_MAX = 3;
const COOLING_FIRST_MS = 500;
const COOLING_MAX_MS = 30_000;
/** Longer than a keepalive takes to go round three members. */
const SILENT_COOLING_MS = 10_000;

export class Endpoint {
  readonly address: string;
  readonly #factory: TransportFactory;
  readonly #options: ChannelOptions;
  #channel: Channel | undefined;
  #transportFailures = 0;
  #timeouts = 0;
  #coolings = 0;
  #coolUntilMs = 0;
  /** Streams that are open here; new ones go where there are fewest. */
  streams = 0;

  constructor(address: string, factory: TransportFactory, options: ChannelOptions) {
    this.address = address;
    this.#factory = factory;
    this.#options = options;
  }

  get channel(): Channel {
    this.#channel ??= this.open();
    return this.#channel;
  }

  /** A connection of its own, for a stream that must not depend on the shared one. The caller closes it. */
  open(): Channel {
    return this.#factory(this.address, this.#options);
  }

  isCooling(nowMs: number): boolean {
    return nowMs < this.#coolUntilMs;
  }

  succeeded(): void {
    this.#transportFailures = 0;
    this.#timeouts = 0;
    this.#coolings = 0;
    this.#coolUntilMs = 0;
  }

  failed(kind: FailureKind, nowMs: number): void {
    if (kind === "no-leader" || kind === "learner") this.#cool(nowMs);
    if (kind === "deadline" && ++this.#timeouts >= TIMEOUTS_MAX) this.#cool(nowMs);
    if ((kind === "not-sent" || kind === "interrupted") && ++this.#transportFailures >= TRANSPORT_FAILURES_MAX) {
      this.#cool(nowMs);
    }
  }

  /** A stream here gives no answer, although nothing has failed: the others go first until a call succeeds here. */
  silent(nowMs: number): void {
    this.#coolUntilMs = Math.max(this.#coolUntilMs, nowMs + SILENT_COOLING_MS);
  }

  async close(): Promise<void> {
    await this.#channel?.close();
  }

  #cool(nowMs: number): void {
    this.#coolUntilMs = nowMs + Math.min(COOLING_MAX_MS, COOLING_FIRST_MS * 2 ** Math.min(this.#coolings, 10));
    this.#coolings += 1;
    this.#transportFailures = 0;
    this.#timeouts = 0;
  }
}

/**
 * The endpoints as a caller writes them, made uniform: `http://`, `https://` and `unix:` stay, a bare `host:port` is http.
 *
 * Errors: `TypeError` for an empty list or another scheme.
 */
export function parseEndpoints(endpoints: string | readonly string[]): string[] {
  const list = typeof endpoints === "string" ? endpoints.split(",") : endpoints;
  const parsed = list.map((endpoint) => endpoint.trim()).filter((endpoint) => endpoint !== "");
  if (parsed.length === 0) throw new TypeError("endpoints must name at least one member");
  return [...new Set(parsed.map(parseEndpoint))];
}

function parseEndpoint(endpoint: string): string {
  if (/^(https?:\/\/|unix:)/.test(endpoint)) return endpoint.replace(/\/+$/, "");
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(endpoint)) {
    throw new TypeError(`endpoint ${JSON.stringify(endpoint)}: the scheme must be http, https or unix`);
  }
  return `http://${endpoint}`;
}
