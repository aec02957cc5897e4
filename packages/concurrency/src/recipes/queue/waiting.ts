/** Waiting for a change of a range, from the revision of the read that decided to wait; and not all at once afterwards. */
import {
  type ClientWorld,
  CompactedError,
  type KeyRange,
  type Store,
  type WatchBatch,
  type WatchOptions,
} from "@kvorum/client";
import { pause } from "../../interrupt.js";

/**
 * Resolves with the first txn after `revision` that `matters`, or when history was compacted so that it cannot be told: the
 * caller looks again in both cases. Rejects with the signal's reason.
 */
export async function untilChange(
  store: Store<Uint8Array>,
  line: KeyRange,
  revision: bigint,
  signal: AbortSignal,
  options: Pick<WatchOptions, "only"> = {},
  matters: (batch: WatchBatch<Uint8Array>) => boolean = () => true,
): Promise<void> {
  const watch = store.watch(line, { ...options, startRevision: revision + 1n, signal });
  try {
    for await (const batch of watch.batches()) {
      if (matters(batch)) break;
    }
  } catch (error) {
    if (!(error instanceof CompactedError)) throw error;
  } finally {
    await watch.close();
  }
  signal.throwIfAborted();
}

/** Milliseconds over which the wake-ups of those who wait in vain are spread: doubling from the first to the last. */
const SPREAD_BASE_MS = 2;
const SPREAD_CAP_MS = 64;

/**
 * One item wakes everybody who waits, and one gets it. Who has come too late waits, after the next item, a random moment of a
 * spread that doubles with each loss: most of a crowd then finds the line empty with one read, and sends no txn.
 */
export class Stagger {
  #losses = 0;

  lost(): void {
    this.#losses += 1;
  }

  /** Resolves at once as long as nothing was lost. Rejects with the signal's reason. */
  async wait(world: ClientWorld, signal: AbortSignal): Promise<void> {
    if (this.#losses === 0) return;
    const spread = Math.min(SPREAD_CAP_MS, SPREAD_BASE_MS * 2 ** this.#losses);
    await pause(world, spread * world.random(), signal);
  }
}
