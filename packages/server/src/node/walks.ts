/**
 * Long walks through the store, a slice at a time. All of them together take not much more than a slice of one turn of the event
 * loop; then everything else has its turn, and the answers of those that have ended are on their way.
 *
 * So a hundred ranges that have waited for the same barrier do not hold their rows all at once, which would cost the garbage
 * collector more than reading them costs.
 */
import { ServerError } from "../core/errors.js";
import { SLICE_COST, SliceBudget, type Slices } from "../core/mvcc/slices.js";
import type { Store } from "../core/mvcc/store.js";
import type { Clock } from "../env.js";

export interface WalksOptions {
  readonly clock: Pick<Clock, "afterIo">;
  /** A snapshot replaces it: what walks then begins again on the new one. */
  readonly store: () => Store;
  readonly stopped: () => boolean;
}

/** A walk from the first slice on. It spends of the budget what it costs. */
export type Begin<R> = (store: Store, budget: SliceBudget) => Slices<R>;

/** Does one slice of a walk, and says what it has cost and whether the walk has ended. */
type Advance = () => { readonly cost: number; readonly ended: boolean };

export class Walks {
  readonly #options: WalksOptions;
  /** In turn: who has had a slice and needs another waits behind the others. */
  #waiting: Advance[] = [];
  /** Of this turn of the event loop. */
  #left = SLICE_COST;
  #turnEnds = false;

  constructor(options: WalksOptions) {
    this.#options = options;
  }

  /** Walks to the end. Errors: what the walk throws; `stopped` when the member stops. */
  run<R>(begin: Begin<R>): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(this.#walk(begin, resolve, reject));
      this.#go();
    });
  }

  #go(): void {
    while (this.#left > 0) {
      const advance = this.#waiting.shift();
      if (advance === undefined) return;
      const { cost, ended } = advance();
      if (!ended) this.#waiting.push(advance);
      this.#left -= cost;
      this.#endTurn();
    }
  }

  #endTurn(): void {
    if (this.#turnEnds) return;
    this.#turnEnds = true;
    this.#options.clock.afterIo(() => {
      this.#turnEnds = false;
      this.#left = SLICE_COST;
      this.#go();
    });
  }

  #walk<R>(begin: Begin<R>, resolve: (result: R) => void, reject: (error: unknown) => void): Advance {
    const { store, stopped } = this.#options;
    const budget = new SliceBudget();
    let walked: Store | undefined;
    let slices: Slices<R> | undefined;
    return () => {
      try {
        if (stopped()) throw new ServerError("stopped");
        if (slices === undefined || walked !== store()) {
          walked = store();
          slices = begin(walked, budget);
        }
        const step = slices.next();
        if (step.done) resolve(step.value);
        return { cost: budget.takeSpent(), ended: step.done === true };
      } catch (error) {
        reject(error);
        return { cost: budget.takeSpent(), ended: true };
      }
    };
  }
}
