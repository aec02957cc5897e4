/**
 * An independent witness: a watch of everything on one member. When the stream breaks it starts again
 * after the last revision received; each attempt is a session of its own for the watch checker.
 */
import { Watch, type WatchResponse as WireWatchResponse } from "@kvorum/proto";
import { niceChannel, RpcError } from "@kvorum/transport";
import type { Feed, HistoryEvent } from "../checker/history.js";
import type { WatchResponse, WatchSession } from "../checker/watch-check.js";
import { eventually, pause } from "../cluster/rpc.js";
import { bytes, fromEvent, revisionOf } from "../wire.js";

const EVERYTHING = "\0";
const RETRY_MS = 50;
/** A leader that is cut off does not end the stream: without this the watch would wait for keep-alive pings. */
const KEEP_ALIVE = { intervalMs: 5_000, timeoutMs: 2_000 };

export class MemberWatch {
  readonly sessions: WatchSession[] = [];
  readonly #name: string;
  readonly #endpoint: string;
  readonly #events: HistoryEvent[] = [];
  readonly #abort = new AbortController();
  readonly #running: Promise<void>;
  readonly #from: number;
  #next: number;
  /** Of the session that runs. */
  #responses: WatchResponse[] = [];
  #failure: unknown;

  constructor(name: string, endpoint: string, from: number) {
    this.#name = name;
    this.#endpoint = endpoint;
    this.#from = from;
    this.#next = from;
    this.#running = this.#run().catch((error: unknown) => {
      this.#failure = error;
    });
  }

  get feed(): Feed {
    return { source: `watch on ${this.#name}`, from: this.#from, events: this.#events };
  }

  /** The last revision of which everything has been received. */
  get revision(): number {
    return this.#next - 1;
  }

  /** Resolves when everything up to the revision has been received. Errors: what ended the watch for good. */
  async until(revision: number): Promise<void> {
    await eventually(`the watch on ${this.#name} reaches revision ${revision}`, 30_000, async () => {
      if (this.#failure !== undefined) throw this.#failure;
      return this.#next > revision ? true : undefined;
    });
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      const channel = niceChannel(this.#endpoint, { connectTimeoutMs: 1_000, keepAlive: KEEP_ALIVE });
      const ended = new AbortController();
      try {
        const requests = createRequests(this.#next, ended.signal);
        for await (const response of channel.stream(Watch.method.watch, requests, { signal })) this.#take(response);
      } catch (error) {
        if (!signal.aborted && !(error instanceof RpcError)) throw error;
      } finally {
        ended.abort();
        await channel.close();
      }
      if (!signal.aborted) await pause(RETRY_MS);
    }
  }

  #take(message: WireWatchResponse): void {
    if (message.canceled) throw new Error(`the watch on ${this.#name} was cancelled: ${message.cancelReason}`);
    if (message.created) {
      this.#responses = [];
      this.sessions.push({
        source: `watch on ${this.#name}`,
        ...{ key: EVERYTHING, rangeEnd: EVERYTHING, prevKv: true },
        ...{ startRevision: this.#next, responses: this.#responses },
      });
      return;
    }
    const events = message.events.map(fromEvent);
    this.#responses.push({ revision: revisionOf(message), events });
    for (const { type, kv } of events) this.#events.push({ type, kv });
    const last = events.at(-1);
    if (last !== undefined) this.#next = last.kv.modRevision + 1;
  }
}

/** Asks for one watch of everything and keeps the stream open until the signal aborts. */
async function* createRequests(startRevision: number, signal: AbortSignal) {
  const everything = { key: bytes(EVERYTHING), rangeEnd: bytes(EVERYTHING) };
  const value = { ...everything, startRevision: BigInt(startRevision), prevKv: true };
  yield { requestUnion: { case: "createRequest" as const, value } };
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}
