/**
 * Streams that are over, as far as it matters how: what the other side has sent before it could know is let pass for streams
 * that we have reset (RFC 9113 §5.1), and is an error for others. A slot for each remainder of the number, so it is for the
 * latest streams that this is known.
 */

const SLOTS = 512;

export class ClosedStreams {
  /** The stream's id, doubled, and 1 if we have reset it. */
  readonly #slots: Float64Array = new Float64Array(SLOTS);

  add(streamId: number, resetByUs: boolean): void {
    this.#slots[(streamId >>> 1) & (SLOTS - 1)] = streamId * 2 + (resetByUs ? 1 : 0);
  }

  /** Undefined when it was never open or is long over. */
  resetByUs(streamId: number): boolean | undefined {
    const slot = this.#slots[(streamId >>> 1) & (SLOTS - 1)] as number;
    return Math.floor(slot / 2) === streamId ? slot % 2 === 1 : undefined;
  }
}
