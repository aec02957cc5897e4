/** Watches over a stream that a test plays: the parts joined as a client does, and the server's words in short. */
import { RpcError, StatusCode } from "@kvorum/transport";
import { utf8 } from "../codec.js";
import { prefix } from "../keys.js";
import { Keyspace } from "../keyspace.js";
import { Balancer } from "../net/balancer.js";
import { Caller } from "../net/caller.js";
import { Credentials } from "../net/credentials.js";
import { Endpoint } from "../net/endpoint.js";
import { Streams } from "../net/streams.js";
import type { WatchEvent, WatchOptions } from "../watch/options.js";
import { openWatch, type Watch } from "../watch/watch.js";
import { WatchHub } from "../watch/watch-hub.js";
import { type FakeStream, FakeTransport } from "./fake-transport.js";
import { ManualClock } from "./manual-clock.js";

export interface PlayedWatches {
  readonly transport: FakeTransport;
  readonly clock: ManualClock;
  /** Of the client. */
  readonly close: AbortController;
  readonly watches: WatchHub;
  /** What the client is asked for its token. */
  readonly token: { value: string };
  /** Whether the server's answers to progress requests can be believed; false until a test says so. */
  readonly exact: { value: boolean };
  /** Watches a prefix. */
  watch(key: string, options?: WatchOptions): Watch<string>;
}

/** `withToken`: false for a client that the server knows by its certificate. */
export function playedWatches(addresses: string[] = ["http://a"], withToken: boolean = true): PlayedWatches {
  const transport = new FakeTransport();
  const clock = new ManualClock();
  const close = new AbortController();
  const endpoints = addresses.map((address) => new Endpoint(address, transport.factory, {}));
  const balancer = new Balancer(endpoints, "pick-first");
  const token = { value: "first" };
  const credentials = new Credentials(withToken ? { token: () => token.value } : undefined, balancer, clock);
  const shared = { clock, random: () => 1, closed: close.signal };
  const caller = new Caller({ balancer, credentials, ...shared });
  const exact = { value: false };
  const streams = new Streams(balancer, credentials, clock);
  const watches = new WatchHub({ streams, ...shared, progressIsExact: async () => exact.value });
  const watch = (key: string, options?: WatchOptions): Watch<string> =>
    openWatch({ caller, watches }, { keyspace: new Keyspace(), codec: utf8 }, prefix(key), options);
  return { transport, clock, close, watches, token, exact, watch };
}

/** What the client has sent on a stream of one kind: `createRequest`, `cancelRequest`, `progressRequest`. */
export function sent(stream: FakeStream, kind: string): Record<string, unknown>[] {
  return stream.requests
    .map((request) => request["requestUnion"] as { case: string; value: Record<string, unknown> })
    .filter((union) => union.case === kind)
    .map((union) => union.value);
}

/** The creates of watches, as id and start revision. */
export function creates(stream: FakeStream): [bigint, bigint][] {
  return sent(stream, "createRequest")
    .filter((value) => value["startRevision"] !== undefined)
    .map((value) => [value["watchId"] as bigint, value["startRevision"] as bigint]);
}

/** The ids of the creates that only ask for a sign of life. */
export function probes(stream: FakeStream): bigint[] {
  return sent(stream, "createRequest")
    .filter((value) => value["startRevision"] === undefined)
    .map((value) => value["watchId"] as bigint);
}

export function cancels(stream: FakeStream): bigint[] {
  return sent(stream, "cancelRequest").map((value) => value["watchId"] as bigint);
}

type Fields = Record<string, unknown>;

export const header = (revision: bigint): Fields => ({ header: { revision } });
export const created = (watchId: bigint, revision = 10n): Fields => ({ watchId, created: true, ...header(revision) });
export const progressed = (watchId: bigint, revision: bigint): Fields => ({ watchId, ...header(revision) });
export const compacted = (watchId: bigint, compactRevision: bigint): Fields => ({
  watchId,
  canceled: true,
  compactRevision,
});

/** A create that is refused; the answer to a probe is one as well. */
export const refused = (cancelReason: string, revision = 10n): Fields => ({
  watchId: -1n,
  created: true,
  canceled: true,
  cancelReason,
  ...header(revision),
});

/** Puts of the key `a`, one event for each revision. */
export const put = (watchId: bigint, ...revisions: bigint[]): Fields => ({
  watchId,
  ...header(revisions.at(-1) ?? 0n),
  events: revisions.map((modRevision) => ({ kv: { key: new Uint8Array([97]), modRevision } })),
});

export const lost = (): RpcError => new RpcError(StatusCode.UNAVAILABLE, "connection lost");

export interface Collected {
  /** Of the puts. */
  readonly revisions: bigint[];
  readonly events: WatchEvent<string>[];
  /** How the iteration failed. */
  error?: unknown;
  ended: boolean;
  done: Promise<void>;
}

/** Collects what a watch yields, and how it ends. */
export function collect(watch: Watch<string>): Collected {
  const result: Collected = { revisions: [], events: [], ended: false, done: Promise.resolve() };
  result.done = (async () => {
    try {
      for await (const event of watch) {
        result.events.push(event);
        if (event.type === "put") result.revisions.push(event.kv.modRevision);
      }
    } catch (error) {
      result.error = error;
    }
    result.ended = true;
  })();
  return result;
}
