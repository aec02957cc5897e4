/**
 * The connections of one client, joined from their parts: the list of endpoints as it was given and as it is now, who connects
 * and probes, who follows the members of the cluster, and the TLS material. Read `endpoint.ts` and `endpoint-health.ts`, then
 * `balancer.ts` with `picker.ts`, `connector.ts` with `prober.ts`, `member-sync.ts` with `member-plan.ts`, and `tls-source.ts`.
 */
import { defaultEngine, type TlsClientOptions, type TransportFactory } from "@kvorum/transport";
import type { Clock } from "../clock.js";
import type { Observer } from "../observe/observer.js";
import type { CallOptions } from "../options.js";
import { type GivenEndpoints, parseGiven } from "./addresses.js";
import { Balancer } from "./balancer.js";
import type { Caller } from "./caller.js";
import { type ConnectionSettings, checkSettings } from "./connection-settings.js";
import { Connector } from "./connector.js";
import { Endpoint } from "./endpoint.js";
import { MemberSync } from "./member-sync.js";
import type { BalancerPolicy, Picker } from "./picker.js";
import { Prober } from "./prober.js";
import { lookupError, resolveGiven, type SrvResolver, systemResolver } from "./srv.js";
import { type TlsProvider, TlsSource } from "./tls-source.js";

export interface ConnectionOptions extends ConnectionSettings {
  readonly endpoints: string | readonly string[];
  readonly tls?: TlsClientOptions | TlsProvider;
  readonly balancer?: BalancerPolicy | Picker;
  readonly resolver?: SrvResolver;
  readonly transport?: TransportFactory;
}

export interface ConnectionWorld {
  /** For work in the background. */
  readonly clock: Clock;
  readonly random: () => number;
  /** Told of each change of an endpoint's state. */
  readonly observer?: Observer;
}

export class Connections {
  readonly balancer: Balancer;
  readonly #options: ConnectionOptions;
  readonly #world: ConnectionWorld;
  readonly #factory: TransportFactory;
  readonly #tls: TlsSource | undefined;
  readonly #closed = new AbortController();
  readonly #prober: Prober;
  readonly #connector: Connector;
  #given: GivenEndpoints;
  /** What the names in `given` meant when they were last looked up. */
  #resolved: readonly string[] = [];
  #sync: MemberSync | undefined;
  #renewing: Promise<void> | undefined;

  /** Errors: `TypeError` for endpoints that cannot be read, `RangeError` for an impossible duration. */
  constructor(options: ConnectionOptions, world: ConnectionWorld) {
    const { connectTimeoutMs, channelOptions } = checkSettings(options);
    const { clock, random } = world;
    this.#options = options;
    this.#world = world;
    this.#given = parseGiven(options.endpoints);
    const factory = options.transport ?? defaultEngine().channel;
    this.#tls = typeof options.tls === "function" ? new TlsSource(options.tls) : undefined;
    const fixedTls = typeof options.tls === "object" ? { tls: options.tls } : {};
    const made = this.#tls?.factory(factory) ?? factory;
    this.#factory = (address) => made(address, { ...channelOptions, ...fixedTls });
    this.balancer = new Balancer([], options.balancer, random);
    const shared = { clock, closed: this.#closed.signal };
    this.#prober = new Prober({ ...shared, timeoutMs: connectTimeoutMs });
    this.#connector = new Connector({
      ...{ ...shared, random, balancer: this.balancer, prober: this.#prober },
      resolve: () => this.#refreshNames(),
    });
    this.balancer.connector = this.#connector;
    if (this.#given.services.length === 0) this.#setList(this.#given.addresses);
  }

  /** Begins to follow the members of the cluster, by way of this caller. */
  follow(caller: Pick<Caller, "unary">): void {
    const { syncMembers } = checkSettings(this.#options);
    this.#sync = new MemberSync({
      ...{ caller, balancer: this.balancer, prober: this.#prober, clock: this.#world.clock },
      closed: this.#closed.signal,
      makeEndpoint: (address) => this.#make(address),
      intervalMs: syncMembers,
      refreshNames: () => this.#refreshNames(),
    });
    this.#renewing = this.#tls?.run(this.#world.clock, this.#closed.signal);
  }

  get addresses(): readonly string[] {
    return this.balancer.endpoints.map(({ address }) => address);
  }

  /** The members may be others than before. */
  readonly doubt = (): void => this.#sync?.doubt();

  /** Replaces the list by the addresses of the started voters; see `Client.syncEndpoints`. */
  async sync(options?: CallOptions): Promise<readonly string[]> {
    await this.#sync?.sync(true, options);
    return this.addresses;
  }

  /** Errors: `TypeError` for endpoints that cannot be read; `EtcdError` where no name could be looked up: the list stays. */
  async set(endpoints: string | readonly string[]): Promise<readonly string[]> {
    const given = parseGiven(endpoints);
    const resolved = await this.#lookUp(given).catch((error: unknown) => {
      throw lookupError(error);
    });
    this.#given = given;
    this.#resolved = resolved;
    this.#setList(resolved);
    this.#sync?.reset();
    return this.addresses;
  }

  /** Calls under way fail as the channels close. */
  async close(): Promise<void> {
    this.#closed.abort(new Error("the connections are closed"));
    this.#connector.close();
    // Closed channels end what the others wait for.
    await this.balancer.close();
    await this.#prober.close();
    await this.#sync?.close();
    await this.#renewing;
  }

  /** Looks the given names up (again). What a lookup no longer lists goes, what it adds comes. */
  async #refreshNames(): Promise<void> {
    const given = this.#given;
    if (given.services.length === 0) return;
    const before = this.#resolved;
    const known = this.balancer.endpoints.length > 0;
    const lookup = this.#lookUp(given);
    // A name server that is away changes nothing about the members that are known.
    const resolved = known ? await lookup.catch(() => before) : await lookup;
    if (given !== this.#given) return;
    this.#resolved = resolved;
    const others = this.addresses.filter((address) => !before.includes(address));
    const changed = resolved.length !== before.length || resolved.some((address) => !before.includes(address));
    if (changed) this.#setList([...new Set([...resolved, ...others])]);
  }

  #lookUp(given: GivenEndpoints): Promise<string[]> {
    return resolveGiven(given, this.#options.resolver ?? systemResolver);
  }

  #setList(addresses: readonly string[]): void {
    const present = new Map(this.balancer.endpoints.map((endpoint) => [endpoint.address, endpoint]));
    this.balancer.replace(addresses.map((address) => present.get(address) ?? this.#make(address)));
  }

  #make(address: string): Endpoint {
    const endpoint = new Endpoint(address, this.#factory, {}, this.#world.observer);
    // A member that has lost its leader says so when asked, which is sooner than two more calls run out of time there.
    endpoint.onDoubt = (doubtful) => this.#prober.pursue(doubtful);
    endpoint.onChange = (changed, state) => {
      this.#connector.changed(changed, state);
      if (state === "ready") this.#sync?.connected();
      if (state === "cooling") this.#sync?.doubt();
    };
    return endpoint;
  }
}
