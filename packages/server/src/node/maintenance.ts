/**
 * What replaces the backend's content as a whole: defragmentation, and the snapshot of a leader. One at a time (etcd damaged
 * data by letting the two meet, its issue 20271). A snapshot brings other content, so nothing is applied and nothing committed
 * in between; a defragmentation brings the same, and the service goes on.
 */
import { ServerError } from "../core/errors.js";
import type { Backend } from "../core/mvcc/backend.js";
import type { Clock, Failpoints } from "../env.js";
import type { NodeMeasures } from "../measures/node-measures.js";
import type { ApplyLoop } from "./apply-loop.js";
import type { BackendWriter } from "./backend-writer.js";

export interface MaintenanceOptions {
  readonly backend: Backend;
  readonly backendWriter: BackendWriter;
  readonly applyLoop: ApplyLoop;
  readonly clock: Pick<Clock, "nowMs">;
  readonly failpoints: Failpoints;
  readonly measures?: Pick<NodeMeasures, "defragment" | "defragmentsInFlight"> | undefined;
  /** Whether the old or the new content is in place is not known then. */
  readonly onError: (error: unknown) => void;
}

export class Maintenance {
  readonly #options: MaintenanceOptions;
  #last: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: MaintenanceOptions) {
    this.#options = options;
  }

  /** Commits go on meanwhile: the backend's copy catches up with them before it takes over. */
  defragment(): Promise<void> {
    return this.#inTurn(() => this.#defragment());
  }

  /** Runs when nothing else touches the backend, and keeps it so. A rejection fails the node. */
  exclusively(run: () => Promise<void>): Promise<void> {
    return this.#inTurn(() => this.#alone(run));
  }

  /** Nothing new is begun. Resolves when what runs has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#last;
  }

  #inTurn(run: () => Promise<void>): Promise<void> {
    const done = this.#last.then(() => this.#run(run));
    this.#last = done.catch(() => {});
    return done;
  }

  async #run(run: () => Promise<void>): Promise<void> {
    if (this.#stopped) throw new ServerError("stopped");
    try {
      await run();
    } catch (error) {
      this.#options.onError(error);
      throw error;
    }
  }

  async #defragment(): Promise<void> {
    const { backend, backendWriter, clock, failpoints, measures } = this.#options;
    const startMs = clock.nowMs();
    measures?.defragmentsInFlight.add();
    try {
      failpoints.hit("defragment-before-copy");
      await backend.defragment();
      backendWriter.measureSize();
      failpoints.hit("defragment-after-swap");
    } finally {
      measures?.defragmentsInFlight.add(-1);
      measures?.defragment.observe((clock.nowMs() - startMs) / 1000);
    }
  }

  async #alone(run: () => Promise<void>): Promise<void> {
    const { applyLoop, backendWriter } = this.#options;
    applyLoop.pause();
    await backendWriter.pause();
    await run();
    backendWriter.resume();
    applyLoop.resume();
  }
}
