/**
 * The latch of a file whose write or sync has failed. Linux reports a failed `fsync` once and may have dropped the dirty
 * pages, so a second one that succeeds proves nothing (the "fsyncgate" of PostgreSQL, 2018). Nothing passes afterwards.
 */
import { diskError } from "./disk-error.js";

export class Poison {
  readonly #path: string;
  #cause: { readonly error: unknown } | undefined;
  #closed = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** Throws when the file is closed or poisoned. */
  check(): void {
    if (this.#closed) throw diskError("EBADF", `${this.#path} is closed`);
    if (this.#cause !== undefined) {
      throw diskError("EIO", `${this.#path} is not usable after an earlier failure`, this.#cause.error);
    }
  }

  /** Runs a changing operation; its failure is the last thing that happens to the file. */
  async guard<T>(operation: () => Promise<T>): Promise<T> {
    this.check();
    try {
      return await operation();
    } catch (error) {
      this.#cause ??= { error };
      throw error;
    }
  }

  /** True the first time. */
  close(): boolean {
    const first = !this.#closed;
    this.#closed = true;
    return first;
  }
}
