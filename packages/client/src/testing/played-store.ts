/**
 * A server of one store that a test plays, over the transport without sockets: it keeps every revision, answers reads at any of
 * them, and serves watches from any of them. A test writes, compacts, cuts, refuses, and decides when what was written arrives.
 */
import { RpcError, StatusCode } from "@kvorum/transport";
import { toBytes } from "../keys.js";
import { byteString } from "../live/byte-order.js";
import type { FakeCall, FakeStream, FakeTransport } from "./fake-transport.js";
import type { ManualClock } from "./manual-clock.js";

type Fields = Record<string, unknown>;

interface Revision {
  readonly revision: bigint;
  readonly events: Fields[];
  /** All pairs there were, by the bytes of their keys. */
  readonly state: ReadonlyMap<string, Fields>;
}

interface Served {
  readonly stream: FakeStream;
  seen: number;
  readonly watches: Map<bigint, { readonly range: Fields; next: bigint }>;
}

export class PlayedStore {
  /** Refuses every call and stream while it is set. */
  down = false;
  /** Are events sent? Creates and reads are answered in any case. */
  delivers = true;
  version = "3.5.9";
  readonly #transport: FakeTransport;
  readonly #clock: ManualClock;
  readonly #history: Revision[] = [{ revision: 1n, events: [], state: new Map() }];
  #compacted = 0n;
  readonly #served: Served[] = [];

  constructor(transport: FakeTransport, clock: ManualClock) {
    this.#transport = transport;
    this.#clock = clock;
    transport.answer = (call) => this.#answer(call);
  }

  get revision(): bigint {
    return this.#newest.revision;
  }

  /** One txn: values to put, undefined to delete. Returns its revision. */
  write(values: Readonly<Record<string, string | undefined>>): bigint {
    const state = new Map(this.#newest.state);
    const modRevision = this.revision + 1n;
    const events = Object.entries(values).map(([text, value]) => {
      const key = toBytes(text);
      const old = state.get(byteString(key));
      state.delete(byteString(key));
      if (value === undefined) return { type: 1, kv: { key, modRevision } };
      const version = ((old?.["version"] as bigint | undefined) ?? 0n) + 1n;
      const kv = {
        key,
        value: toBytes(value),
        modRevision,
        version,
        createRevision: old?.["createRevision"] ?? modRevision,
      };
      state.set(byteString(key), kv);
      return { type: 0, kv };
    });
    this.#history.push({ revision: modRevision, events, state });
    return modRevision;
  }

  compact(revision: bigint = this.revision): void {
    this.#compacted = revision;
  }

  /** Ends every stream. */
  cut(): void {
    for (const { stream } of this.#served) if (!stream.closed) stream.end(unavailable());
    this.#served.length = 0;
  }

  /** The newest stream of watches. */
  get stream(): FakeStream {
    const served = this.#served.at(-1);
    if (served === undefined) throw new Error("no watch was opened");
    return served.stream;
  }

  /** Lets everything happen that happens without time, or with `ms` of it. */
  async settle(ms = 0): Promise<void> {
    await this.#clock.advance(ms);
    for (let i = 0; i < 6; i++) {
      this.#serve();
      await this.#clock.advance(0);
    }
  }

  /** Waits for a promise while the server does its part; time passes where there is nothing else to do, a minute at most. */
  async soon<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const settle = (): void => {
      settled = true;
    };
    promise.then(settle, settle);
    for (let ms = 0; !settled && ms < 60_000; ms += 50) await this.settle(ms === 0 ? 0 : 50);
    if (!settled) throw new Error("it does not settle within a minute");
    return promise;
  }

  get #newest(): Revision {
    const newest = this.#history.at(-1);
    if (newest === undefined) throw new Error("no history");
    return newest;
  }

  #answer({ method, request }: FakeCall): Fields {
    if (this.down) throw unavailable();
    if (method === "Status") return { version: this.version, header: { revision: this.revision } };
    if (method === "Range") return this.#range(request);
    if (method !== "Txn") return {};
    const operations = request["success"] as { request: { value: Fields } }[];
    const responses = operations.map(({ request: { value } }) => ({
      response: { case: "responseRange", value: this.#range(value) },
    }));
    return { header: { revision: this.revision }, succeeded: true, responses };
  }

  #range(request: Fields): Fields {
    const asked = (request["revision"] as bigint | undefined) || this.revision;
    if (asked < this.#compacted) {
      throw new RpcError(StatusCode.OUT_OF_RANGE, "etcdserver: mvcc: required revision has been compacted");
    }
    const { state } = this.#history.findLast(({ revision }) => revision <= asked) ?? this.#newest;
    const kvs = [...state].filter(([key]) => within(key, request)).map(([, kv]) => kv);
    const by = request["sortTarget"] === 3 ? "modRevision" : "key";
    kvs.sort((a, b) =>
      by === "key" ? Buffer.compare(a[by] as Buffer, b[by] as Buffer) : Number(b[by]) - Number(a[by]),
    );
    const limit = Number(request["limit"] ?? 0n) || kvs.length;
    const shown = kvs
      .slice(0, limit)
      .map((kv) => (request["keysOnly"] === true ? { ...kv, value: new Uint8Array(0) } : kv));
    return { header: { revision: this.revision }, kvs: shown, count: BigInt(kvs.length), more: kvs.length > limit };
  }

  #serve(): void {
    for (const stream of this.#transport.streams) {
      if (stream.closed || this.#served.some((served) => served.stream === stream)) continue;
      if (stream.method !== "Watch")
        stream.end(new RpcError(StatusCode.UNIMPLEMENTED, `unknown method ${stream.method}`));
      else if (this.down) stream.end(unavailable());
      else this.#served.push({ stream, seen: 0, watches: new Map() });
    }
    for (const served of this.#served) {
      for (const request of served.stream.requests.slice(served.seen)) this.#take(served, request);
      served.seen = served.stream.requests.length;
      if (this.delivers) for (const [watchId, watch] of served.watches) this.#send(served, watchId, watch);
    }
  }

  #take(served: Served, request: Fields): void {
    const { stream, watches } = served;
    const union = request["requestUnion"] as { case: string; value: Fields };
    const header = { revision: this.revision };
    const watchId = union.value["watchId"] as bigint;
    if (union.case === "cancelRequest") watches.delete(watchId);
    if (union.case === "progressRequest" && this.delivers) {
      for (const [id, watch] of watches) this.#send(served, id, watch);
      stream.answer({ watchId: -1n, header });
    }
    if (union.case !== "createRequest") return;
    const next = union.value["startRevision"] as bigint | undefined;
    // A range that is empty: only a sign of life is wanted.
    const refused = { watchId: -1n, created: true, canceled: true, header };
    if (next !== undefined) watches.set(watchId, { range: union.value, next });
    stream.answer(next === undefined ? refused : { watchId, created: true, header });
  }

  #send({ stream, watches }: Served, watchId: bigint, watch: { readonly range: Fields; next: bigint }): void {
    if (watch.next <= this.#compacted) {
      watches.delete(watchId);
      stream.answer({ watchId, canceled: true, compactRevision: this.#compacted, header: { revision: this.revision } });
      return;
    }
    for (const { revision, events } of this.#history) {
      if (revision < watch.next) continue;
      watch.next = revision + 1n;
      const concerned = events.filter((event) =>
        within(byteString((event["kv"] as Fields)["key"] as Uint8Array), watch.range),
      );
      if (concerned.length > 0) stream.answer({ watchId, header: { revision: this.revision }, events: concerned });
    }
  }
}

function within(key: string, range: Fields): boolean {
  const from = byteString(range["key"] as Uint8Array);
  const end = byteString((range["rangeEnd"] as Uint8Array | undefined) ?? new Uint8Array(0));
  if (end === "") return key === from;
  return key >= from && (end === "\u0000" || key < end);
}

function unavailable(): RpcError {
  return new RpcError(StatusCode.UNAVAILABLE, "connection refused");
}
