/**
 * How an instance of a service is written down: the key `<service>/<addr>` and the JSON of etcd's Go package
 * `naming/endpoints`, so that what is registered here resolves in Go, and the other way round.
 *
 *     search/10.0.0.7:8080  →  {"Op":0,"Addr":"10.0.0.7:8080","Metadata":{"zone":"a"}}
 */
import { type Codec, codec, type KeyValue } from "@kvorum/client";

/** Where an instance is, and what it says of itself. */
export interface Endpoint<M> {
  /** `host:port` for gRPC; anything that its callers understand. */
  readonly addr: string;
  readonly metadata: M;
  /** Fields of the JSON that neither Go's format nor this one knows, as they are. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What is registered. `metadata` is null in the JSON where there is none. */
export interface EndpointInit<M> {
  readonly addr: string;
  readonly metadata?: M;
  /** Further fields of the JSON, beside `Op`, `Addr` and `Metadata`. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** An endpoint as it stands in etcd. */
export interface Instance<M = unknown> extends Endpoint<M> {
  readonly service: string;
  readonly key: string;
  /** 0 for one that stays until somebody deletes it. */
  readonly leaseId: bigint;
  /** Grows with every new registration of the same address, and stays the same when one is updated. */
  readonly createRevision: bigint;
  /** Of what it says now. */
  readonly revision: bigint;
}

const KNOWN_FIELDS = ["Op", "Addr", "Metadata"];
/** Half a surrogate pair, which no key can have. */
const HALF_PAIR = /\p{Surrogate}/u;
const json = codec.json<unknown>();

/** The JSON of an endpoint. `metadata` turns the member `Metadata` into bytes of JSON, and back. */
export function endpointCodec<M, In>(metadata: Codec<M, In>): Codec<Endpoint<M>, EndpointInit<In>> {
  return {
    encode: ({ addr, metadata: given, fields }) => {
      const Metadata = given === undefined ? null : json.decode(metadata.encode(given));
      // Op 0 is Go's "Add", and the order of the members is Go's.
      return json.encode({ Op: 0, Addr: addr, Metadata, ...fields });
    },
    decode: async (value) => {
      const parsed = await json.decode(value);
      if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
        throw new TypeError("an endpoint is a JSON object");
      }
      const { Op: _, Addr, Metadata = null, ...fields } = parsed as Record<string, unknown>;
      if (typeof Addr !== "string" || Addr === "") throw new TypeError("Addr must be text and not empty");
      return { addr: Addr, metadata: await metadata.decode(json.encode(Metadata)), fields };
    },
  };
}

/** Everything of a service starts with it. */
export function folderOf(service: string): string {
  return `${service}/`;
}

/**
 * The instance that a pair of the folder stands for. Undefined for one of a service whose name goes on: `a/b/10.0.0.7:80`
 * belongs to `a/b` and not to `a`, while the address of `a/unix:/run/b` may have slashes.
 */
export function instanceOf<M>(service: string, kv: KeyValue<Endpoint<M>>): Instance<M> | undefined {
  const rest = kv.key.slice(folderOf(service).length);
  if (rest.includes("/") && rest !== kv.value.addr) return undefined;
  const { key, lease: leaseId, createRevision, modRevision: revision } = kv;
  return { ...kv.value, service, key, leaseId, createRevision, revision };
}

/** Errors: `TypeError`, `RangeError`. */
export function checkService(service: unknown): void {
  if (typeof service !== "string") throw new TypeError(`service must be text, not ${kindOf(service)}`);
  if (service === "" || service.endsWith("/") || HALF_PAIR.test(service)) {
    throw new RangeError(`service must not be empty or end with a slash, not ${JSON.stringify(service)}`);
  }
}

/** Errors: `TypeError`, `RangeError`. */
export function checkEndpoint({ addr, fields = {} }: EndpointInit<unknown>): void {
  if (typeof addr !== "string") throw new TypeError(`addr must be text, not ${kindOf(addr)}`);
  if (addr === "" || HALF_PAIR.test(addr)) throw new RangeError(`addr must not be empty, not ${JSON.stringify(addr)}`);
  const known = KNOWN_FIELDS.find((name) => Object.hasOwn(fields, name));
  if (known !== undefined) throw new RangeError(`fields must not have ${JSON.stringify(known)}`);
}

function kindOf(value: unknown): string {
  return value === null ? "null" : typeof value;
}
