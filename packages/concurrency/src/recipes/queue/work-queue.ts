/**
 * A queue of jobs that are done at least once. A job is claimed by a worker, and is its own for as long as the worker's session
 * lives; it ends when the worker acknowledges it, and comes back when the worker gives it back or dies. Read
 * `work-layout.ts` for the states of a job, `claims.ts` for how one is claimed, `job.ts` for how a claim ends and
 * `transitions.ts` for what happens when a worker has gone.
 *
 * No job is lost: between enqueueing and acknowledgement each txn deletes one key of state and puts another, and the only keys
 * that go by themselves are those of `held`, which stands for no state of its own. No job is acknowledged twice: an
 * acknowledgement is on condition of its claim's key and deletes it, and claims of one job follow each other. A step whose
 * outcome is unknown is either settled (claims), repeated to the same effect (giving back, moving) or sent exactly once
 * (enqueueing, acknowledging).
 */
import { bytes, type Codec, type Op, utf8 } from "@kvorum/client";
import { checkOwner } from "../../contention/checks.js";
import { clientOf, type Owner } from "../../contention/contend.js";
import { checkWhole } from "../arguments.js";
import { checkKey, checkName, checkPriority, dueAt } from "./checks.js";
import { type DeadLetter, deadLetters } from "./dead-letters.js";
import type { Job } from "./job.js";
import type { DequeueOptions, QueueCallOptions } from "./line.js";
import { Tickets } from "./tickets.js";
import { MOVED_MAX, type Moves } from "./transitions.js";
import { WorkConsumer } from "./work-consumer.js";
import { encodeState, type JobState, WorkLayout } from "./work-layout.js";
import { WorkerSession } from "./worker-session.js";

export interface WorkQueueOptions<T> {
  /** How values are written. Default: text, and then `T` is `string`. */
  readonly codec?: Codec<T>;
  /** Deliveries after which a job that comes back becomes a dead letter. The same for all workers of a queue. Default 5. */
  readonly maxAttempts?: number;
  /**
   * Seconds to live of the session that is opened for the first claim, where the owner is a client: how long a job stays
   * with a worker that died. Default 15.
   */
  readonly ttl?: number;
}

export interface WorkEnqueueOptions extends QueueCallOptions {
  /** Milliseconds before it may be claimed, by the wall clocks of the producer and of whoever claims. Default 0. */
  readonly delayMs?: number;
  /** From 0, the most urgent, to 65,535. Default 1,000. */
  readonly priority?: number;
  /** While a job with this key is neither acknowledged nor deleted, no other one with it is enqueued. */
  readonly key?: string;
}

export interface Enqueued {
  readonly id: string;
  /** False where a job with the same key is there: `id` is its. */
  readonly enqueued: boolean;
}

export interface JobsOptions extends Pick<DequeueOptions, "signal"> {
  /** How many jobs of this iteration may be without an end at a time. Default 1. */
  readonly concurrency?: number;
}

/** How many jobs are in which state, at one revision. Those of a worker that has gone count as claimed until somebody looks. */
export interface WorkQueueStats {
  readonly ready: number;
  readonly delayed: number;
  readonly claimed: number;
  readonly dead: number;
}

const DEFAULT_ATTEMPTS = 5;
const ATTEMPTS_MAX = 1_000_000;
const DEFAULT_PRIORITY = 1_000;
const CONCURRENCY_MAX = 10_000;

/** Disposing closes. */
export class WorkQueue<T = string> implements AsyncDisposable {
  readonly #moves: Moves;
  readonly #codec: Codec<T>;
  readonly #tickets = new Tickets();
  readonly #session: WorkerSession;
  readonly #consumer: WorkConsumer<T>;

  /** Errors: `TypeError` for a name that is empty or no string; `RangeError` for the options. */
  constructor(owner: Owner, name: string, options: WorkQueueOptions<T> = {}) {
    checkOwner(owner, "a work queue");
    const { maxAttempts = DEFAULT_ATTEMPTS, ttl } = options;
    checkName(name);
    checkWhole(maxAttempts, 1, "maxAttempts", ATTEMPTS_MAX);
    // Without a codec T is string, as the options say.
    this.#codec = options.codec ?? (utf8 as unknown as Codec<T>);
    this.#moves = { store: clientOf(owner).withCodec(bytes), layout: new WorkLayout(name), maxAttempts };
    this.#session = new WorkerSession(owner, ttl);
    this.#consumer = new WorkConsumer(owner, this.#moves, this.#codec, this.#session);
  }

  /**
   * Puts a job in, exactly once.
   *
   * Errors: `TypeError`, `RangeError`; what the codec throws; `signal.reason` and `EtcdError` with the outcome `unknown`, and
   * then it may be in the queue. With a `key` the call can be repeated without another job coming of it.
   */
  async enqueue(value: T, options: WorkEnqueueOptions = {}): Promise<Enqueued> {
    const { delayMs, key, priority = DEFAULT_PRIORITY, ...call } = options;
    checkPriority(priority);
    if (key !== undefined) checkKey(key);
    const { layout, store } = this.#moves;
    const { clock } = store.world;
    const dueMs = delayMs === undefined ? 0 : dueAt(clock.wallMs(), delayMs);
    const payload = this.#codec.encode(value);
    const state: JobState = { attempts: 0, key };
    const write = (id: string): readonly Op[] => {
      const place = `${layout.line(priority).slice(layout.readyKey("").length)}${id}`;
      const index = delayMs !== undefined && delayMs > 0 ? layout.delayedKey(dueMs, place) : layout.readyKey(place);
      const job = [store.op.put(layout.jobKey(place), payload), store.op.put(index, encodeState(state))];
      return key === undefined ? job : [...job, store.op.put(layout.uniqueKey(key), new TextEncoder().encode(id))];
    };
    const unless = key === undefined ? undefined : layout.uniqueKey(key);
    const appended = await this.#tickets.append({ store, line: layout.line(priority), write, unless, options: call });
    if (appended instanceof Uint8Array) return { id: new TextDecoder().decode(appended), enqueued: false };
    return { id: appended.id, enqueued: true };
  }

  /**
   * Claims the first job, waiting for one where there is none. When it gives up, nothing stays claimed.
   *
   * Errors: `TimeoutError` after `timeout`; `signal.reason`; `SessionExpiredError` when the session that was given is lost;
   * `EtcdError`; an `AbortError` when the queue is closed.
   */
  async claim(options: DequeueOptions = {}): Promise<Job<T>> {
    return only(await this.#consumer.claim(1, options, nothing));
  }

  /** The first job, or undefined where none is ready. Errors: as of `claim`. */
  async tryClaim(options: QueueCallOptions = {}): Promise<Job<T> | undefined> {
    return (await this.#consumer.tryClaim(1, options, nothing))[0];
  }

  /** Claims at least one job and at most `limit` (1 to 32) in one step, in order. Errors: `RangeError`; as of `claim`. */
  async claimBatch(limit: number, options: DequeueOptions = {}): Promise<Job<T>[]> {
    checkWhole(limit, 1, "limit", MOVED_MAX);
    return this.#consumer.claim(limit, options, nothing);
  }

  /**
   * Job after job, each claimed when the loop asks for it and fewer than `concurrency` of those before are without an end (`ack`,
   * `nack`, `reject`, a lost claim). Aborting ends the iteration and leaves the jobs that are claimed to their workers.
   *
   * Errors: `RangeError`; as of `claim`.
   */
  jobs({ concurrency = 1, signal }: JobsOptions = {}): AsyncGenerator<Job<T>, void, undefined> {
    checkWhole(concurrency, 1, "concurrency", CONCURRENCY_MAX);
    return this.#jobs(concurrency, signal);
  }

  /** Jobs that are to be done: ready, delayed and claimed. */
  async size(options?: QueueCallOptions): Promise<number> {
    const { claimed, delayed, ready } = await this.stats(options);
    return ready + delayed + claimed;
  }

  async stats(options?: QueueCallOptions): Promise<WorkQueueStats> {
    const { layout, store } = this.#moves;
    const counted = [layout.ready, layout.delayed, layout.claimed, layout.dead] as const;
    const { responses } = await store.txn({ then: counted.map((each) => store.op.count(each)) }, options);
    const [ready = 0, delayed = 0, claimed = 0, dead = 0] = responses.map(Number);
    return { ready, delayed, claimed, dead };
  }

  /** The jobs that were delivered too often or cannot be done, as of one moment. Aborting ends it with the signal's reason. */
  deadLetters(options: Pick<DequeueOptions, "signal"> = {}): AsyncGenerator<DeadLetter<T>, void, undefined> {
    return deadLetters(this.#moves, this.#codec, options);
  }

  /** Ends every wait. A session that was opened here ends, and what it has claimed comes back; one that was given stays. */
  async close(): Promise<void> {
    this.#consumer.close();
    await this.#session.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async *#jobs(concurrency: number, signal: AbortSignal | undefined): AsyncGenerator<Job<T>, void, undefined> {
    let running = 0;
    let wake = nothing;
    const onEnd = (): void => {
      running -= 1;
      wake();
    };
    const onAbort = (): void => wake();
    signal?.addEventListener("abort", onAbort);
    try {
      while (signal?.aborted !== true) {
        if (running >= concurrency) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          continue;
        }
        let job: Job<T>;
        try {
          job = only(await this.#consumer.claim(1, signal === undefined ? {} : { signal }, onEnd));
        } catch (error) {
          if (signal?.aborted && error === signal.reason) return;
          throw error;
        }
        running += 1;
        yield job;
      }
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }
}

function nothing(): void {}

function only<J>([job]: readonly J[]): J {
  if (job === undefined) throw new Error("a claim ended without a job");
  return job;
}
