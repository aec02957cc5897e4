/** The appends that are on their way to one streaming follower: how many, how many bytes, and what an answer frees. */

export interface InflightLimits {
  readonly inflightMessagesMax: number;
  readonly inflightBytesMax: number;
}

export class Inflights {
  readonly #limits: InflightLimits;
  /** Oldest first; last indexes ascend. */
  #messages: { readonly lastIndex: number; readonly bytes: number }[] = [];
  #bytes = 0;

  constructor(limits: InflightLimits) {
    this.#limits = limits;
  }

  /** One message always fits, so the byte limit may be passed by the last one. */
  get full(): boolean {
    const { inflightMessagesMax, inflightBytesMax } = this.#limits;
    return this.#messages.length >= inflightMessagesMax || this.#bytes >= inflightBytesMax;
  }

  add(lastIndex: number, bytes: number): void {
    this.#messages.push({ lastIndex, bytes });
    this.#bytes += bytes;
  }

  /** Everything up to `index` has arrived. */
  freeTo(index: number): void {
    const left = this.#messages.findIndex(({ lastIndex }) => lastIndex > index);
    const freed = this.#messages.splice(0, left === -1 ? this.#messages.length : left);
    for (const { bytes } of freed) this.#bytes -= bytes;
  }

  clear(): void {
    this.#messages = [];
    this.#bytes = 0;
  }

  inspect(): unknown {
    return this.#messages;
  }
}
