/**
 * The instances of one service, live: the client's cache of the service's folder, and what a caller needs to choose among them.
 * The cache survives lost connections and compactions and keeps what it knew last while nobody answers (`stale`), because an
 * instance that was there a minute ago is a better guess than none. `strategy.ts` has the choice, `ejections.ts` who is passed over.
 */
import {
  type CallOptions,
  type Change,
  type ChangesOptions,
  type DecodeError,
  type KeyCache,
  prefix,
  type Store,
} from "@kvorum/client";
import { Interrupt, persist, unlessAborted } from "../../interrupt.js";
import { type InstanceChange, InstanceChanges } from "./change.js";
import { type EjectionOptions, Ejections } from "./ejections.js";
import { type Endpoint, folderOf, type Instance, instanceOf } from "./endpoint.js";
import { type Strategy, type StrategyName, strategyOf } from "./strategy.js";

export interface DirectoryOptions<M> {
  /** How `pick` chooses. Default `round-robin`. */
  readonly strategy?: StrategyName | Strategy<M>;
  /** When instances that fail are passed over. */
  readonly ejection?: EjectionOptions;
  /** Told of an instance that cannot be read. It stays as it was when it could be; one that never could be is left out. */
  readonly onInvalid?: (error: DecodeError) => void;
  /** Aborting closes. */
  readonly signal?: AbortSignal;
}

export interface PickOptions<M> {
  /** Those are taken if there are any (the same zone, say), otherwise all. */
  readonly prefer?: (instance: Instance<M>) => boolean;
  /** Not these, even if there is no other: those that were tried already. */
  readonly exclude?: readonly Instance<M>[];
  /** What the call is about, for `rendezvous`. */
  readonly key?: string;
  /** For this call. Default: the directory's. */
  readonly strategy?: StrategyName | Strategy<M>;
}

/** Disposing closes. */
export interface ServiceDirectory<M = unknown> extends AsyncDisposable {
  readonly service: string;
  /**
   * Resolves when the instances have been read for the first time, however long nobody answers. Errors: what ended the directory
   * before.
   */
  readonly ready: Promise<void>;
  /** In the order of their keys; as they were last while nobody answers. Empty before `ready`. */
  readonly instances: readonly Instance<M>[];
  /** May there be changes that are not known here? True before `ready`, and while there is no watch. */
  readonly stale: boolean;
  /** Aborts when it has ended: closed, or with an `EtcdError` that asking again does not change. */
  readonly signal: AbortSignal;
  /** What changes after this call; conflated for a consumer that is slow. Errors of the iteration, once: what ended it. */
  changes(options?: ChangesOptions): AsyncIterableIterator<InstanceChange<M>, undefined, undefined>;
  /** An instance for the next call, or undefined where there is none. Errors: `TypeError` of a wrong strategy. */
  pick(options?: PickOptions<M>): Instance<M> | undefined;
  /** Counts a call to the instance as under way, for `least-pending`, until it is disposed. */
  track(instance: Instance<M>): Disposable;
  /** A call to it has failed in a way that speaks against the instance. After some in a row it is passed over for a while. */
  reportFailure(instance: Instance<M>): void;
  /** A call to it has succeeded: earlier failures are forgotten. */
  reportSuccess(instance: Instance<M>): void;
  /**
   * Resolves with the instances as soon as there are so many. Errors: `RangeError`; `TimeoutError` (10,000 ms by default); what
   * ended the directory; `signal.reason`.
   */
  waitFor(count: number, options?: Pick<CallOptions, "signal" | "timeout">): Promise<readonly Instance<M>[]>;
  /** Ends the watch; the instances stay as they were last. Idempotent. */
  close(): Promise<void>;
}

const WAIT_MS = 10_000;

export class LiveDirectory<M> implements ServiceDirectory<M> {
  readonly service: string;
  readonly ready: Promise<void>;
  readonly #store: Store<Endpoint<M>>;
  readonly #strategy: Strategy<M>;
  readonly #onInvalid: (error: DecodeError) => void;
  readonly #ejections: Ejections;
  readonly #pending = new Map<string, number>();
  readonly #life = new AbortController();
  readonly #opened: Promise<KeyCache<Endpoint<M>>>;
  readonly #forgetSignal: () => void;
  #cache: KeyCache<Endpoint<M>> | undefined;
  #known: { readonly pairs: readonly unknown[]; readonly instances: readonly Instance<M>[] } | undefined;
  #last: string | undefined;

  constructor(store: Store<Endpoint<M>>, service: string, options: DirectoryOptions<M>) {
    this.#store = store;
    this.service = service;
    this.#strategy = strategyOf(options.strategy ?? "round-robin");
    this.#ejections = new Ejections(options.ejection);
    this.#onInvalid = options.onInvalid ?? (() => undefined);
    const { signal } = options;
    const onAbort = (): void => this.#end(signal?.reason);
    this.#forgetSignal = () => signal?.removeEventListener("abort", onAbort);
    if (signal?.aborted) this.#end(signal.reason);
    else signal?.addEventListener("abort", onAbort, { once: true });
    this.#opened = this.#open();
    this.ready = this.#opened.then(() => undefined);
    // Nobody has to wait for it; `signal` says the same.
    this.ready.catch(() => undefined);
  }

  get instances(): readonly Instance<M>[] {
    if (this.#cache === undefined) return [];
    const pairs = [...this.#cache];
    if (this.#known !== undefined && sameItems(this.#known.pairs, pairs)) return this.#known.instances;
    const instances = pairs.map((kv) => instanceOf(this.service, kv)).filter((each) => each !== undefined);
    this.#ejections.retain(new Set(instances.map(idOf)));
    this.#known = { pairs, instances };
    return instances;
  }

  get stale(): boolean {
    return this.#cache?.stale ?? true;
  }

  get signal(): AbortSignal {
    return this.#life.signal;
  }

  changes(options: ChangesOptions = {}): AsyncIterableIterator<InstanceChange<M>, undefined, undefined> {
    const { initial = false, signal } = options;
    return new InstanceChanges(
      this.service,
      (stop) => {
        // Nothing was there at the time of the call where the first reading is still to come: then all of it is a change.
        const first = (
          cache: KeyCache<Endpoint<M>>,
        ): AsyncIterableIterator<Change<Endpoint<M>>, undefined, undefined> =>
          cache.changes({ initial: true, signal: stop });
        return this.#cache?.changes({ initial, signal: stop }) ?? this.#opened.then(first);
      },
      signal,
    );
  }

  pick(options: PickOptions<M> = {}): Instance<M> | undefined {
    const { prefer, exclude = [], key } = options;
    const strategy = options.strategy === undefined ? this.#strategy : strategyOf(options.strategy);
    const { instances } = this;
    const { clock, random } = this.#store.world;
    const out = this.#ejections.out(instances.map(idOf), clock.nowMs());
    const tried = new Set(exclude.map(idOf));
    const left = instances.filter((instance) => !tried.has(idOf(instance)));
    // One that is passed over is better than none at all.
    const sound = left.filter((instance) => !out.has(idOf(instance)));
    const fit = sound.length > 0 ? sound : left;
    const wanted = prefer === undefined ? [] : fit.filter(prefer);
    const candidates = wanted.length > 0 ? wanted : fit;
    if (candidates.length === 0) return undefined;
    const pending = (instance: Instance<M>): number => this.#pending.get(instance.key) ?? 0;
    const picked = strategy(candidates, { key, last: this.#last, pending, random });
    this.#last = picked.key;
    return picked;
  }

  track({ key }: Instance<M>): Disposable {
    this.#pending.set(key, (this.#pending.get(key) ?? 0) + 1);
    let over = false;
    return {
      [Symbol.dispose]: () => {
        if (over) return;
        over = true;
        const left = (this.#pending.get(key) ?? 1) - 1;
        if (left === 0) this.#pending.delete(key);
        else this.#pending.set(key, left);
      },
    };
  }

  reportFailure(instance: Instance<M>): void {
    const id = idOf(instance);
    if (!this.instances.some((each) => idOf(each) === id)) return;
    this.#ejections.failed(id, this.#store.world.clock.nowMs());
  }

  reportSuccess(instance: Instance<M>): void {
    this.#ejections.succeeded(idOf(instance));
  }

  async waitFor(count: number, options: Pick<CallOptions, "signal" | "timeout"> = {}): Promise<readonly Instance<M>[]> {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new RangeError(`count must be a whole number of at least 0, not ${count}`);
    }
    const what = `the wait for ${count} instances of ${JSON.stringify(this.service)}`;
    using wait = new Interrupt(this.#store.world, what, [options.signal, this.signal], options.timeout ?? WAIT_MS);
    await unlessAborted(this.ready, wait.signal);
    const changes = this.changes({ signal: wait.signal });
    try {
      while (this.instances.length < count) {
        wait.signal.throwIfAborted();
        await changes.next();
      }
      return this.instances;
    } finally {
      await changes.return?.();
    }
  }

  async close(): Promise<void> {
    this.#end(new DOMException(`the directory of ${JSON.stringify(this.service)} was closed`, "AbortError"));
    await this.#opened.then(
      (cache) => cache.close(),
      () => undefined,
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #open(): Promise<KeyCache<Endpoint<M>>> {
    const { signal } = this.#life;
    try {
      const folder = prefix(folderOf(this.service));
      const opening = (): Promise<KeyCache<Endpoint<M>>> =>
        this.#store.cache(folder, { onDecodeError: this.#onInvalid, signal });
      const cache = await persist(this.#store.world, signal, opening);
      cache.signal.addEventListener("abort", () => this.#end(cache.signal.reason), { once: true });
      this.#cache = cache;
      return cache;
    } catch (error) {
      this.#end(error);
      throw error;
    }
  }

  #end(reason: unknown): void {
    if (this.#life.signal.aborted) return;
    this.#forgetSignal();
    this.#life.abort(reason);
  }
}

/** A registration that was lost and made again starts with a clean record. */
function idOf({ key, createRevision }: Instance<unknown>): string {
  return `${createRevision} ${key}`;
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}
