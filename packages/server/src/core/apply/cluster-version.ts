/** The lowest version that every member speaks, decided by the leader and kept in table `meta`. */
import { stringBytes } from "../bytes.js";
import type { WriteBuffer } from "../mvcc/write-buffer.js";
import { decodeUtf8, encodeUtf8 } from "../wire-format.js";

const KEY: Uint8Array = stringBytes("cluster-version");

export class ClusterVersion {
  readonly #buffer: WriteBuffer;
  #value: string | undefined;

  constructor(buffer: WriteBuffer) {
    this.#buffer = buffer;
    const stored = buffer.get("meta", KEY);
    this.#value = stored === undefined ? undefined : decodeUtf8(stored);
  }

  get value(): string | undefined {
    return this.#value;
  }

  set(version: string): void {
    this.#value = version;
    this.#buffer.put("meta", KEY, Uint8Array.from(encodeUtf8(version)));
  }
}
