/** What all queues of items do, whatever their order: take, look, count. `queue.ts` and `priority-queue.ts` say what the first one is. */
import { type Codec, type Store, utf8 } from "@kvorum/client";
import { checkStore } from "../../contention/checks.js";
import { checkName } from "./checks.js";
import { type DequeueOptions, Line, type QueueCallOptions, type QueueItem } from "./line.js";

export interface QueueOptions<T> {
  /** How values are written. Default: text, and then `T` is `string`. */
  readonly codec?: Codec<T>;
}

export abstract class ItemQueue<T> implements AsyncIterable<T> {
  /** @internal */
  protected readonly line: Line<T>;

  /** The items are the keys below `<name>/`. Errors: `TypeError` for a name that is empty or no string. */
  constructor(store: Store<string>, name: string, options: QueueOptions<T> = {}) {
    checkStore(store, "a queue");
    checkName(name);
    // Without a codec T is string, as the options say.
    this.line = new Line(store, `${name}/`, options.codec ?? (utf8 as unknown as Codec<T>));
  }

  /**
   * Takes the first value, waiting for one where there is none.
   *
   * Errors: `TimeoutError` after `timeout`, `signal.reason`: then nothing was taken. `DecodeError`: a value that the codec
   * refuses was taken. `EtcdError` with the outcome `unknown`: a value may have been taken and is lost then.
   */
  async dequeue(options?: DequeueOptions): Promise<T> {
    return (await this.line.take(options)).value;
  }

  /** The first value, or undefined where there is none now. Errors: as of `dequeue`. */
  async tryDequeue(options?: QueueCallOptions): Promise<T | undefined> {
    return (await this.line.tryTake(options))?.value;
  }

  /** The first item, which stays. Undefined where there is none. Errors: `DecodeError`, `EtcdError`, `signal.reason`. */
  peek(options?: QueueCallOptions): Promise<QueueItem<T> | undefined> {
    return this.line.peek(options);
  }

  /** How many items wait now. */
  size(options?: QueueCallOptions): Promise<number> {
    return this.line.size(options);
  }

  /** Takes value after value, each when the loop asks for it. Aborting ends the iteration. Errors: as of `dequeue`. */
  values(options: Pick<DequeueOptions, "signal"> = {}): AsyncGenerator<T, void, undefined> {
    return this.line.items(options.signal);
  }

  [Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    return this.values();
  }
}
