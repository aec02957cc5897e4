/**
 * From a queue of jobs to a claimed one: look, claim, and where there is nothing wait from the revision of the look.
 *
 * The look is one txn of reads: the first ready places, how many jobs are claimed and how many of them are held, and which
 * delayed ones are due. Its cost does not grow with the queue. What it finds to be moved is moved first, so whoever claims
 * keeps the queue in order, and no process has to be there for it.
 */
import { type Codec, DecodeError, type KeyValue, range, type WatchBatch } from "@kvorum/client";
import { checkEnds } from "../../contention/checks.js";
import { isSession, type Owner } from "../../contention/contend.js";
import { LocalQueue } from "../../contention/local-queue.js";
import { SessionExpiredError } from "../../errors.js";
import { Interrupt, pause, persist, unlessAborted } from "../../interrupt.js";
import type { Session } from "../../session.js";
import { type Claim, claim } from "./claims.js";
import { bury, ClaimedJob, forget, type Job, unclaim } from "./job.js";
import { type DequeueOptions, decoded, LOOK_MS } from "./line.js";
import { TRIED_MAX } from "./take-first.js";
import { MOVED_MAX, type Moves, promote, recover } from "./transitions.js";
import { Stagger, untilChange } from "./waiting.js";
import type { WorkerSession } from "./worker-session.js";

/** Milliseconds over which those who see the jobs of a dead worker spread their attempts to give them back. */
const RECOVER_SPREAD_MS = 16;
/** Milliseconds after which the wall clock is read again while a delayed job waits: it may have been set meanwhile. */
const CLOCK_CHECK_MS = 30_000;

/** Nothing to claim at that revision; `dueMs` is when the next delayed job is. */
interface Idle {
  readonly revision: bigint;
  readonly dueMs: number | undefined;
}

interface Look extends Idle {
  readonly ready: readonly KeyValue<Uint8Array>[];
  readonly due: readonly KeyValue<Uint8Array>[];
  readonly orphans: boolean;
}

export class WorkConsumer<T> {
  readonly #owner: Owner;
  readonly #moves: Moves;
  readonly #codec: Codec<T>;
  readonly #session: WorkerSession;
  readonly #stop = new AbortController();
  /** Of all that wait in this process one waits in etcd. */
  readonly #waiters = new LocalQueue();

  constructor(owner: Owner, moves: Moves, codec: Codec<T>, session: WorkerSession) {
    this.#owner = owner;
    this.#moves = moves;
    this.#codec = codec;
    this.#session = session;
  }

  /** Up to `limit` jobs, at least one. `onEnd` is called for each when its claim has ended. */
  async claim(limit: number, options: DequeueOptions, onEnd: () => void): Promise<Job<T>[]> {
    using wait = this.#interrupt("the wait for a job", options);
    const now = await this.#claimNow(limit, wait.signal, onEnd);
    if (Array.isArray(now)) return now;
    const slot = await this.#waiters.take(this.#moves.layout.root, wait.signal);
    const stagger = new Stagger();
    try {
      for (;;) {
        const found = await this.#claimNow(limit, wait.signal, onEnd);
        if (Array.isArray(found)) return found;
        await this.#untilWork(found, wait.signal);
        await stagger.wait(this.#moves.store.world, wait.signal);
        stagger.lost();
      }
    } finally {
      slot.free();
    }
  }

  /** None where there is nothing to claim now. */
  async tryClaim(limit: number, options: DequeueOptions, onEnd: () => void): Promise<Job<T>[]> {
    using wait = this.#interrupt("the look for a job", { ...options, timeout: options.timeout ?? LOOK_MS });
    const found = await this.#claimNow(limit, wait.signal, onEnd);
    return Array.isArray(found) ? found : [];
  }

  /** Ends every wait. */
  close(): void {
    this.#stop.abort(new DOMException("the work queue was closed", "AbortError"));
  }

  /** Errors: `TypeError`, `RangeError`. */
  #interrupt(what: string, options: DequeueOptions): Interrupt {
    checkEnds(options);
    const { signal, timeout } = options;
    const shared = isSession(this.#owner) ? this.#owner.signal : undefined;
    return new Interrupt(this.#moves.store.world, what, [this.#stop.signal, signal, shared], timeout);
  }

  async #claimNow(limit: number, signal: AbortSignal, onEnd: () => void): Promise<Job<T>[] | Idle> {
    for (;;) {
      const { due, orphans, ready, ...idle } = await this.#look(limit, signal);
      if (orphans) {
        await pause(this.#moves.store.world, RECOVER_SPREAD_MS * this.#moves.store.world.random(), signal);
        await recover(this.#moves, signal);
      } else if (due.length > 0) {
        await promote(this.#moves, due, signal);
      } else if (ready.length > 0) {
        const jobs = await this.#toJobs(await this.#claimAgain(ready, limit, signal), onEnd);
        if (jobs.length > 0) return jobs;
      } else {
        return idle;
      }
    }
  }

  async #look(limit: number, signal: AbortSignal): Promise<Look> {
    const { layout, store } = this.#moves;
    const { op } = store;
    const nowMs = Math.floor(store.world.clock.wallMs());
    const untilNow = range(layout.delayed.key, layout.delayedKey(nowMs + 1, ""));
    const reads = [
      op.list(layout.ready, { limit: limit + TRIED_MAX - 1 }),
      op.count(layout.claimed),
      op.count(layout.held),
      op.list(untilNow, { limit: MOVED_MAX }),
      op.list(layout.delayed, { limit: 1, keysOnly: true }),
    ] as const;
    const result = await persist(store.world, signal, () => store.txn({ then: reads }, { signal }));
    if (!result.succeeded) throw new Error("a txn without conditions did not succeed");
    const [ready, claimed, held, due, next] = result.responses;
    const first = next.kvs[0];
    return {
      ready: ready.kvs,
      orphans: claimed > held,
      due: due.kvs,
      revision: result.header.revision,
      dueMs: first && layout.dueOf(first.key),
    };
  }

  /** What fails on the way to a claim was not applied, or else settled: it may be repeated. */
  #claimAgain(ready: Look["ready"], limit: number, signal: AbortSignal): Promise<readonly Claim[]> {
    return persist(this.#moves.store.world, signal, () => this.#claim(ready, limit, signal));
  }

  /** Whoever gives up while the claim is under way does not get it: it is given back when its outcome is known. */
  async #claim(ready: Look["ready"], limit: number, signal: AbortSignal): Promise<readonly Claim[]> {
    const session = await this.#session.usable(signal);
    signal.throwIfAborted();
    const claiming = claim(this.#moves, session, ready, limit);
    try {
      return await unlessAborted(claiming, signal);
    } catch (error) {
      if (signal.aborted) {
        void claiming
          .then((claims) => Promise.all(claims.map((each) => unclaim(this.#moves, each))))
          .catch(() => undefined);
      } else if (error instanceof SessionExpiredError && !isSession(this.#owner)) {
        this.#session.renew(session);
        return [];
      }
      throw error;
    }
  }

  async #toJobs(claims: readonly Claim[], onEnd: () => void): Promise<Job<T>[]> {
    const jobs = await Promise.all(claims.map((each) => this.#toJob(each, each.session, onEnd)));
    return jobs.filter((job) => job !== undefined);
  }

  /** Undefined for a job that no worker can do; it is out of the way then. */
  async #toJob(each: Claim, { signal }: Session, onEnd: () => void): Promise<Job<T> | undefined> {
    // A session that is over has given everything back.
    const unlessOver = (error: unknown): void => {
      if (!signal.aborted) throw error;
    };
    if (each.value === undefined) {
      await forget(this.#moves, each, signal).catch(unlessOver);
      return undefined;
    }
    try {
      return new ClaimedJob(this.#moves, each, await decoded(this.#codec, each.value), onEnd);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      await bury(this.#moves, each, signal).catch(unlessOver);
      return undefined;
    }
  }

  /** Resolves when a job became ready or delayed, a worker's lease has ended, or a delayed job is due. */
  async #untilWork({ revision, dueMs }: Idle, signal: AbortSignal): Promise<void> {
    const { layout, store } = this.#moves;
    const { clock } = store.world;
    const due = new AbortController();
    const waitMs = dueMs === undefined ? undefined : Math.min(CLOCK_CHECK_MS, Math.max(1, dueMs - clock.wallMs()));
    const cancel = waitMs === undefined ? undefined : clock.after(waitMs, () => due.abort());
    try {
      using either = new Interrupt(store.world, "", [signal, due.signal]);
      await untilChange(store, layout.index, revision, either.signal, {}, (batch) => this.#isWork(batch));
    } catch (error) {
      signal.throwIfAborted();
      if (!due.signal.aborted) throw error;
    } finally {
      cancel?.();
    }
  }

  /** A claim and its end change the index as well, and are nothing to wake for. */
  #isWork({ events }: WatchBatch<Uint8Array>): boolean {
    const { layout } = this.#moves;
    const [held, claimed] = [layout.heldKey(""), layout.claimedKey("")];
    const ended = new Set<string>();
    for (const event of events) {
      if (event.type === "put" && !event.kv.key.startsWith(claimed) && !event.kv.key.startsWith(held)) return true;
      if (event.type === "delete" && event.key.startsWith(claimed)) ended.add(layout.placeOf(event.key));
    }
    return events.some(
      (event) => event.type === "delete" && event.key.startsWith(held) && !ended.has(layout.placeOf(event.key)),
    );
  }
}
