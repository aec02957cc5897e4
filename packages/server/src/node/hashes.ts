/** What operators compare members by, and how long it took to calculate. */
import type { Backend } from "../core/mvcc/backend.js";
import { hashBackend } from "../core/mvcc/hash.js";
import type { Clock } from "../env.js";
import type { Distribution } from "../measures/measure-set.js";
import type { NodeMeasures } from "../measures/node-measures.js";
import type { HashResult } from "./api.js";
import type { BackendWriter } from "./backend-writer.js";
import { reading } from "./reading.js";
import type { StoreReads } from "./store-reads.js";

export interface HashesOptions {
  readonly storeReads: Pick<StoreReads, "hashKv">;
  readonly backendWriter: Pick<BackendWriter, "flush">;
  readonly backend: Backend;
  readonly clock: Clock;
  readonly measures: Pick<NodeMeasures, "hash" | "hashRevision">;
  readonly fail: (cause: unknown) => void;
}

export class Hashes {
  readonly #options: HashesOptions;

  constructor(options: HashesOptions) {
    this.#options = options;
  }

  /** See `Store.hashKv`. */
  atRevision(revision: bigint): Promise<HashResult> {
    const { storeReads, measures } = this.#options;
    return this.#timed(measures.hashRevision, () => storeReads.hashKv(revision));
  }

  /** Of everything that is stored, which members of one revision need not have alike. */
  async ofAll(): Promise<number> {
    const { backendWriter, backend, measures, fail } = this.#options;
    await backendWriter.flush();
    return this.#timed(measures.hash, async () => reading(fail, () => hashBackend(backend)));
  }

  async #timed<T>(seconds: Distribution, run: () => Promise<T>): Promise<T> {
    const { clock } = this.#options;
    const startMs = clock.nowMs();
    try {
      return await run();
    } finally {
      seconds.observe((clock.nowMs() - startMs) / 1000);
    }
  }
}
