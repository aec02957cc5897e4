/**
 * Electing one leader among the processes that campaign under a name, and following who leads. Interoperable with
 * `etcdctl elect` and the elections of etcd's own client. `lead.ts` has the loop that most workers want.
 */
import { bytes, type CallOptions, type Codec, isEtcdError, type Key, type KeyValue, utf8 } from "@kvorum/client";
import { checkOwner, checkTtl } from "../contention/checks.js";
import { type AcquireOptions, clientOf, contend, isSession, type Owner } from "../contention/contend.js";
import { localQueueOf, NO_SLOT } from "../contention/local-queue.js";
import { Queue } from "../contention/queue.js";
import { createSession, type Session } from "../session.js";
import { lead } from "./lead.js";
import { checkLead, type LeadOptions } from "./lead-options.js";
import { HeldLeadership, type Leadership } from "./leadership.js";
import { type Leader, type Observation, type ObserveOptions, observe, toLeader } from "./observe.js";

export interface ElectionOptions<V> {
  /** Seconds to live of the session that each campaign opens where the owner is a client. Default 15. */
  readonly ttl?: number;
  /** How values are written. Default: text, and then `V` is `string`. */
  readonly codec?: Codec<V>;
}

export class Election<V = string> {
  readonly #owner: Owner;
  readonly #queue: Queue;
  readonly #codec: Codec<V>;
  readonly #ttl: number | undefined;

  /** Errors: `TypeError`, `RangeError` for wrong arguments. */
  constructor(owner: Owner, name: Key, options: ElectionOptions<V> = {}) {
    checkOwner(owner, "an election");
    checkTtl(options.ttl);
    this.#owner = owner;
    this.#queue = new Queue(clientOf(owner), name);
    // Without a codec V is string, as the options say.
    this.#codec = options.codec ?? (utf8 as unknown as Codec<V>);
    this.#ttl = options.ttl;
  }

  /**
   * Waits until this process leads, with `value` for all to see.
   *
   * Errors: `TimeoutError` after `timeout`; `SessionExpiredError` when the session is lost meanwhile; `signal.reason`;
   * `EtcdError`. Then no key of this campaign is left.
   */
  async campaign(value: V, options?: AcquireOptions): Promise<Leadership<V>> {
    const held = await contend(
      this.#owner,
      this.#queue.contender(this.#codec.encode(value)),
      { ttl: this.#ttl },
      options,
    );
    return new HeldLeadership(held, this.#codec);
  }

  /**
   * Campaigns and runs `body` while leading, and again after every loss. The body must end when `leadership.signal` aborts:
   * it is waited for before the next campaign. Resolves when the body returns while it leads, and when `signal` aborts.
   *
   * Errors: what the body throws while it leads; `SessionExpiredError` when the election's own session is lost; `EtcdError`
   * where waiting does not help, such as a missing permission; what `onTransition` throws; `TypeError` and `RangeError` for
   * wrong arguments.
   */
  async lead(value: V, body: (leadership: Leadership<V>) => Promise<void>, options: LeadOptions = {}): Promise<void> {
    checkLead(body, options);
    const session = isSession(this.#owner) ? this.#owner.signal : undefined;
    const { world } = clientOf(this.#owner);
    await lead({ world, campaign: (wait) => this.campaign(value, wait), session }, body, options);
  }

  /** Who leads now, or undefined. It may have changed by the time the answer is here. */
  async leader(options?: CallOptions): Promise<Leader<V> | undefined> {
    const { owner } = await this.#queue.first(this.#codec, options);
    return owner && toLeader(owner);
  }

  /**
   * The leader now and after every change, `undefined` while there is none. Values in between may be passed over.
   *
   * Errors of the iteration: `DecodeError`, `EtcdError`.
   */
  observe(options?: ObserveOptions): Observation<V> {
    return observe(clientOf(this.#owner).withCodec(this.#codec), this.#queue, this.#codec, options);
  }

  /**
   * Takes a leadership up again that this process had before it restarted: `key` and `fencingToken` are what it wrote down.
   * Undefined when the key no longer leads, or its lease is gone.
   *
   * The token stays the same, so nothing tells the two apart: only for a process that is certain to have ended. One that still
   * runs leads as well.
   *
   * Errors: `RangeError` when the election has a session of another lease; `TypeError` for a token that is no bigint;
   * `EtcdError`. Then the lease is left to run out.
   */
  async resume(key: string, fencingToken: bigint, options?: CallOptions): Promise<Leadership<V> | undefined> {
    if (typeof fencingToken !== "bigint") {
      throw new TypeError(`fencingToken must be a bigint, not ${typeof fencingToken}`);
    }
    const leads = async (): Promise<KeyValue<Uint8Array> | undefined> => {
      const { owner } = await this.#queue.first(bytes, options);
      return owner?.key === key && owner.createRevision === fencingToken ? owner : undefined;
    };
    const before = await leads();
    if (before === undefined) return undefined;
    const session = await this.#sessionOf(before.lease);
    if (session === undefined) return undefined;
    const privateSession = session !== this.#owner;
    let confirmed: KeyValue<Uint8Array> | undefined;
    try {
      // It may have gone until the lease was ours to keep alive. From here on only somebody's hand can take it.
      confirmed = await leads();
    } finally {
      if (confirmed === undefined && privateSession) session.orphan();
    }
    if (confirmed === undefined) return undefined;
    // Where the process contends already, it waits behind this key anyway.
    const slot = localQueueOf(session.client).tryTake(this.#queue.id) ?? NO_SLOT;
    const place = { key: confirmed.keyBytes, createRevision: fencingToken };
    const held = { queue: this.#queue, place, session, privateSession, slot };
    return new HeldLeadership(held, this.#codec, confirmed.modRevision);
  }

  async #sessionOf(leaseId: bigint): Promise<Session | undefined> {
    if (isSession(this.#owner)) {
      if (this.#owner.leaseId === leaseId) return this.#owner;
      throw new RangeError(
        `the key belongs to lease ${leaseId}, the session of this election to ${this.#owner.leaseId}`,
      );
    }
    try {
      return await createSession(this.#owner, { leaseId });
    } catch (error) {
      if (isEtcdError(error, "lease-not-found")) return undefined;
      throw error;
    }
  }
}
