/**
 * Compaction: reads below a revision are given up at once, what only they needed is removed bit by bit. A walk of the index
 * finds it, so that no step is longer than its budget however large the store.
 *
 * Table `meta` remembers the revision *scheduled* before anything is removed and the one *finished* after; a restart in
 * between begins the walk again. The scheduled one also holds the store's revision up when the writes that made it are
 * themselves gone (etcd issue 17780).
 */
import { stringBytes } from "../bytes.js";
import { decodeCounter, encodeCounter } from "./revision.js";
import { NEVER_COMPACTED, type StoreState } from "./store-state.js";
import type { WriteBuffer } from "./write-buffer.js";

/** Its key in table `meta`; a restore that moves the revision on sets it too. */
export const SCHEDULED: Uint8Array = stringBytes("compact-scheduled");
const FINISHED: Uint8Array = stringBytes("compact-finished");

/** Keys a step may look at for each revision it may remove: looking is that much cheaper. */
const VISITS_PER_REVISION = 16;

export class Compaction {
  readonly #state: StoreState;
  readonly #buffer: WriteBuffer;
  #finished: number;
  /** Where the walk goes on; undefined when there is nothing to do. */
  #next: string | undefined;
  #removed = 0;

  private constructor(state: StoreState, buffer: WriteBuffer) {
    this.#state = state;
    this.#buffer = buffer;
    this.#finished = readCounter(buffer, FINISHED);
    this.#next = state.compactRevision > this.#finished ? "" : undefined;
  }

  /** Takes up where the last run of the node stopped; sets the state's compact revision. */
  static resume(state: StoreState, buffer: WriteBuffer): Compaction {
    state.compactRevision = readCounter(buffer, SCHEDULED);
    return new Compaction(state, buffer);
  }

  /** The compact revision below which everything is removed, or `NEVER_COMPACTED`. */
  get finishedRevision(): number {
    return this.#finished;
  }

  /** Revisions removed since the start. */
  get removed(): number {
    return this.#removed;
  }

  get pending(): boolean {
    return this.#next !== undefined;
  }

  /** One that is still under way is taken over by the later one. */
  schedule(revision: number): void {
    this.#state.compactRevision = revision;
    this.#buffer.put("meta", SCHEDULED, encodeCounter(revision));
    this.#next = "";
  }

  /** Removes at most `maxRevisions` and says whether all is done. */
  step(maxRevisions: number): boolean {
    if (this.#next === undefined) return true;
    const emptied: string[] = [];
    let [removable, visitable] = [maxRevisions, maxRevisions * VISITS_PER_REVISION];
    let next: string | undefined;
    for (const index of this.#state.index.visit({ from: this.#next, to: undefined })) {
      if (removable <= 0 || visitable <= 0) {
        next = index.key;
        break;
      }
      const droppable = index.droppable(this.#state.compactRevision);
      const count = Math.min(droppable, removable);
      if (count > 0) for (const revision of index.drop(count)) this.#state.table.remove(revision);
      if (index.length === 0) emptied.push(index.key);
      removable -= count;
      this.#removed += count;
      visitable--;
      if (count < droppable) {
        next = index.key;
        break;
      }
    }
    for (const key of emptied) this.#state.index.delete(key);
    this.#next = next;
    if (next === undefined) this.#finish();
    return next === undefined;
  }

  #finish(): void {
    this.#finished = this.#state.compactRevision;
    this.#buffer.put("meta", FINISHED, encodeCounter(this.#finished));
  }
}

function readCounter(buffer: WriteBuffer, key: Uint8Array): number {
  const stored = buffer.get("meta", key);
  return stored === undefined ? NEVER_COMPACTED : decodeCounter(stored);
}
