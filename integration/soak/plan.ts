/** What a soak does and when, by its length alone: a short one does everything that a long one does, only more often. */

export interface Plan {
  readonly durationMs: number;
  readonly sampleEveryMs: number;
  /** Each time the history but the newest of it is forgotten. */
  readonly compactEveryMs: number;
  /** Each time one member, in turn. */
  readonly defragmentEveryMs: number;
  readonly snapshotEveryMs: number;
  /** When each of the members is stopped and started again. */
  readonly restartsAtMs: readonly [number, number, number];
}

const MINUTE_MS = 60_000;
/** Fewer samples in the second half would not show a slope. */
export const MINUTES_MIN = 2;
export const MINUTES_MAX = 24 * 60;

/** Errors: `RangeError` for a length that is out of bounds. */
export function planOf(minutes: number): Plan {
  if (!(minutes >= MINUTES_MIN && minutes <= MINUTES_MAX)) {
    throw new RangeError(`a soak takes ${MINUTES_MIN} to ${MINUTES_MAX} minutes, not ${minutes}`);
  }
  const durationMs = minutes * MINUTE_MS;
  // So often that the second half, which is judged, sees several of each.
  const every = (share: number, mostMs: number): number => Math.min(durationMs * share, mostMs);
  return {
    durationMs,
    sampleEveryMs: 10_000,
    compactEveryMs: every(1 / 16, 2 * MINUTE_MS),
    defragmentEveryMs: every(1 / 16, 3 * MINUTE_MS),
    snapshotEveryMs: every(1 / 16, 2.5 * MINUTE_MS),
    // Over before the second half begins.
    restartsAtMs: [durationMs * 0.12, durationMs * 0.2, durationMs * 0.28],
  };
}
