/** How something changes as something else grows tenfold and again tenfold. Pure. */
import { short, ticks } from "./scale.js";
import { dot, legend, line, path, seriesIndex, svg, text } from "./svg.js";

export interface LinePlot {
  readonly title: string;
  readonly axis: string;
  readonly lines: readonly {
    readonly series: string;
    /** `x` is above 0 and drawn on a logarithmic axis. */
    readonly points: readonly (readonly [x: number, y: number])[];
  }[];
}

const [LEFT, WIDTH, RIGHT, TOP, HEIGHT, BELOW] = [64, 420, 40, 66, 200, 48] as const;

export function linePlot({ title, axis, lines }: LinePlot): string {
  const points = lines.flatMap((one) => one.points);
  const xs = [...new Set(points.map(([x]) => x))].sort((a, b) => a - b);
  const [first, last] = [Math.log10(xs[0] ?? 1), Math.log10(xs.at(-1) ?? 1)];
  const scale = ticks(Math.max(0, ...points.map(([, y]) => y)));
  const x = (value: number): number => LEFT + ((Math.log10(value) - first) / (last - first || 1)) * WIDTH;
  const y = (value: number): number => TOP + HEIGHT - (value / scale.end) * HEIGHT;
  const parts = legend(
    16,
    46,
    lines.map(({ series }) => series),
  );
  for (const tick of scale.ticks) {
    parts.push(line(LEFT, y(tick), LEFT + WIDTH, y(tick), "grid"));
    parts.push(text(LEFT - 8, y(tick) + 4, short(tick), "quiet", "end"));
  }
  for (const value of xs) parts.push(text(x(value), TOP + HEIGHT + 18, short(value), "quiet", "middle"));
  parts.push(text(LEFT + WIDTH / 2, TOP + HEIGHT + 38, axis, "quiet", "middle"));
  for (const { series, points } of lines) {
    const drawn = points.map(([px, py]): [number, number] => [x(px), y(py)]);
    parts.push(
      path(drawn, `l${seriesIndex(series)}`),
      ...drawn.map(([px, py]) => dot(px, py, `f${seriesIndex(series)}`)),
    );
  }
  return svg({ width: LEFT + WIDTH + RIGHT, height: TOP + HEIGHT + BELOW, title, parts });
}
