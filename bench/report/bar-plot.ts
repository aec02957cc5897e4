/** Horizontal bars, grouped by workload. Pure. */
import { ticks } from "./scale.js";
import { box, legend, line, seriesIndex, svg, text } from "./svg.js";

export interface Bar {
  readonly series: string;
  readonly value: number;
  /** Drawn as a line across the end of the bar. */
  readonly spread?: readonly [least: number, most: number];
}

export interface BarPlot {
  readonly title: string;
  readonly groups: readonly { readonly name: string; readonly bars: readonly Bar[] }[];
  /** A line to compare the bars with, such as 1. */
  readonly mark?: number;
  readonly format: (value: number) => string;
}

const [LEFT, WIDTH, RIGHT, TOP] = [330, 360, 90, 62] as const;
const [BAR, GAP] = [14, 12] as const;

export function barPlot({ title, groups, mark, format }: BarPlot): string {
  const bars = groups.flatMap((group) => group.bars);
  const scale = ticks(Math.max(mark ?? 0, ...bars.map(({ value, spread }) => Math.max(value, spread?.[1] ?? 0))));
  const x = (value: number): number => LEFT + (value / scale.end) * WIDTH;
  const height = TOP + bars.length * BAR + groups.length * GAP + 30;
  const bottom = height - 26;
  const parts = legend(16, 46, [...new Set(bars.map(({ series }) => series))]);
  for (const tick of scale.ticks) {
    parts.push(line(x(tick), TOP - 4, x(tick), bottom, "grid"));
    parts.push(text(x(tick), bottom + 16, format(tick), "quiet", "middle"));
  }
  let y = TOP;
  for (const group of groups) {
    const middle = y + (group.bars.length * BAR) / 2 + 4;
    parts.push(text(LEFT - 8, middle, group.name, "", "end"));
    for (const { series, value, spread } of group.bars) {
      parts.push(box(LEFT, y, Math.max(x(value) - LEFT, 1), BAR - 3, `f${seriesIndex(series)}`));
      if (spread !== undefined) parts.push(line(x(spread[0]), y + 5.5, x(spread[1]), y + 5.5, "spread"));
      parts.push(text(x(Math.max(value, spread?.[1] ?? 0)) + 6, y + BAR - 4, format(value)));
      y += BAR;
    }
    y += GAP;
  }
  if (mark !== undefined) parts.push(line(x(mark), TOP - 4, x(mark), bottom, "mark"));
  return svg({ width: LEFT + WIDTH + RIGHT, height, title, parts });
}
