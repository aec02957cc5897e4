/**
 * An attempt whose answer was lost may still be on its way: a member that stood still passes on, minutes later, what it had
 * received. The key that it then puts would belong to nobody and keep everyone waiting until the session ends. A session of one
 * acquisition alone needs no care: its lease is gone by then. For the others the key is watched after it was given up.
 */
import { isEtcdError, type Store } from "@kvorum/client";
import { Interrupt, persist } from "../interrupt.js";
import type { Session } from "../session.js";
import type { Slot } from "./local-queue.js";

/** Milliseconds for which a late copy is waited for. A server gives a request up after seconds; a machine may be suspended longer. */
const LATE_MS = 120_000;

interface Given {
  readonly session: Session;
  readonly key: Uint8Array;
  /** Takes the key away if it was put at that revision. May be repeated. */
  remove(modRevision: bigint): Promise<unknown>;
  /** Keeps others of this process from the key meanwhile; undefined means that somebody has it, who sees to the key. */
  claim(): Slot | undefined;
}

/** What one acquisition has sent and does not know the end of. */
export class LateCopies {
  readonly #store: Store<Uint8Array>;
  #inDoubt = false;
  #answeredAt: bigint | undefined;

  constructor(store: Store<Uint8Array>) {
    this.#store = store;
  }

  /** Whether an attempt may have put the key although it has failed, or may yet. */
  get inDoubt(): boolean {
    return this.#inDoubt;
  }

  /** Around each attempt to put the key. */
  async attempt<R extends { readonly header: { readonly revision: bigint } }>(sent: Promise<R>): Promise<R> {
    try {
      const answer = await sent;
      this.#answeredAt ??= answer.header.revision;
      return answer;
    } catch (error) {
      this.#inDoubt ||= isEtcdError(error) && error.outcome === "unknown";
      throw error;
    }
  }

  /** To be called when the key was given up, or not put: deletes it whenever it is put from then on, while the session lives. */
  sweep(given: Given): void {
    // What goes wrong with it nobody can be told; the session's end does the same.
    if (this.#inDoubt && !given.session.signal.aborted) void this.#sweep(given).catch(() => undefined);
  }

  async #sweep({ session, key, remove, claim }: Given): Promise<void> {
    using end = new Interrupt(this.#store.world, "", [session.signal], LATE_MS);
    const { signal } = end;
    const from = this.#answeredAt === undefined ? {} : { startRevision: this.#answeredAt + 1n };
    for await (const event of this.#store.watch(key, { ...from, only: "put", onCompacted: "resync", signal })) {
      if (event.type !== "put") continue;
      const slot = claim();
      if (slot === undefined) continue;
      await persist(this.#store.world, signal, () => remove(event.kv.modRevision)).finally(() => slot.free());
    }
  }
}
