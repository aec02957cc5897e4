/** Long walks through the store, a slice a turn, so that the event loop goes on in between. */
import { ServerError } from "../core/errors.js";
import type { Slices } from "../core/mvcc/slices.js";
import type { Store } from "../core/mvcc/store.js";
import type { Clock } from "../env.js";

export interface WalkOptions {
  readonly clock: Clock;
  readonly store: () => Store;
  readonly stopped: () => boolean;
}

/** Walks to the end. When a snapshot replaces the store meanwhile, the walk begins again on the new one. */
export async function walk<R>({ clock, store, stopped }: WalkOptions, begin: (store: Store) => Slices<R>): Promise<R> {
  for (;;) {
    const walked = store();
    const slices = begin(walked);
    while (store() === walked) {
      const step = slices.next();
      if (step.done) return step.value;
      await new Promise<void>((resolve) => clock.afterIo(resolve));
      if (stopped()) throw new ServerError("stopped");
    }
  }
}
