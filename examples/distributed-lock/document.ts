/** The document that the workers share: lines of text under one key. Appending means to read all, think, and write all. */
import { type Codec, codec, type Store } from "@kvorum/client";
import type { Lock } from "@kvorum/concurrency";

export type Lines = readonly string[];

export const linesCodec: Codec<Lines> = codec.json<Lines>();

export class SharedDocument {
  readonly #store: Store<Lines>;
  readonly #key: string;

  constructor(store: Store<string>, key: string) {
    this.#store = store.withCodec(linesCodec);
    this.#key = key;
  }

  async read(): Promise<Lines> {
    return (await this.#store.get(this.#key))?.value ?? [];
  }

  /** Trusts the lock: whoever holds it may write. That is wrong as soon as a holder can be paused. */
  async writeUnfenced(lines: Lines): Promise<boolean> {
    await this.#store.put(this.#key, lines);
    return true;
  }

  /**
   * Writes only while the lock is still ours. The condition and the write are one transaction, so nothing can happen in
   * between, however late the request arrives. False: somebody else has the lock by now, and nothing was written.
   */
  async writeFenced(lock: Lock, lines: Lines): Promise<boolean> {
    const { succeeded } = await this.#store.txn({
      if: [lock.ownership()],
      then: [this.#store.op.put(this.#key, lines)],
    });
    return succeeded;
  }
}
