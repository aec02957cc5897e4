/**
 * `@kvorum/concurrency/grpc-js`: channels of `@grpc/grpc-js` to a service by its name. `new Client("etcd:///search", …)` calls the
 * instances that are registered as `search/…`, whoever registered them (`ServiceRegistry`, or Go's `naming/endpoints`), and follows
 * what comes and goes. Relies on a `Discovery` for that, and on the resolver interface of grpc-js, which is under `experimental`
 * there and may change with any minor version: hence the narrow range of the peer dependency.
 *
 * A resolver watches from the first call of its channel until the channel is idle or closed. It gives grpc-js a list only when the
 * list is another one, so that a connection that fails backs off as it does with fixed addresses.
 */
import { type ChannelOptions, experimental, Metadata, type ServiceConfig, status } from "@grpc/grpc-js";
import { ClientClosedError, type Store } from "@kvorum/client";
import type { ServiceDirectory } from "./recipes/discovery/directory.js";
import { Discovery } from "./recipes/discovery/discovery.js";
import { checkService } from "./recipes/discovery/endpoint.js";

export interface EtcdResolverOptions {
  /** Of the targets that are resolved. Default `etcd`. */
  readonly scheme?: string;
  /** How calls are spread, unless the channel says so itself (`grpc.service_config`). Default: round robin. */
  readonly serviceConfig?: ServiceConfig;
  /**
   * Told of an instance whose JSON or address cannot be used (others are not affected), and of what ended a watch, which is tried
   * again. Default: nobody is.
   */
  readonly onError?: (error: unknown, service: string) => void;
  /** Milliseconds after which calls fail while etcd has not answered yet and no instance is known. Default 5,000. */
  readonly patienceMs?: number;
}

/** What the resolvers of one registration share. */
interface Shared {
  readonly store: Store;
  readonly serviceConfig: ServiceConfig;
  readonly onError: (error: unknown, service: string) => void;
  readonly patienceMs: number;
}

const ROUND_ROBIN: ServiceConfig = { loadBalancingConfig: [{ round_robin: {} }], methodConfig: [] };
const PATIENCE_MS = 5_000;
/** Milliseconds until a watch that etcd has refused is tried again. */
const AGAIN_MS = 10_000;

/**
 * Makes the targets `etcd:///<service>` known to grpc-js, in the whole process: channels that are made afterwards use this client,
 * also when the scheme had another one. The client stays the caller's to close, after the channels; a channel whose client is closed
 * keeps the instances that it knows. Errors: `TypeError`, `RangeError` of a wrong argument.
 */
export function registerEtcdResolver(store: Store, options: EtcdResolverOptions = {}): void {
  const { scheme = "etcd", serviceConfig = ROUND_ROBIN, onError = () => undefined, patienceMs = PATIENCE_MS } = options;
  if (!/^[a-z][a-z0-9+.-]*$/.test(scheme))
    throw new RangeError(`scheme must be one of a URI, not ${JSON.stringify(scheme)}`);
  if (!(Number.isFinite(patienceMs) && patienceMs > 0)) {
    throw new RangeError(`patienceMs must be a number of milliseconds above 0, not ${patienceMs}`);
  }
  const shared: Shared = { store, serviceConfig, onError, patienceMs };
  experimental.registerResolver(
    scheme,
    class extends EtcdResolver {
      constructor(target: experimental.GrpcUri, listener: experimental.ResolverListener, channel: ChannelOptions) {
        super(shared, target, listener, channel);
      }
    },
  );
}

class EtcdResolver implements experimental.Resolver {
  readonly #shared: Shared;
  readonly #service: string;
  readonly #listener: experimental.ResolverListener;
  readonly #serviceConfig: ServiceConfig | undefined;
  #directory: ServiceDirectory | undefined;
  /** As it was given to the channel last. */
  #endpoints: readonly experimental.Endpoint[] = [];
  #told: string | undefined;
  /** Addresses that cannot be used, each reported once while it is there. */
  #refused: ReadonlySet<string> = new Set();
  #cancelTimer: () => void = () => undefined;

  constructor(
    shared: Shared,
    target: experimental.GrpcUri,
    listener: experimental.ResolverListener,
    channel: ChannelOptions,
  ) {
    this.#shared = shared;
    this.#service = serviceOf(target);
    this.#listener = listener;
    // What a resolver says goes before what the channel was made with, and whoever made the channel knows better.
    this.#serviceConfig = channel["grpc.service_config"] === undefined ? shared.serviceConfig : undefined;
  }

  /** The `:authority` of calls, and the name that certificates are checked for. */
  static getDefaultAuthority(target: experimental.GrpcUri): string {
    return encodeURIComponent(serviceOf(target));
  }

  updateResolution(): void {
    if (this.#directory !== undefined) return;
    this.#cancelTimer();
    const { store, onError, patienceMs } = this.#shared;
    const onInvalid = (error: unknown): void => onError(error, this.#service);
    const directory = new Discovery(store).watch(this.#service, { onInvalid });
    this.#directory = directory;
    // After an idle time: what was known is used until something newer is. A channel may not be told within this call.
    const known = this.#endpoints;
    if (known.length > 0) queueMicrotask(() => this.#directory === directory && this.#tell(known));
    this.#cancelTimer = store.world.clock.after(patienceMs, () => {
      if (this.#endpoints.length === 0) this.#fail(`etcd has not answered for ${patienceMs} ms`);
    });
    void this.#follow(directory);
  }

  destroy(): void {
    this.#cancelTimer();
    this.#told = undefined;
    const directory = this.#directory;
    this.#directory = undefined;
    // Nothing of it can fail, and nobody could be told.
    void directory?.close();
  }

  async #follow(directory: ServiceDirectory): Promise<void> {
    try {
      const changes = directory.changes();
      await directory.ready;
      if (this.#directory !== directory) return;
      this.#cancelTimer();
      this.#tell(this.#endpointsOf(directory));
      for await (const _ of changes) {
        if (this.#directory !== directory) return;
        this.#tell(this.#endpointsOf(directory));
      }
    } catch (error) {
      if (this.#directory === directory) this.#ended(error);
    }
  }

  /** The watch is over, by something that asking again at once would not change. Instances that are known stay. */
  #ended(error: unknown): void {
    const { store, onError } = this.#shared;
    this.#directory = undefined;
    this.#cancelTimer();
    onError(error, this.#service);
    this.#fail(error instanceof Error ? error.message : String(error));
    // Nobody asks a resolver again whose channel has failed.
    if (error instanceof ClientClosedError) return;
    this.#cancelTimer = store.world.clock.after(AGAIN_MS, () => this.updateResolution());
  }

  #endpointsOf({ instances }: ServiceDirectory): experimental.Endpoint[] {
    const endpoints = new Map<string, experimental.Endpoint>();
    const refused = new Set<string>();
    for (const { addr } of instances) {
      const address = addressOf(addr);
      if (address !== undefined) endpoints.set(JSON.stringify(address), { addresses: [address] });
      else refused.add(addr);
    }
    for (const addr of refused) {
      if (this.#refused.has(addr)) continue;
      this.#shared.onError(new TypeError(`${JSON.stringify(addr)} is no address of a gRPC server`), this.#service);
    }
    this.#refused = refused;
    return [...endpoints.values()];
  }

  #tell(endpoints: readonly experimental.Endpoint[]): void {
    this.#endpoints = endpoints;
    const text = JSON.stringify(endpoints);
    if (text === this.#told) return;
    this.#told = text;
    this.#answer(experimental.statusOrFromValue([...endpoints]));
    // An empty list ends the connections, but leaves calls waiting with some balancers (round robin of 1.14 turns idle).
    if (endpoints.length === 0) this.#refuse(`no instance of ${JSON.stringify(this.#service)} is registered`);
  }

  #fail(why: string): void {
    this.#told = undefined;
    this.#refuse(`the instances of ${JSON.stringify(this.#service)} are not known: ${why}`);
  }

  /** Calls fail with it, unless there are connections. */
  #refuse(details: string): void {
    this.#answer(experimental.statusOrFromError({ code: status.UNAVAILABLE, details, metadata: new Metadata() }));
  }

  #answer(endpoints: experimental.StatusOr<experimental.Endpoint[]>): void {
    const config = this.#serviceConfig && experimental.statusOrFromValue(this.#serviceConfig);
    this.#listener(endpoints, {}, config ?? null, "");
  }
}

/** `etcd:///search` and `etcd:search`. Errors: `RangeError`, which making the channel rejects with. */
function serviceOf({ path }: experimental.GrpcUri): string {
  const service = decodeURIComponent(path.replace(/^\//, ""));
  checkService(service);
  return service;
}

/** `host:port`, `[address]:port` or `unix:path`. */
function addressOf(addr: string): experimental.SubchannelAddress | undefined {
  if (addr.startsWith("unix:")) return { path: addr.slice("unix:".length).replace(/^\/\/(?=\/)/, "") };
  const { host, port } = experimental.splitHostPort(addr) ?? {};
  if (host === undefined || host === "" || port === undefined) return undefined;
  return port >= 1 && port <= 65_535 ? { host, port } : undefined;
}
