/**
 * A call as middleware sees it: one member of a union for each method of etcd, told apart by `method`, so that
 * `call.method === "kv.put"` makes `call.request` a put request. The names are those of `client.rpc`: service, dot, method.
 */
import type { DescMessage, DescMethod, DescService, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import {
  Auth,
  Cluster,
  Election,
  KV,
  Lease,
  Lock,
  Maintenance,
  type WatchCreateRequestSchema,
  Watch as WatchService,
} from "@kvorum/proto";
import type { WireRange } from "../keyspace.js";
import type { CallOptions } from "../options.js";

/**
 * - `read`, `write`: keys, values and leases. `admin`: membership, users, compaction, maintenance.
 * - `watch`, `keepalive`: opening a stream, creating a watch, renewing a lease.
 */
export type CallKind = "read" | "write" | "admin" | "watch" | "keepalive";

const SERVICES = {
  kv: KV,
  watch: WatchService,
  lease: Lease,
  cluster: Cluster,
  maintenance: Maintenance,
  auth: Auth,
  lock: Lock,
  election: Election,
} as const;

type MethodsOf<Name extends string, S extends DescService> = {
  readonly [M in keyof S["method"] & string as `${Name}.${M}`]: S["method"][M];
};

type Methods = MethodsOf<"kv", typeof KV> &
  MethodsOf<"watch", typeof WatchService> &
  MethodsOf<"lease", typeof Lease> &
  MethodsOf<"cluster", typeof Cluster> &
  MethodsOf<"maintenance", typeof Maintenance> &
  MethodsOf<"auth", typeof Auth> &
  MethodsOf<"lock", typeof Lock> &
  MethodsOf<"election", typeof Election>;

/** `kv.put`, `lease.leaseGrant`, `auth.userAdd`. */
export type CallName = keyof Methods;

/** Methods that open a stream. */
type StreamName = "watch.watch" | "lease.leaseKeepAlive" | "maintenance.snapshot" | "kv.rangeStream";

type RequestOf<N extends CallName> = N extends "watch.watch"
  ? MessageInitShape<typeof WatchCreateRequestSchema>
  : Methods[N] extends { input: infer I extends DescMessage }
    ? MessageInitShape<I>
    : never;

type AnswerOf<N extends CallName> = N extends "watch.watch"
  ? { readonly revision: bigint }
  : Methods[N] extends { output: infer O extends DescMessage }
    ? MessageShape<O>
    : never;

/** The generated message; undefined (also for an opened stream) only for methods that stream. */
export type ClientAnswer<N extends CallName = CallName> = N extends StreamName ? AnswerOf<N> | undefined : AnswerOf<N>;

interface CallOf<N extends CallName> {
  readonly method: N;
  readonly kind: CallKind;
  /** The keys it is about, as the server sees them: with the namespace in front. Empty where it is about none. */
  readonly keys: readonly WireRange[];
  /** What the store puts before every key. Empty where there is no namespace, and for calls that know of none: streams too. */
  readonly namespace: Uint8Array;
  /** The message as it goes out. Undefined where a shared stream is opened. */
  readonly request: N extends StreamName ? RequestOf<N> | undefined : RequestOf<N>;
  readonly options: CallOptions;
}

export type ClientCall = { [N in CallName]: CallOf<N> }[CallName];

export function callNames(): ReadonlyMap<DescMethod, CallName> {
  const names = new Map<DescMethod, CallName>();
  for (const [name, service] of Object.entries(SERVICES)) {
    for (const method of service.methods) names.set(method, `${name}.${method.localName}` as CallName);
  }
  return names;
}
