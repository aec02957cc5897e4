/**
 * The client: one object that owns the connections and joins the parts. Read `kv/store.ts` for the key-value verbs,
 * `watch/watch.ts`, `lease/lease-api.ts`, and `net/caller.ts` for how a call is made.
 */
import { KV, Maintenance } from "@kvorum/proto";
import type { TlsClientOptions, TransportFactory } from "@kvorum/transport";
import { type AuthApi, AuthClient } from "./admin/auth.js";
import { type ClusterApi, ClusterClient } from "./admin/cluster.js";
import { type ClusterHealth, clusterHealth } from "./admin/health.js";
import { type MaintenanceApi, MaintenanceClient } from "./admin/maintenance.js";
import { checkMilliseconds, checkObject } from "./checks.js";
import { type ClientWorld, systemClock } from "./clock.js";
import { utf8 } from "./codec.js";
import { ClientClosedError } from "./errors.js";
import { type Key, toBytes } from "./keys.js";
import { Keyspace } from "./keyspace.js";
import { ExactlyOnce } from "./kv/exactly-once.js";
import { RangeStreams } from "./kv/range-stream.js";
import { type Header, toHeader } from "./kv/results.js";
import { KvStore, type Store } from "./kv/store.js";
import { type LeaseApi, Leases, type LeasesOnClose } from "./lease/lease-api.js";
import { backgroundClock } from "./net/background-clock.js";
import { Caller, DEFAULT_TIMEOUT_MS } from "./net/caller.js";
import { Connections } from "./net/connections.js";
import { type AuthOptions, Credentials } from "./net/credentials.js";
import type { BalancerPolicy, Picker } from "./net/picker.js";
import type { SrvResolver } from "./net/srv.js";
import { Streams } from "./net/streams.js";
import type { TlsProvider } from "./net/tls-source.js";
import type { Logger } from "./observe/logger.js";
import { Interceptor, type Middleware } from "./observe/middleware.js";
import { Observer } from "./observe/observer.js";
import { type RpcMiddleware, withRpcMiddleware } from "./observe/rpc-middleware.js";
import { type BigIntLike, type CallOptions, toBigInt } from "./options.js";
import { type RawServices, rawServices } from "./rpc.js";
import { progressIsExact, versionOf } from "./watch/progress.js";
import { WatchHub } from "./watch/watch-hub.js";

export interface ClientOptions {
  /**
   * `http://host:port`, `https://host:port`, `unix:/path` or `host:port`; a list or comma-separated. `dns+srv://domain` stands
   * for what DNS lists as `_etcd-client._tcp.domain`, `dns+srvs://domain` for `_etcd-client-ssl._tcp.domain` with TLS.
   */
  readonly endpoints: string | readonly string[];
  /** A user and a password, or a token (a function is asked again when the server refuses the last one). */
  readonly auth?: AuthOptions;
  /** For `https` endpoints. A function is asked before each connection and every minute: a new answer means new connections. */
  readonly tls?: TlsClientOptions | TlsProvider;
  /** A prefix for every key of this client. */
  readonly namespace?: Key;
  /** Milliseconds for a call that says nothing else. Default 10,000. */
  readonly timeout?: number;
  /** What `close()` does with the leases that are kept: `revoke` (the default), or `release` for whoever adopts them. */
  readonly leasesOnClose?: LeasesOnClose;
  /** Milliseconds for one connection attempt. Default 5,000. */
  readonly connectTimeout?: number;
  /**
   * HTTP/2 pings while calls are active, in milliseconds. Default 10,000 and 5,000. An interval below 5,000 is a `RangeError`:
   * servers disconnect who pings more often.
   */
  readonly keepAlive?: { readonly interval?: number; readonly timeout?: number } | false;
  /** Which member to ask: a policy, or a choice of your own. Default `two-choices`. */
  readonly balancer?: BalancerPolicy | Picker;
  /**
   * Milliseconds between two looks at the members of the cluster; their addresses join and leave `endpoints`. It begins a second
   * after the first answer, and changes nothing while none of the given endpoints is an address that a member advertises (a
   * load balancer, a tunnel). Default 300,000; false: only `syncEndpoints` looks.
   */
  readonly syncMembers?: number | false;
  /** What is asked for `dns+srv` endpoints, such as a `Resolver` of `node:dns/promises`. Default: the system's name servers. */
  readonly resolver?: SrvResolver;
  /**
   * Where writes with `retry: "exactly-once"` leave their markers, in no namespace. The user needs the permission to read and
   * write the keys that start with it, and may not delete ranges that hold it in that mode. Default `_kvorum/once/`.
   */
  readonly markerPrefix?: Key;
  /** Around every call, the first outermost: to audit, measure, change, refuse. */
  readonly middleware?: readonly Middleware[];
  /** nice-grpc's client middleware around every single attempt, the first outermost. */
  readonly rpcMiddleware?: readonly RpcMiddleware[];
  /** Told of connections, watches and leases; a pino logger fits. Default: nobody. */
  readonly logger?: Logger;
  /** The RPC engine. Default: nice-grpc. */
  readonly transport?: TransportFactory;
}

/** The root store and everything beside it. Disposing closes. */
export interface Client extends Store<string>, AsyncDisposable {
  readonly lease: LeaseApi;
  readonly cluster: ClusterApi;
  readonly maintenance: MaintenanceApi;
  /** Users, roles, permissions. */
  readonly auth: AuthApi;
  /** Every method of every service with etcd's own messages, for what is not wrapped. Retried as reads and writes are. */
  readonly rpc: RawServices;
  /** Aborts with `ClientClosedError` when the client closes. */
  readonly signal: AbortSignal;
  /** The addresses in use. Empty until a name given as `dns+srv` has been looked up. */
  readonly endpoints: readonly string[];
  /**
   * Replaces the endpoints by the addresses that the started voters of the cluster advertise, as far as they answer there, and
   * resolves with the list. Nothing changes when none answers. Use it where the given addresses are only a way in.
   *
   * Errors: `EtcdError` of listing the members; `signal.reason`.
   */
  syncEndpoints(options?: CallOptions): Promise<readonly string[]>;
  /**
   * Replaces the endpoints, and what member sync starts from. Calls under way on those that leave end there, streams resume
   * elsewhere. Resolves with the addresses, names looked up.
   *
   * Errors: `TypeError` for endpoints that cannot be read, `EtcdError` where a name cannot be looked up: then nothing changes.
   */
  setEndpoints(endpoints: string | readonly string[]): Promise<readonly string[]>;
  /**
   * Asks every endpoint (or the one that is named) how it is: once, and for 3 seconds unless `timeout` says otherwise. What does
   * not answer is part of the result. Errors: `signal.reason`, `ClientClosedError`.
   */
  health(options?: CallOptions): Promise<ClusterHealth>;
  /** Resolves when a member answers. */
  ready(options?: CallOptions): Promise<void>;
  /**
   * Forgets history before `revision`. With `physical` it resolves when the space is free.
   *
   * Errors: `CompactedError` when that has been done already; `future-revision`.
   */
  compact(revision: BigIntLike, options?: CallOptions & { readonly physical?: boolean }): Promise<{ header: Header }>;
  /**
   * Revokes (or releases) the leases that are kept, ends watches and calls, and closes the connections. From the first moment on
   * no lease is granted or adopted (`ClientClosedError`). Idempotent.
   */
  close(): Promise<void>;
}

/** No I/O before the first call. Errors: `TypeError` for endpoints that cannot be read, `RangeError` for a duration. */
export function createClient(options: ClientOptions): Client {
  checkObject(options, "the options of a client");
  return createClientIn({ clock: systemClock, random: Math.random }, options);
}

/** What a client takes from outside beside its connections. */
export interface ClientSetting extends ClientWorld {
  readonly newLeaseId?: () => bigint;
  /** Told of every call. */
  readonly onCall?: (call: Promise<unknown>) => void;
}

/** For this package alone: a client with a clock of somebody's making. */
export function createClientIn(setting: ClientSetting, options: ClientOptions): Client {
  return new EtcdClient(withRpcMiddleware(options), setting);
}

class EtcdClient extends KvStore<string> implements Client {
  readonly lease: Leases;
  readonly cluster: ClusterApi;
  readonly maintenance: MaintenanceApi;
  readonly auth: AuthApi;
  readonly rpc: RawServices;
  readonly #connections: Connections;
  readonly #abort: AbortController;
  #closing: Promise<void> | undefined;

  constructor(options: ClientOptions, { clock, random, newLeaseId, onCall }: ClientSetting) {
    const observer = new Observer(options.logger);
    const interceptor = options.middleware?.length ? new Interceptor(options.middleware) : undefined;
    const connections = new Connections(options, {
      clock: clock === systemClock ? backgroundClock : clock,
      random,
      observer,
    });
    const { balancer, doubt } = connections;
    const credentials = new Credentials(options.auth, balancer, clock, observer);
    const abort = new AbortController();
    if (options.timeout !== undefined) checkMilliseconds(options.timeout, "timeout");
    const timeoutMs = options.timeout === undefined ? {} : { timeoutMs: options.timeout };
    const caller = new Caller({
      balancer,
      credentials,
      clock,
      random,
      closed: abort.signal,
      ...timeoutMs,
      onMembershipDoubt: doubt,
      onCall,
      interceptor,
    });
    connections.follow(caller);
    const streams = new Streams(balancer, credentials, clock, interceptor);
    const watches = new WatchHub({
      ...{ streams, clock, random, closed: abort.signal, observer },
      progressIsExact: async ({ address }) => progressIsExact(await versionOf(caller, address)),
    });
    const lease = new Leases({
      ...{ caller, streams, clock, random, newLeaseId },
      ...timeoutMs,
      onClose: options.leasesOnClose,
      observer,
    });
    const parts = { caller, streams, clock, timeoutMs: options.timeout ?? DEFAULT_TIMEOUT_MS };
    const prefix = toBytes(options.markerPrefix ?? "_kvorum/once/");
    const exactlyOnce = new ExactlyOnce({ ...parts, prefix, keep: (grant) => lease.keep(grant) });
    const world = { clock, random };
    const context = { caller, watches, world, exactlyOnce, rangeStreams: new RangeStreams(parts) };
    super(context, new Keyspace(toBytes(options.namespace ?? "")), utf8);
    this.lease = lease;
    this.cluster = new ClusterClient(caller);
    this.maintenance = new MaintenanceClient(caller, streams, () => this.endpoints);
    this.auth = new AuthClient(caller);
    this.rpc = rawServices(caller);
    this.#connections = connections;
    this.#abort = abort;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get endpoints(): readonly string[] {
    return this.#connections.addresses;
  }

  syncEndpoints(options?: CallOptions): Promise<readonly string[]> {
    return this.#connections.sync(options);
  }

  setEndpoints(endpoints: string | readonly string[]): Promise<readonly string[]> {
    return this.#connections.set(endpoints);
  }

  health(options?: CallOptions): Promise<ClusterHealth> {
    return clusterHealth(this.context.caller, this.endpoints, options);
  }

  async ready(options?: CallOptions): Promise<void> {
    await this.context.caller.unary(Maintenance.method.status, {}, "read", options);
  }

  async compact(
    revision: BigIntLike,
    options?: CallOptions & { readonly physical?: boolean },
  ): Promise<{ header: Header }> {
    const request = { revision: toBigInt(revision, "revision"), physical: options?.physical ?? false };
    const answer = await this.context.caller.unary(KV.method.compact, request, "admin", options);
    return { header: toHeader(answer.header) };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    // Leases first: revoking them is the last thing that still needs the connections.
    await this.lease.close();
    this.#abort.abort(new ClientClosedError());
    await this.context.watches.close();
    await this.context.exactlyOnce.close();
    await this.#connections.close();
  }
}
