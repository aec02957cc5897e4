/** The few numbers that everything here is told by. All of them are pure. */

/** The middle one, or the mean of the two in the middle. NaN for nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}

/**
 * The smallest value that at least `share` of all values do not exceed (nearest rank): never one that was not measured.
 * `sorted` ascends. NaN for nothing.
 */
export function percentile(sorted: Float64Array, share: number): number {
  // Without the rounding 0.999 × 1,000 would be a little more than 999.
  const rank = Math.ceil(Number((sorted.length * share).toFixed(6)));
  return sorted[Math.max(rank, 1) - 1] ?? Number.NaN;
}

export interface Latencies {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

/** Sorts its argument. */
export function latencies(ms: Float64Array): Latencies {
  ms.sort();
  return { p50Ms: percentile(ms, 0.5), p99Ms: percentile(ms, 0.99), p999Ms: percentile(ms, 0.999) };
}

export interface Ratio {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/**
 * Ours over theirs, round by round: the two of a round ran one after the other, so that a machine that changes its speed
 * from minute to minute changes both. A round in which one of them has no value is left out; undefined where that is all of them.
 */
export function pairedRatio(
  ours: readonly (number | undefined)[],
  theirs: readonly (number | undefined)[],
): Ratio | undefined {
  const ratios = ours.flatMap((value, round) => {
    const other = theirs[round];
    return value === undefined || other === undefined ? [] : [value / other];
  });
  if (ratios.length === 0) return undefined;
  return { median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) };
}
