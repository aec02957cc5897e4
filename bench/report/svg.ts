/** A picture of text, lines and boxes that is readable on a light and on a dark page. Pure. */

export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly title: string;
  readonly parts: readonly string[];
}

/** Names of series in the order of their colours; the same series has the same colour in every picture. */
const SERIES = [["kvorum", "client lean"], ["etcd", "npm etcd3"], ["client nice"]] as const;

// The picture brings its own ground: a page's theme need not be that of the system which the media query asks.
const STYLE = `
  svg { --ground: #ffffff; --text: #1f2328; --quiet: #59636e; --line: #d1d9e0; --s0: #1f6feb; --s1: #bc4c00; --s2: #1a7f37; }
  @media (prefers-color-scheme: dark) {
    svg { --ground: #0d1117; --text: #f0f6fc; --quiet: #9198a1; --line: #3d444d; --s0: #58a6ff; --s1: #f0883e; --s2: #3fb950; }
  }
  text { font: 12px system-ui, sans-serif; fill: var(--text); }
  .head { font-size: 14px; font-weight: 600; }
  .quiet { fill: var(--quiet); }
  .ground { fill: var(--ground); }
  .grid { stroke: var(--line); }
  .mark { stroke: var(--text); stroke-dasharray: 3 3; }
  .spread { stroke: var(--text); }
  .f0 { fill: var(--s0); } .f1 { fill: var(--s1); } .f2 { fill: var(--s2); }
  .l0 { stroke: var(--s0); } .l1 { stroke: var(--s1); } .l2 { stroke: var(--s2); }
  .l0, .l1, .l2 { fill: none; stroke-width: 2; }
`;

export function svg({ width, height, title, parts }: Drawing): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="ground" width="${width}" height="${height}" rx="6"/>`,
    text(16, 24, title, "head"),
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

export function seriesIndex(name: string): number {
  const index = SERIES.findIndex((names) => (names as readonly string[]).includes(name));
  if (index < 0) throw new Error(`no colour for "${name}"`);
  return index;
}

export function text(
  x: number,
  y: number,
  content: string,
  style = "",
  anchor: "start" | "middle" | "end" = "start",
): string {
  const styled = style === "" ? "" : ` class="${style}"`;
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}"${styled}>${escaped(content)}</text>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, style: string): string {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" class="${style}"/>`;
}

export function box(x: number, y: number, width: number, height: number, style: string): string {
  const size = `width="${round(width)}" height="${round(height)}"`;
  return `<rect x="${round(x)}" y="${round(y)}" ${size} rx="2" class="${style}"/>`;
}

export function path(points: readonly (readonly [x: number, y: number])[], style: string): string {
  return `<polyline points="${points.map(([x, y]) => `${round(x)},${round(y)}`).join(" ")}" class="${style}"/>`;
}

export function dot(x: number, y: number, style: string): string {
  return `<circle cx="${round(x)}" cy="${round(y)}" r="4" class="${style}"/>`;
}

/** A coloured box and a name for each series, from left to right. */
export function legend(x: number, y: number, names: readonly string[]): string[] {
  let at = x;
  return names.flatMap((name) => {
    const from = at;
    at += 34 + name.length * 7;
    return [box(from, y - 10, 12, 12, `f${seriesIndex(name)}`), text(from + 18, y, name)];
  });
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
