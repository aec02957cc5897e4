/** The watches as the edge pulls from them, with the place named at which a response leaves the core. */
import type { WatchCreate, WatchResponse, WatchService, WatchStream } from "../core/watch/types.js";
import type { Failpoints } from "../env.js";

export class WatchSends implements WatchService {
  readonly #watches: WatchService;
  readonly #failpoints: Failpoints;

  constructor(watches: WatchService, failpoints: Failpoints) {
    this.#watches = watches;
    this.#failpoints = failpoints;
  }

  openStream(onOutput: () => void): WatchStream {
    return new Sends(this.#watches.openStream(onOutput), this.#failpoints);
  }
}

class Sends implements WatchStream {
  readonly #stream: WatchStream;
  readonly #failpoints: Failpoints;

  constructor(stream: WatchStream, failpoints: Failpoints) {
    this.#stream = stream;
    this.#failpoints = failpoints;
  }

  get full(): boolean {
    return this.#stream.full;
  }

  create(request: WatchCreate): void {
    this.#stream.create(request);
  }

  cancel(watchId: number): void {
    this.#stream.cancel(watchId);
  }

  requestProgress(): void {
    this.#stream.requestProgress();
  }

  next(): WatchResponse | undefined {
    const response = this.#stream.next();
    if (response !== undefined) this.#failpoints.hit("watch-before-send");
    return response;
  }

  close(): void {
    this.#stream.close();
  }
}
