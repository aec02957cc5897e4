/**
 * An independent witness: a watch of everything on one member. When the stream breaks it starts again
 * after the last revision received; each attempt is a session of its own for the watch checker.
 *
 * A member that was away for long may have compacted what the witness has not seen. The watch then is cancelled with the
 * compact revision and goes on from there, and what the witness says falls into two feeds with a gap between them.
 */
import { Watch, type WatchResponse as WireWatchResponse } from "@kvorum/proto";
import { RpcError } from "@kvorum/transport";
import type { Feed, HistoryEvent } from "../checker/history.js";
import type { WatchResponse, WatchSession } from "../checker/watch-check.js";
import type { Environment } from "../environment.js";
import { bytes, fromEvent, revisionOf, toNumber } from "../wire.js";

export interface MemberWatchOptions {
  readonly environment: Environment;
  /** The member's. */
  readonly name: string;
  readonly endpoint: string;
  /** The first revision to ask for. */
  readonly from: number;
}

const EVERYTHING = "\0";
/** Before an attempt after one that brought nothing, twice as long as before the last. */
const RETRY_MS = [50, 800] as const;
const POLL_MS = 25;
const UNTIL_TIMEOUT_MS = 30_000;

export class MemberWatch {
  readonly #options: MemberWatchOptions;
  readonly #abort = new AbortController();
  readonly #running: Promise<void>;
  readonly #sessions: { session: WatchSession; responses: WatchResponse[] }[] = [];
  /** One, and one more after each gap. */
  readonly #feeds: { from: number; events: HistoryEvent[] }[];
  /** When each revision came first, by revision. */
  readonly #seenMs = new Map<number, number>();
  #next: number;
  #failure: unknown;

  constructor(options: MemberWatchOptions) {
    this.#options = options;
    this.#next = options.from;
    this.#feeds = [{ from: options.from, events: [] }];
    this.#running = this.#run().catch((error: unknown) => {
      this.#failure = error;
    });
  }

  /** The member's. */
  get name(): string {
    return this.#options.name;
  }

  /** Between two of them is a gap that was compacted. */
  get feeds(): readonly Feed[] {
    return this.#feeds.map((feed) => ({ source: this.#source, ...feed }));
  }

  get sessions(): readonly WatchSession[] {
    return this.#sessions.map(({ session }) => session);
  }

  /** When each revision was first received, by revision. */
  get seenMs(): ReadonlyMap<number, number> {
    return this.#seenMs;
  }

  get eventCount(): number {
    return this.#feeds.reduce((sum, { events }) => sum + events.length, 0);
  }

  /** The last revision of which everything has been received. */
  get revision(): number {
    return this.#next - 1;
  }

  /** What ended the watch for good, if something has. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Resolves when everything up to the revision has been received. Errors: what ended the watch for good. */
  async until(revision: number): Promise<void> {
    const { environment } = this.#options;
    const end = environment.nowMs() + UNTIL_TIMEOUT_MS;
    while (this.#next <= revision) {
      if (this.#failure !== undefined) throw this.#failure;
      if (environment.nowMs() > end) {
        throw new Error(
          `not within ${UNTIL_TIMEOUT_MS} ms: the ${this.#source} reaches revision ${revision} (it is at ${this.revision})`,
        );
      }
      await environment.pause(POLL_MS);
    }
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  get #source(): string {
    return `watch on ${this.#options.name}`;
  }

  async #run(): Promise<void> {
    const { environment, endpoint } = this.#options;
    const { signal } = this.#abort;
    const [retryMs, retryMsMax] = RETRY_MS;
    let pauseMs: number = retryMs;
    while (!signal.aborted) {
      const channel = environment.connect(endpoint, true);
      const ended = new AbortController();
      try {
        const requests = createRequests(this.#next, ended.signal);
        for await (const response of channel.stream(Watch.method.watch, requests, { signal })) {
          pauseMs = retryMs;
          if (!this.#take(response)) break;
        }
      } catch (error) {
        if (!signal.aborted && !(error instanceof RpcError)) throw error;
      } finally {
        ended.abort();
        await channel.close();
      }
      if (signal.aborted) return;
      await environment.pause(pauseMs);
      pauseMs = Math.min(pauseMs * 2, retryMsMax);
    }
  }

  /** False when the watch has been cancelled and is to be made anew. */
  #take(message: WireWatchResponse): boolean {
    if (message.canceled) {
      this.#skipTo(toNumber(message.compactRevision), message.cancelReason);
      return false;
    }
    if (message.created) {
      const responses: WatchResponse[] = [];
      const everything = { key: EVERYTHING, rangeEnd: EVERYTHING, prevKv: true };
      const session = { source: this.#source, ...everything, startRevision: this.#next, responses };
      this.#sessions.push({ session, responses });
      return true;
    }
    const events = message.events.map(fromEvent);
    this.#sessions.at(-1)?.responses.push({ revision: revisionOf(message), events });
    const feed = this.#feeds.at(-1);
    const nowMs = this.#options.environment.nowMs();
    for (const { type, kv } of events) {
      feed?.events.push({ type, kv });
      if (!this.#seenMs.has(kv.modRevision)) this.#seenMs.set(kv.modRevision, nowMs);
    }
    const last = events.at(-1);
    if (last !== undefined) this.#next = last.kv.modRevision + 1;
    return true;
  }

  /** Errors: the watch was cancelled although nothing that it waits for has been compacted. */
  #skipTo(compactRevision: number, reason: string): void {
    if (compactRevision <= this.#next) {
      throw new Error(`the ${this.#source} was cancelled at ${this.#next}, compacted at ${compactRevision}: ${reason}`);
    }
    this.#next = compactRevision;
    this.#feeds.push({ from: compactRevision, events: [] });
  }
}

/** Asks for one watch of everything and keeps the stream open until the signal aborts. */
async function* createRequests(startRevision: number, signal: AbortSignal) {
  const everything = { key: bytes(EVERYTHING), rangeEnd: bytes(EVERYTHING) };
  const value = { ...everything, startRevision: BigInt(startRevision), prevKv: true };
  yield { requestUnion: { case: "createRequest" as const, value } };
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}
