/** Our own generator: `wire/connection.ts` with so many callers, each sending the next request of the source. */
import { latencies } from "../statistics.js";
import type { Load, LoadResult } from "./load.js";
import type { Request, RequestSource } from "./requests.js";
import type { Receiver, WireConnection } from "./wire/connection.js";
import { WirePool } from "./wire/pool.js";

/** When it is over: after a time, or after so many calls. */
export type Extent = { readonly seconds: number } | { readonly calls: number };

/** Errors: `Error` when a call is answered with an error or not at all. */
export async function replay(endpoint: string, load: Load, extent: Extent): Promise<LoadResult> {
  const pool = await WirePool.open(endpoint, load.connections);
  try {
    const round = new Round(load.source(), extent, pool.fail);
    for (const connection of pool.connections) {
      for (let i = 0; i < load.callersPerConnection; i++) round.start(connection);
    }
    await pool.unlessFailed(round.over);
    return round.result();
  } finally {
    pool.close();
  }
}

/** One answer, on a connection that stays. */
export function once(pool: WirePool, { path, frame }: Request): Promise<void> {
  const answered = new Promise<void>((resolve) => {
    pool.connections[0]?.call(path, frame, answerTo(path, pool.fail, resolve));
  });
  return pool.unlessFailed(answered);
}

/** gRPC's errors come without a message. */
function answerTo(path: string, fail: (error: Error) => void, done: () => void): Receiver {
  let answered = false;
  return {
    data: () => {
      answered = true;
    },
    ended: (ok) => {
      if (ok && answered) done();
      else fail(new Error(`${path} was answered with an error`));
    },
  };
}

class Round {
  readonly over: Promise<void>;
  readonly #source: RequestSource;
  readonly #callsMax: number;
  readonly #endMs: number;
  readonly #startMs = performance.now();
  readonly #tookMs: number[] = [];
  readonly #fail: (error: Error) => void;
  #started = 0;
  #underWay = 0;
  #finish: () => void = () => {};

  constructor(source: RequestSource, extent: Extent, fail: (error: Error) => void) {
    this.#source = source;
    this.#callsMax = "calls" in extent ? extent.calls : Number.POSITIVE_INFINITY;
    this.#endMs = "seconds" in extent ? this.#startMs + extent.seconds * 1000 : Number.POSITIVE_INFINITY;
    this.#fail = fail;
    this.over = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  start(connection: WireConnection): void {
    const startMs = performance.now();
    if (this.#started >= this.#callsMax || startMs >= this.#endMs) {
      if (this.#underWay === 0) this.#finish();
      return;
    }
    this.#started++;
    this.#underWay++;
    const { path, frame } = this.#source.next();
    const done = (): void => {
      this.#underWay--;
      const endMs = performance.now();
      // Those that were under way when the time was up have been served, but not within it.
      if (endMs <= this.#endMs) this.#tookMs.push(endMs - startMs);
      this.start(connection);
    };
    connection.call(path, frame, answerTo(path, this.#fail, done));
  }

  result(): LoadResult {
    const calls = this.#tookMs.length;
    const tookMs = Math.min(performance.now(), this.#endMs) - this.#startMs;
    return { calls, perSecond: (calls / tookMs) * 1000, ...latencies(Float64Array.from(this.#tookMs)) };
  }
}
