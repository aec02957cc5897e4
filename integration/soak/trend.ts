/** A straight line through measured points, by least squares. */

export interface Point {
  readonly at: number;
  readonly value: number;
}

export interface Trend {
  readonly points: number;
  readonly mean: number;
  /** How much higher the line is at the last point than at the first. */
  readonly rise: number;
  /** Standard error of `rise`, as the points scatter about the line. */
  readonly error: number;
}

/** Undefined for fewer than three points, or points of one moment. */
export function trendOf(points: readonly Point[]): Trend | undefined {
  const count = points.length;
  if (count < 3) return undefined;
  const [meanAt, mean] = [average(points.map(({ at }) => at)), average(points.map(({ value }) => value))];
  const spread = sum(points.map(({ at }) => (at - meanAt) ** 2));
  if (spread === 0) return undefined;
  const slope = sum(points.map(({ at, value }) => (at - meanAt) * (value - mean))) / spread;
  const left = sum(points.map(({ at, value }) => (value - mean - slope * (at - meanAt)) ** 2));
  const ats = points.map(({ at }) => at);
  const span = Math.max(...ats) - Math.min(...ats);
  return { points: count, mean, rise: slope * span, error: Math.sqrt(left / (count - 2) / spread) * span };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function average(values: readonly number[]): number {
  return sum(values) / values.length;
}
