/** Round numbers along an axis. Pure. */

export interface Scale {
  /** From 0 on; the last is `end`. */
  readonly ticks: readonly number[];
  /** At least as large as what was asked for. */
  readonly end: number;
}

const STEPS_MAX = 6;

/** Steps of 1, 2 or 5 times a power of ten, up to six of them. */
export function ticks(most: number): Scale {
  if (!(most > 0)) return { ticks: [0, 1], end: 1 };
  const power = 10 ** Math.floor(Math.log10(most / STEPS_MAX));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => most / size <= STEPS_MAX) ?? 10 * power;
  const count = Math.ceil(most / step - 1e-9);
  return { ticks: Array.from({ length: count + 1 }, (_, i) => tidy(i * step)), end: tidy(count * step) };
}

/** `1,234` as `1.2 k`: what fits beside an axis. */
export function short(value: number): string {
  for (const [size, unit] of [
    [1e6, "M"],
    [1e3, "k"],
  ] as const) {
    if (value >= size) return `${Number((value / size).toPrecision(3))} ${unit}`;
  }
  return String(Number(value.toPrecision(3)));
}

function tidy(value: number): number {
  return Number(value.toPrecision(12));
}
