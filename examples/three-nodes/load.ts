/**
 * Writers and readers that never stop, and what becomes of their requests. Every write has a key of its own, so that at the
 * end each acknowledged one can be looked for; every read asks for a key that was acknowledged before it, so that an answer
 * without it would be a stale one.
 */
import { type Client, isEtcdError } from "@kvorum/client";

const WRITERS = 8;
const READERS = 4;
/** Milliseconds that a writer or reader rests after a request, so that the machine has something left for the nodes. */
const REST_MS = 10;
/** An application that waits no longer than this for an answer; a write then has an unknown outcome. */
const TIMEOUT_MS = 1_000;
/** Keys that are remembered to be looked for at the end; a run of half an hour writes more than that. */
const REMEMBERED_MAX = 500_000;
export const KEY = "three-nodes/";

export interface Counts {
  readonly written: number;
  readonly read: number;
  /** Reads that did not see a write acknowledged before them. */
  readonly stale: number;
  /** Writes that failed and were certainly not applied, and those that may have been. */
  readonly notApplied: number;
  readonly unknown: number;
  readonly readsFailed: number;
}

export class Load {
  /** Keys of acknowledged writes. */
  readonly acknowledged: Set<string> = new Set();
  readonly #client: Client;
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;
  readonly #counts = { written: 0, read: 0, stale: 0, notApplied: 0, unknown: 0, readsFailed: 0 };
  #newest: string | undefined;
  #lastWriteMs = performance.now();
  #longestPauseMs = 0;

  constructor(client: Client) {
    this.#client = client;
    const loops = [
      ...Array.from({ length: WRITERS }, (_, writer) => this.#write(writer)),
      ...Array.from({ length: READERS }, () => this.#read()),
    ];
    this.#running = Promise.all(loops);
    this.#running.catch(() => undefined);
  }

  get counts(): Counts {
    return { ...this.#counts };
  }

  /** Milliseconds without an acknowledged write: the longest such time since `restartClock`, one that lasts included. */
  get longestPauseMs(): number {
    return Math.max(this.#longestPauseMs, performance.now() - this.#lastWriteMs);
  }

  restartClock(): void {
    this.#longestPauseMs = 0;
    this.#lastWriteMs = performance.now();
  }

  /** Resolves when no request is under way. Rejects with what is no failure of a node but a mistake. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #write(writer: number): Promise<void> {
    for (let i = 0; !this.#stop.signal.aborted; i += 1) {
      const key = `${KEY}${writer}-${i}`;
      try {
        await this.#client.put(key, "written", { timeout: TIMEOUT_MS });
        this.#noteWritten(key);
      } catch (error) {
        if (!isEtcdError(error)) throw error;
        if (error.outcome === "unknown") this.#counts.unknown += 1;
        else this.#counts.notApplied += 1;
      }
      await rest();
    }
  }

  #noteWritten(key: string): void {
    const nowMs = performance.now();
    this.#longestPauseMs = Math.max(this.#longestPauseMs, nowMs - this.#lastWriteMs);
    this.#lastWriteMs = nowMs;
    this.#counts.written += 1;
    if (this.acknowledged.size < REMEMBERED_MAX) this.acknowledged.add(key);
    this.#newest = key;
  }

  async #read(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const key = this.#newest;
      try {
        if (key !== undefined) {
          const found = await this.#client.get(key, { timeout: TIMEOUT_MS });
          this.#counts.read += 1;
          if (found === undefined) this.#counts.stale += 1;
        }
      } catch (error) {
        if (!isEtcdError(error)) throw error;
        this.#counts.readsFailed += 1;
      }
      await rest();
    }
  }
}

function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, REST_MS));
}
