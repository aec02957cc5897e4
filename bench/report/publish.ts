/** Puts a run where people look for it: `bench/results/`, the pictures, and the marked places of README and docs. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunResult } from "../results.js";
import { circumstances, fillMarkers, resultTable, targetTable, workloadTable } from "./markdown.js";
import { type Picture, plots } from "./plots.js";

/** With the way from each page to the pictures. */
const PAGES = { "README.md": "docs/plots", "docs/performance.md": "plots" } as const;
const PLOTS = "docs/plots";

/** Resolves with the files it has written, from `root`. */
export async function publish(root: string, run: RunResult): Promise<string[]> {
  const written = [await store(root, run)];
  const pictures = plots(run);
  await mkdir(join(root, PLOTS), { recursive: true });
  for (const { name, svg } of pictures) {
    await writeFile(join(root, PLOTS, name), svg);
    written.push(`${PLOTS}/${name}`);
  }
  for (const [page, way] of Object.entries(PAGES)) {
    const before = await readFile(join(root, page), "utf8");
    const after = filled(before, run, pictures, way);
    if (after === before) continue;
    await writeFile(join(root, page), after);
    written.push(page);
  }
  return written;
}

export async function store(root: string, run: RunResult): Promise<string> {
  const file = `bench/results/${run.date.slice(0, 10)}-${run.commit}.json`;
  await mkdir(join(root, "bench/results"), { recursive: true });
  await writeFile(join(root, file), `${JSON.stringify(run, null, 2)}\n`);
  return file;
}

/** Markers: `circumstances`, `targets`, `workloads`, `pictures`, and `markerOf` each group's title. */
export function filled(text: string, run: RunResult, pictures: readonly Picture[], way: string): string {
  const shown = (group: string | undefined): string[] =>
    pictures.filter((picture) => picture.group === group).map(({ name }) => `![${name.slice(0, -4)}](${way}/${name})`);
  let result = fillMarkers(text, "circumstances", circumstances(run));
  result = fillMarkers(result, "targets", targetTable(run.workloads));
  result = fillMarkers(result, "workloads", workloadTable(run.workloads));
  result = fillMarkers(result, "pictures", shown(undefined).join("\n"));
  for (const group of new Set(run.workloads.map((workload) => workload.group))) {
    const table = resultTable(run.workloads.filter((workload) => workload.group === group));
    result = fillMarkers(
      result,
      markerOf(group),
      [...shown(group), ...(shown(group).length > 0 ? [""] : []), table].join("\n"),
    );
  }
  return result;
}

export function markerOf(title: string): string {
  return title.toLowerCase().replaceAll(/[^a-z]+/g, "-");
}
