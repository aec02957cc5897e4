/** The version that an operator wants the cluster to go back to, if any; kept in table `meta`, empty for none. */
import { stringBytes } from "../bytes.js";
import { ServerError } from "../errors.js";
import type { WriteBuffer } from "../mvcc/write-buffer.js";
import { decodeUtf8, encodeUtf8 } from "../wire-format.js";

const KEY: Uint8Array = stringBytes("downgrade");

export class Downgrade {
  readonly #buffer: WriteBuffer;
  #target: string | undefined;

  constructor(buffer: WriteBuffer) {
    this.#buffer = buffer;
    const stored = buffer.get("meta", KEY);
    this.#target = stored === undefined || stored.length === 0 ? undefined : decodeUtf8(stored);
  }

  /** `MAJOR.MINOR.0`. */
  get target(): string | undefined {
    return this.#target;
  }

  /**
   * Undefined ends it, also when none runs. Errors: `downgradeInProcess` for a second one; whoever proposed it looked
   * before, but two may have looked at once.
   */
  set(target: string | undefined): void {
    if (target !== undefined && this.#target !== undefined) throw new ServerError("downgradeInProcess");
    this.#target = target;
    this.#buffer.put("meta", KEY, Uint8Array.from(encodeUtf8(target ?? "")));
  }
}
