/** Tables as etcdctl draws them: a frame of `+`, `-` and `|`, headings in capitals and centred, cells to the right. */

export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export function renderTable({ header, rows }: Table): string {
  const widths = header.map((name, column) =>
    Math.max(displayWidth(name), ...rows.map((row) => displayWidth(row[column] ?? ""))),
  );
  const rule = `+${widths.map((width) => "-".repeat(width + 2)).join("+")}+\n`;
  const line = (cells: readonly string[], pad: (cell: string, width: number) => string): string =>
    `|${widths.map((width, column) => ` ${pad(cells[column] ?? "", width)} `).join("|")}|\n`;
  const names = header.map((name) => name.toUpperCase());
  const body = rows.map((row) => line(row, (cell, width) => gap(cell, width) + cell));
  return [rule, line(names, centred), rule, ...body, rule].join("");
}

/** An odd space goes to the right. */
function centred(cell: string, width: number): string {
  const spaces = gap(cell, width);
  const left = spaces.slice(0, Math.floor(spaces.length / 2));
  return left + cell + spaces.slice(left.length);
}

function gap(cell: string, width: number): string {
  return " ".repeat(Math.max(0, width - displayWidth(cell)));
}

function displayWidth(text: string): number {
  return [...text].length;
}
