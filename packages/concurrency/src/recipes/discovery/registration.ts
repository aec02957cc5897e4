/**
 * One registration, and how it heals. A key under a lease says "I am here", which nobody else is kept from doing by it; so,
 * unlike a lock, it may be put back when it was lost: with a new lease where the lease is gone, with the same one where only
 * the key is.
 *
 * Who owns the key. Every write is a compare-and-set on the revision that was read last, so a write that arrives late, after
 * another one, does nothing. Only the first write of a registration may replace somebody else's key (the process before us on
 * the same port may be dead, and its lease need not be over); healing never does. So the newest registration of an address
 * wins, an older one finds a lease that is none of its own and ends with an `AddressTakenError`, and two processes replace each
 * other's key at most as often as `register` is called. A write whose answer was lost is sent again and finds its own key.
 *
 * The loop: a session, the write, then a watch from the next revision on until the key or the session is gone or there is
 * something new to write. One loop does all writes, so that `update` and healing cannot cross.
 */
import {
  bytes,
  type CallOptions,
  type Client,
  CompactedError,
  compare,
  isEtcdError,
  op,
  type Store,
} from "@kvorum/client";
import { SessionExpiredError } from "../../errors.js";
import { Interrupt, isTransient, pause, persist, unlessAborted } from "../../interrupt.js";
import { createSession, type Session } from "../../session.js";
import { AddressTakenError } from "./errors.js";

/**
 * - `registered`: the key was there when last heard of, and the lease is renewed.
 * - `healing`: it is not, or nobody answers; it is being put back.
 * - `ended`: closed, taken over, or impossible; `signal.reason` says which.
 */
export type RegistrationState = "registered" | "healing" | "ended";

/** Disposing closes. */
export interface Registration<M = unknown> extends AsyncDisposable {
  readonly service: string;
  readonly addr: string;
  readonly key: string;
  /** Of the lease that the key has; another one after it was lost. */
  readonly leaseId: bigint;
  readonly state: RegistrationState;
  /**
   * Aborts when the registration has ended: with an `AddressTakenError`, with the `SessionExpiredError` of a shared session, with
   * an `EtcdError` that asking again does not change, and with an `AbortError` when its owner closes it.
   */
  readonly signal: AbortSignal;
  /**
   * Says something else of the same instance. Resolves when it is there; of several at once the last one counts. The new metadata
   * is what is put back from now on, even when waiting for it is given up.
   *
   * Errors: `TypeError` of what is no JSON; `TimeoutError` (10,000 ms by default); what ended the registration; `signal.reason`.
   */
  update(metadata: M, options?: Pick<CallOptions, "signal" | "timeout">): Promise<void>;
  /**
   * Takes the instance out: the key is gone when it resolves. Where no member answers within five seconds it resolves as well,
   * since the lease then runs out by itself. What another process has registered meanwhile stays. Idempotent.
   */
  close(): Promise<void>;
}

export interface RegistrationInit {
  readonly client: Client;
  /** Under which the key lives; undefined for leases of the registration's own. */
  readonly shared: Session | undefined;
  /** Seconds, of leases of its own. */
  readonly ttl: number;
  readonly service: string;
  readonly addr: string;
  readonly key: string;
  readonly value: Uint8Array;
  /** May the first write replace the key of somebody else? */
  readonly takeOver: boolean;
}

/** Milliseconds that a registration or an update waits by default. */
export const ANSWER_MS = 10_000;
const CLOSE_MS = 5_000;
/** Waits between repairs that follow each other closely, doubling. The first one does not wait. */
const REPAIR_BASE_MS = 100;
const REPAIR_CAP_MS = 5_000;
/** A registration that has stood for so long is repaired without a wait again. */
const STEADY_MS = 30_000;
/** So many of the leases that were lost are remembered. Older ones are over by any clock. */
const LEASES_MAX = 8;

interface Waiter {
  readonly version: number;
  resolve(): void;
  reject(reason: unknown): void;
}

/** A key that is kept in place. `ServiceRegistry` makes a `Registration` of it, which knows of metadata. */
export class KeptKey {
  readonly #init: RegistrationInit;
  readonly #store: Store<Uint8Array>;
  readonly #stop = new AbortController();
  /** Ends a write that closing waits for. */
  readonly #giveUp = new AbortController();
  readonly #over = new AbortController();
  readonly #running: Promise<void>;
  /** Leases that were or are ours, the newest last. A key of one of them is our key. */
  readonly #leases: bigint[] = [];
  #session: Session | undefined;
  #value: Uint8Array;
  #version = 1;
  #writtenVersion = 0;
  #inPlace = false;
  /** Of the key as it was read or written last, 0 where it did not exist. */
  #modRevision = 0n;
  #changed = new AbortController();
  #waiters: Waiter[] = [];
  #closing: Promise<void> | undefined;

  constructor(init: RegistrationInit) {
    this.#init = init;
    this.#store = init.client.withCodec(bytes);
    this.#value = init.value;
    this.#running = this.#run();
  }

  get leaseId(): bigint {
    return this.#leases.at(-1) ?? 0n;
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  get state(): RegistrationState {
    if (this.#over.signal.aborted) return "ended";
    return this.#inPlace && this.#session?.state === "active" ? "registered" : "healing";
  }

  /** Resolves when the value, or a later one, is in place. */
  async write(
    value: Uint8Array | undefined,
    what: string,
    options: Pick<CallOptions, "signal" | "timeout"> = {},
  ): Promise<void> {
    const { world } = this.#init.client;
    using wait = new Interrupt(world, what, [options.signal, this.signal], options.timeout ?? ANSWER_MS);
    wait.signal.throwIfAborted();
    if (value !== undefined) {
      this.#value = value;
      this.#version += 1;
      this.#changed.abort();
    }
    let waiter: Waiter | undefined;
    const written = new Promise<void>((resolve, reject) => {
      waiter = { version: this.#version, resolve, reject };
      this.#waiters.push(waiter);
      this.#tell();
    });
    await unlessAborted(written, wait.signal).finally(() => {
      this.#waiters = this.#waiters.filter((each) => each !== waiter);
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { client, shared } = this.#init;
    this.#stop.abort(
      new DOMException(`the registration of ${JSON.stringify(this.#init.key)} was closed`, "AbortError"),
    );
    // A write of a lease of our own is refused once the lease is revoked. One of a shared lease could put the key after it was
    // removed, so its answer is waited for.
    if (shared === undefined) this.#giveUp.abort(this.#stop.signal.reason);
    const cancel = client.world.clock.after(CLOSE_MS, () => this.#giveUp.abort(this.#stop.signal.reason));
    await this.#running;
    cancel();
    if (shared !== undefined && this.signal.reason === this.#stop.signal.reason) await this.#remove(shared);
  }

  /** Never rejects: how it ended is the signal's to say. */
  async #run(): Promise<void> {
    let reason: unknown;
    try {
      await this.#keep();
      reason = this.#stop.signal.reason;
    } catch (error) {
      reason = this.#stop.signal.aborted ? this.#stop.signal.reason : error;
    }
    this.#inPlace = false;
    this.#over.abort(reason);
    for (const { reject } of this.#waiters.splice(0)) reject(reason);
    // Revoking deletes the key, unless it has another lease by now.
    if (this.#init.shared === undefined) await this.#session?.close().catch(() => undefined);
  }

  /** Until it is closed. Errors: whatever ends a registration. */
  async #keep(): Promise<void> {
    const { world } = this.#init.client;
    for (let repairs = 0; !this.#stop.signal.aborted; ) {
      const session = await this.#sessionOf();
      const sinceMs = world.clock.nowMs();
      try {
        while (await this.#standing(session));
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        if (!this.#heals(error, session)) throw error;
      }
      this.#inPlace = false;
      if (this.#stop.signal.aborted) return;
      if (world.clock.nowMs() - sinceMs > STEADY_MS) repairs = 0;
      if (repairs > 0) {
        const ceiling = Math.min(REPAIR_CAP_MS, REPAIR_BASE_MS * 2 ** (repairs - 1));
        await pause(world, ceiling * (0.5 + world.random() / 2), this.#stop.signal);
      }
      repairs += 1;
    }
  }

  /** Puts the key where it has to be put and watches it. True when there is something new to write, false when it is gone. */
  async #standing(session: Session): Promise<boolean> {
    this.#changed = new AbortController();
    await this.#put(session);
    using round = new Interrupt(this.#init.client.world, "", [this.#stop.signal, session.signal, this.#changed.signal]);
    try {
      if (await this.#watch(session, round.signal)) return false;
    } catch (error) {
      // After a compaction the write reads again what is there.
      if (!round.signal.aborted && !(error instanceof CompactedError)) throw error;
    }
    return !this.#stop.signal.aborted && !session.signal.aborted;
  }

  /** The compare-and-set, until the key is ours and says what it should. Errors: `AddressTakenError`, `EtcdError`. */
  async #put(session: Session): Promise<void> {
    const { client, key } = this.#init;
    const mayReplace = this.#init.takeOver && this.#writtenVersion === 0;
    const [value, version] = [this.#value, this.#version];
    using end = new Interrupt(client.world, "", [this.#giveUp.signal, session.signal]);
    const write = { lease: session.leaseId, signal: end.signal };
    for (;;) {
      const result = await persist(client.world, end.signal, () =>
        this.#store.compareAndSet(key, this.#modRevision, value, write),
      );
      if (result.ok) {
        this.#modRevision = result.revision;
        break;
      }
      this.#modRevision = result.current?.modRevision ?? 0n;
      if (result.current === undefined) continue;
      const { lease, value: found } = result.current;
      if (lease === session.leaseId && sameBytes(found, value)) break;
      if (!mayReplace && !this.#leases.includes(lease)) throw new AddressTakenError(key, lease);
    }
    this.#writtenVersion = version;
    this.#inPlace = true;
    this.#tell();
  }

  /** True when the key is gone or has to be written again. Ends, or rejects with its reason, when the signal aborts. */
  async #watch(session: Session, signal: AbortSignal): Promise<boolean> {
    const { key } = this.#init;
    for await (const event of this.#store.watch(key, { startRevision: this.#modRevision + 1n, signal })) {
      if (event.type === "delete") {
        this.#modRevision = 0n;
        return true;
      }
      if (event.type !== "put") continue;
      const { lease, modRevision } = event.kv;
      this.#modRevision = modRevision;
      if (lease === session.leaseId) continue;
      // A write of ours under a lease that is lost has come late.
      if (this.#leases.includes(lease)) return true;
      throw new AddressTakenError(key, lease);
    }
    return false;
  }

  async #sessionOf(): Promise<Session> {
    const { client, shared, ttl } = this.#init;
    const session = shared ?? this.#session;
    if (session !== undefined && !session.signal.aborted) return this.#adopt(session);
    if (shared !== undefined) throw shared.signal.reason;
    const { signal } = this.#stop;
    return this.#adopt(await persist(client.world, signal, () => createSession(client, { ttl, signal })));
  }

  #adopt(session: Session): Session {
    this.#session = session;
    if (!this.#leases.includes(session.leaseId)) this.#leases.push(session.leaseId);
    if (this.#leases.length > LEASES_MAX) this.#leases.shift();
    return session;
  }

  /** Is it something that a new lease, or patience, makes good? */
  #heals(error: unknown, session: Session): boolean {
    const { shared } = this.#init;
    const leaseGone = isEtcdError(error, "lease-not-found") || session.signal.aborted;
    if (!leaseGone) return isTransient(error);
    if (shared === undefined) {
      // The server says so before the lease has heard of it.
      this.#session = undefined;
      session.close().catch(() => undefined);
      return true;
    }
    throw shared.signal.reason ?? new SessionExpiredError(shared.leaseId, "has expired", error);
  }

  /** From a shared lease. Where nobody answers, the key goes with the session. */
  async #remove(session: Session): Promise<void> {
    const { client, key } = this.#init;
    const ours = compare.lease(key).eq(session.leaseId);
    using end = new Interrupt(client.world, "removing a registration", [session.signal], CLOSE_MS);
    await persist(client.world, end.signal, () =>
      this.#store.txn({ if: [ours], then: [op.delete(key)] }, { signal: end.signal }),
    ).catch((error: unknown) => {
      if (!isEtcdError(error) && error !== end.signal.reason) throw error;
    });
  }

  #tell(): void {
    if (!this.#inPlace) return;
    for (const waiter of this.#waiters.filter(({ version }) => version <= this.#writtenVersion)) waiter.resolve();
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
