/** Streams of a conformance case: a watch stream and a keepalive stream whose answers are recorded as they are read. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  Lease,
  type LeaseKeepAliveRequestSchema,
  type LeaseKeepAliveResponse,
  Watch,
  type WatchCreateRequestSchema,
  type WatchRequestSchema,
  type WatchResponse,
} from "@kvorum/proto";
import { RpcError } from "@kvorum/transport";
import type { Caller } from "./evidence.js";
import type { Transcript } from "./transcript.js";

/** Requests that are pushed while the stream is open. */
class RequestQueue<T> implements AsyncIterable<T> {
  readonly #items: T[] = [];
  #wake: (() => void) | undefined;
  #ended = false;

  push(item: T): void {
    this.#items.push(item);
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      const item = this.#items.shift();
      if (item !== undefined) yield item;
      else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

/** Reads one message, or says that none came within the time. */
async function nextWithin<T>(iterator: AsyncIterator<T>, pending: Promise<IteratorResult<T>> | undefined, ms: number) {
  const next = pending ?? iterator.next();
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<"silence">((resolve) => {
    timer = setTimeout(() => resolve("silence"), ms);
  });
  try {
    const result = await Promise.race([next, silence]);
    return result === "silence" ? ({ pending: next } as const) : ({ result } as const);
  } finally {
    clearTimeout(timer);
  }
}

type CreateInit = MessageInitShape<typeof WatchCreateRequestSchema>;

export class WatchProbe {
  readonly #transcript: Transcript;
  readonly #requests = new RequestQueue<MessageInitShape<typeof WatchRequestSchema>>();
  readonly #iterator: AsyncIterator<WatchResponse>;
  readonly #abort = new AbortController();
  #pending: Promise<IteratorResult<WatchResponse>> | undefined;

  constructor(channel: Caller, transcript: Transcript) {
    this.#transcript = transcript;
    this.#iterator = channel
      .stream(Watch.method.watch, this.#requests, { signal: this.#abort.signal })
      [Symbol.asyncIterator]();
  }

  create(key: Uint8Array, options: Omit<CreateInit, "key" | "$typeName"> = {}): void {
    this.#requests.push({ requestUnion: { case: "createRequest", value: { key, ...options } } });
  }

  cancel(watchId: bigint): void {
    this.#requests.push({ requestUnion: { case: "cancelRequest", value: { watchId } } });
  }

  progress(): void {
    this.#requests.push({ requestUnion: { case: "progressRequest", value: {} } });
  }

  /** A request in which nothing is set. */
  empty(): void {
    this.#requests.push({});
  }

  /** The watch id of the next response, not recorded. */
  async idOfNext(): Promise<string> {
    return (await this.#next(5_000))?.watchId.toString() ?? "none";
  }

  /** Records the next `count` responses. */
  async read(count = 1): Promise<WatchResponse[]> {
    const responses: WatchResponse[] = [];
    while (responses.length < count) {
      const response = await this.#next(5_000);
      if (response === undefined) {
        this.#transcript.note("watch → nothing within 5 s");
        return responses;
      }
      this.#transcript.answer("watch", response);
      responses.push(response);
    }
    return responses;
  }

  /** Records events one by one until `count` have come, however the server grouped them into responses. */
  async events(count: number): Promise<void> {
    let seen = 0;
    while (seen < count) {
      const response = await this.#next(5_000);
      if (response === undefined) return this.#transcript.note(`watch → only ${seen} events within 5 s`);
      for (const event of response.events) this.#transcript.answer(`watch ${response.watchId} event`, event);
      seen += response.events.length;
    }
  }

  /** Records that nothing comes for a while. */
  async silent(ms = 150): Promise<void> {
    const response = await this.#next(ms);
    if (response === undefined) this.#transcript.note("watch → nothing");
    else this.#transcript.answer("watch", response);
  }

  async close(): Promise<void> {
    this.#requests.end();
    this.#abort.abort(new Error("closed by the probe"));
    try {
      await (this.#pending ?? this.#iterator.next());
    } catch {
      // The abort above is the reason.
    }
  }

  async #next(ms: number): Promise<WatchResponse | undefined> {
    try {
      const outcome = await nextWithin(this.#iterator, this.#pending, ms);
      this.#pending = outcome.pending;
      return outcome.result?.value;
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      this.#transcript.error("watch", error);
      return undefined;
    }
  }
}

export class KeepAliveProbe {
  readonly #transcript: Transcript;
  readonly #requests = new RequestQueue<MessageInitShape<typeof LeaseKeepAliveRequestSchema>>();
  readonly #iterator: AsyncIterator<LeaseKeepAliveResponse>;

  constructor(channel: Caller, transcript: Transcript) {
    this.#transcript = transcript;
    this.#iterator = channel.stream(Lease.method.leaseKeepAlive, this.#requests)[Symbol.asyncIterator]();
  }

  async renew(id: bigint): Promise<void> {
    this.#requests.push({ ID: id });
    const { result } = await nextWithin(this.#iterator, undefined, 5_000);
    if (result?.done !== false) this.#transcript.note("keepalive → no answer");
    else this.#transcript.answer("keepalive", result.value);
  }

  async close(): Promise<void> {
    this.#requests.end();
    await this.#iterator.return?.();
  }
}
