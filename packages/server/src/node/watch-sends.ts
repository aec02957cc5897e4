/** The watches as the edge pulls from them, with the place named at which a response leaves the core. */
import type { WatchCreate, WatchResponse, WatchService, WatchStream } from "../core/watch/types.js";
import type { Failpoints } from "../env.js";
import { Amount } from "../measures/measure-set.js";
import { stoppedBy } from "./reading.js";

export interface WatchSendsOptions {
  readonly failpoints: Failpoints;
  /** Counts what is sent. */
  readonly events?: Amount;
  /** Told what made the store unreadable. */
  readonly fail: (cause: unknown) => void;
}

export class WatchSends implements WatchService {
  readonly #watches: WatchService;
  readonly #options: Required<WatchSendsOptions>;

  constructor(watches: WatchService, { failpoints, events = new Amount(), fail }: WatchSendsOptions) {
    this.#watches = watches;
    this.#options = { failpoints, events, fail };
  }

  openStream(onOutput: () => void): WatchStream {
    return new Sends(this.#watches.openStream(onOutput), this.#options);
  }
}

class Sends implements WatchStream {
  readonly #stream: WatchStream;
  readonly #options: Required<WatchSendsOptions>;

  constructor(stream: WatchStream, options: Required<WatchSendsOptions>) {
    this.#stream = stream;
    this.#options = options;
  }

  get full(): boolean {
    return this.#stream.full;
  }

  create(request: WatchCreate): void {
    this.#stream.create(request);
  }

  refuse(cancelReason: string): void {
    this.#stream.refuse(cancelReason);
  }

  cancel(watchId: number): void {
    this.#stream.cancel(watchId);
  }

  requestProgress(): void {
    this.#stream.requestProgress();
  }

  next(): WatchResponse | undefined {
    const { failpoints, events, fail } = this.#options;
    let response: WatchResponse | undefined;
    try {
      response = this.#stream.next();
    } catch (error) {
      // Previous pairs and what a slow watcher has missed are read only now.
      throw stoppedBy(error, fail);
    }
    if (response === undefined) return undefined;
    failpoints.hit("watch-before-send");
    events.add(response.events.length);
    return response;
  }

  close(): void {
    this.#stream.close();
  }
}
