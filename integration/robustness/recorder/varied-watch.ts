/**
 * A client of the Watch service that uses all of it: several watches on one stream, of keys and prefixes, from the past, from
 * now and from revisions to come, with previous pairs and filters, cancelled and made anew, asked for their progress, and
 * read slowly now and then, so that the server has to make it wait.
 */

import type { MessageInitShape } from "@bufbuild/protobuf";
import { Watch, type WatchRequestSchema } from "@kvorum/proto";
import { RpcError } from "@kvorum/transport";
import { pick } from "../../support/random.js";
import type { WatchSession } from "../checker/watch-check.js";
import type { Environment } from "../environment.js";
import { type WatchAsked, WatchStreamRecord } from "./watch-stream.js";

export interface VariedWatchOptions {
  readonly environment: Environment;
  readonly number: number;
  readonly random: () => number;
  /** The member for the next stream. */
  readonly endpoint: () => string;
  /** The newest revision that anybody has been told of. */
  readonly newest: () => number;
  readonly keys: readonly string[];
}

type Request = MessageInitShape<typeof WatchRequestSchema>;

const OPEN_MAX = 4;
const ACTION_MS_MAX = 3_000;
const STREAM_MS_MAX = 40_000;
const RETRY_MS = 200;
/** Chance that a response is followed by a pause of the reader. */
const SLOW = 0.03;
const SLOW_MS_MAX = 4_000;
/** Starts lie at most so far from the newest revision. */
const PAST_REVISIONS_MAX = 300;
const FUTURE_REVISIONS_MAX = 60;

export class VariedWatch {
  readonly #options: VariedWatchOptions;
  readonly #records: WatchStreamRecord[] = [];
  #settling = false;
  #failure: unknown;

  constructor(options: VariedWatchOptions) {
    this.#options = options;
    void this.#run().catch((error: unknown) => {
      this.#failure = error;
    });
  }

  /** What ended it for good: a mistake of the server. */
  get failure(): unknown {
    return this.#failure;
  }

  /** From now on it asks for nothing more and reads as fast as it can. */
  settle(): void {
    this.#settling = true;
  }

  /** See `WatchStreamRecord.sessions`. */
  sessions(due: number): WatchSession[] {
    return this.#records.flatMap((record) => record.sessions(due));
  }

  async #run(): Promise<void> {
    const { environment, endpoint, number } = this.#options;
    while (!this.#settling) {
      const name = endpoint();
      const record = new WatchStreamRecord(`watcher ${number} on ${name}`);
      this.#records.push(record);
      const ended = { value: false };
      try {
        const requests = this.#requests(record, ended);
        const responses = environment.connect(name, true).stream(Watch.method.watch, requests);
        const until = environment.nowMs() + this.#upTo(STREAM_MS_MAX);
        for await (const response of responses) {
          record.take(response);
          if (this.#settling) continue;
          if (environment.nowMs() > until) break;
          if (this.#options.random() < SLOW) await environment.pause(this.#upTo(SLOW_MS_MAX));
        }
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
      } finally {
        ended.value = true;
        record.closed();
      }
      await environment.pause(RETRY_MS);
    }
  }

  /** What is asked on one stream, at random moments. */
  async *#requests(
    record: WatchStreamRecord,
    ended: { readonly value: boolean },
  ): AsyncGenerator<Request, void, undefined> {
    const { environment, random } = this.#options;
    const cancelled = new Set<number>();
    yield { requestUnion: { case: "createRequest", value: record.asking(this.#asked()) } };
    while (!ended.value) {
      await environment.pause(this.#upTo(ACTION_MS_MAX));
      if (ended.value || this.#settling) break;
      const open = record.open.filter(({ id }) => !cancelled.has(id));
      const choice = random();
      if (choice < 0.5 && open.length < OPEN_MAX) {
        yield { requestUnion: { case: "createRequest", value: record.asking(this.#asked()) } };
      } else if (choice < 0.7 && open.length > 0) {
        const { id } = pick(random, open);
        cancelled.add(id);
        record.ending(id);
        yield { requestUnion: { case: "cancelRequest", value: { watchId: BigInt(id) } } };
      } else {
        yield { requestUnion: { case: "progressRequest", value: {} } };
      }
    }
  }

  #asked(): WatchAsked {
    const { random } = this.#options;
    const filter = random();
    return {
      ...this.#span(),
      startRevision: this.#start(),
      prevKv: random() < 0.5,
      ...{ noPut: filter < 0.15, noDelete: filter > 0.85 },
      ...{ progressNotify: random() < 0.5, fragment: random() < 0.3 },
    };
  }

  #span(): Pick<WatchAsked, "key" | "rangeEnd"> {
    const { random, keys } = this.#options;
    const kind = random();
    if (kind < 0.4) return { key: pick(random, keys) };
    if (kind < 0.7) return { key: "r/", rangeEnd: "r0" };
    return kind < 0.85 ? { key: "\0", rangeEnd: "\0" } : { key: pick(random, keys), rangeEnd: "\0" };
  }

  #start(): number {
    const { random, newest } = this.#options;
    const kind = random();
    if (kind < 0.4) return 0;
    if (kind < 0.8) return Math.max(1, newest() - Math.floor(this.#upTo(PAST_REVISIONS_MAX)));
    return newest() + 1 + Math.floor(this.#upTo(FUTURE_REVISIONS_MAX));
  }

  #upTo(max: number): number {
    return this.#options.random() * max;
  }
}
