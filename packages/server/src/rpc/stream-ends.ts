/**
 * Reasons for the server to end long streams: it stops, or there is no leader for too long and the client asked to be
 * told (metadata `hasleader`). etcd ends such streams after three election timeouts in a row without a leader.
 */
import { ServerError } from "../core/errors.js";
import type { Clock, Timer } from "../env.js";
import type { NodeApi } from "../node/api.js";

const CHECKS_WITHOUT_LEADER = 3;

interface OpenStream {
  readonly requireLeader: boolean;
  end(reason: ServerError): void;
}

export class StreamEnds {
  readonly #node: NodeApi;
  readonly #clock: Clock;
  readonly #electionMs: number;
  readonly #streams = new Set<OpenStream>();
  #timer: Timer | undefined;
  #missing = 0;
  #stopped = false;

  constructor(node: NodeApi, clock: Clock, electionMs: number) {
    this.#node = node;
    this.#clock = clock;
    this.#electionMs = electionMs;
    this.#schedule();
  }

  /** `end` is called at most once, at once when the server has stopped; the answer takes the stream off the list. */
  add(requireLeader: boolean, end: (reason: ServerError) => void): () => void {
    const stream: OpenStream = { requireLeader, end };
    if (this.#stopped) end(new ServerError("stopped"));
    else this.#streams.add(stream);
    return () => this.#streams.delete(stream);
  }

  /** Ends every stream with `stopped`; idempotent. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#end(() => true, "stopped");
  }

  #schedule(): void {
    this.#timer = this.#clock.setTimer(this.#electionMs, () => {
      this.#missing = this.#node.raftStatus.lead === 0n ? this.#missing + 1 : 0;
      if (this.#missing >= CHECKS_WITHOUT_LEADER) this.#end((stream) => stream.requireLeader, "noLeader");
      if (!this.#stopped) this.#schedule();
    });
  }

  #end(which: (stream: OpenStream) => boolean, reason: "stopped" | "noLeader"): void {
    for (const stream of [...this.#streams].filter(which)) {
      this.#streams.delete(stream);
      stream.end(new ServerError(reason));
    }
  }
}
