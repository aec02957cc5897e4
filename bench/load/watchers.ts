/** Many watchers over a few streams, counted rather than decoded: their client must not be what is measured. */
import { Watch } from "@kvorum/proto";
import { methodPath } from "@kvorum/transport";
import { frameOf } from "./requests.js";
import type { WireConnection } from "./wire/connection.js";
import { MessageSplitter, watchNews } from "./wire/messages.js";
import { WirePool } from "./wire/pool.js";

export interface WatcherShape {
  readonly connections: number;
  readonly streamsPerConnection: number;
  readonly watchers: number;
  /** Of the watcher with this number. */
  key(watcher: number): Uint8Array;
}

const PATH = methodPath(Watch.method.watch);

export class Watchers {
  readonly #pool: WirePool;
  #created = 0;
  #events = 0;
  #waiting: { readonly what: "created" | "events"; readonly count: number; readonly done: () => void } | undefined;

  /** Resolves when all of them watch. */
  static async open(endpoint: string, shape: WatcherShape): Promise<Watchers> {
    const watchers = new Watchers(await WirePool.open(endpoint, shape.connections));
    await watchers.#create(shape);
    return watchers;
  }

  private constructor(pool: WirePool) {
    this.#pool = pool;
  }

  /** Events that all watchers together have been told. */
  get events(): number {
    return this.#events;
  }

  /** Resolves when so many events have come in all. */
  async untilEvents(count: number): Promise<void> {
    await this.#until("events", count);
  }

  close(): void {
    this.#pool.close();
  }

  async #create({ streamsPerConnection, watchers, key }: WatcherShape): Promise<void> {
    const streams = this.#pool.connections.flatMap((connection) =>
      Array.from({ length: streamsPerConnection }, () => this.#stream(connection)),
    );
    for (let i = 0; i < watchers; i++) {
      const create = { requestUnion: { case: "createRequest" as const, value: { key: key(i) } } };
      streams[i % streams.length]?.(frameOf(Watch.method.watch.input, create));
    }
    await this.#until("created", watchers);
  }

  #stream(connection: WireConnection): (frame: Uint8Array) => void {
    const splitter = new MessageSplitter();
    return connection.stream(PATH, {
      data: (chunk) => splitter.push(chunk, (message) => this.#hear(message)),
      ended: () => this.#pool.fail(new Error("the server ended a watch stream")),
    });
  }

  #hear(message: Buffer): void {
    const { created, canceled, events } = watchNews(message);
    if (canceled) this.#pool.fail(new Error("the server canceled a watcher"));
    if (created) this.#created++;
    this.#events += events;
    this.#answer();
  }

  #answer(): void {
    const waiting = this.#waiting;
    if (waiting === undefined || this.#count(waiting.what) < waiting.count) return;
    this.#waiting = undefined;
    waiting.done();
  }

  #count(what: "created" | "events"): number {
    return what === "created" ? this.#created : this.#events;
  }

  #until(what: "created" | "events", count: number): Promise<void> {
    const reached = new Promise<void>((resolve) => {
      this.#waiting = { what, count, done: resolve };
    });
    this.#answer();
    return this.#pool.unlessFailed(reached);
  }
}
