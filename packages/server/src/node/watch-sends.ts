/** The watches as the edge pulls from them, with the place named at which a response leaves the core. */
import type { WatchCreate, WatchResponse, WatchService, WatchStream } from "../core/watch/types.js";
import type { Failpoints } from "../env.js";
import { Amount } from "../measures/measure-set.js";

export class WatchSends implements WatchService {
  readonly #watches: WatchService;
  readonly #failpoints: Failpoints;
  readonly #events: Amount;

  /** `events` counts what is sent. */
  constructor(watches: WatchService, failpoints: Failpoints, events: Amount = new Amount()) {
    this.#watches = watches;
    this.#failpoints = failpoints;
    this.#events = events;
  }

  openStream(onOutput: () => void): WatchStream {
    return new Sends(this.#watches.openStream(onOutput), this.#failpoints, this.#events);
  }
}

class Sends implements WatchStream {
  readonly #stream: WatchStream;
  readonly #failpoints: Failpoints;
  readonly #events: Amount;

  constructor(stream: WatchStream, failpoints: Failpoints, events: Amount) {
    this.#stream = stream;
    this.#failpoints = failpoints;
    this.#events = events;
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
    const response = this.#stream.next();
    if (response === undefined) return undefined;
    this.#failpoints.hit("watch-before-send");
    this.#events.add(response.events.length);
    return response;
  }

  close(): void {
    this.#stream.close();
  }
}
