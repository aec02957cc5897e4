/** The graph of imports: cycles between folders, cycles between files, and files that nothing leads to. */
import { posix } from "node:path";
import { isTest, type SourceFile, type Violation } from "./source-file.js";

type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * Folders of the server do not lead back to each other, not even by types: an interface belongs to the side that needs
 * it. Files that lie directly in `src` or `src/core` stand for themselves.
 */
export function noFolderCycles(files: readonly SourceFile[]): Violation[] {
  const server = files.filter(({ path }) => path.startsWith("packages/server/src/"));
  const unit = (path: string): string => {
    const folder = posix.dirname(path);
    return /\/src(\/core)?$/.test(folder) ? path : folder;
  };
  return cyclesAsViolations(graphOf(server, unit, ({ kind }) => kind !== "process"));
}

/** No file needs at run time a file that needs it. */
export function noFileCycles(files: readonly SourceFile[]): Violation[] {
  return cyclesAsViolations(
    graphOf(
      files,
      (path) => path,
      ({ kind }) => kind === "value",
    ),
  );
}

/** Every file is reached from one of the entries or from a test. */
export function noDeadFiles(files: readonly SourceFile[], entries: readonly string[]): Violation[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const reached = new Set<string>();
  const queue = [...entries, ...files.map(({ path }) => path).filter(isTest)];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    const file = byPath.get(path);
    if (file === undefined || reached.has(path)) continue;
    reached.add(path);
    for (const { target } of file.imports) if (target !== undefined) queue.push(target);
  }
  return files
    .filter(({ path }) => !reached.has(path))
    .map(({ path }) => ({ path, line: 1, message: "no entry point and no test leads here: use it or remove it" }));
}

function graphOf(
  files: readonly SourceFile[],
  unit: (path: string) => string,
  counts: (imported: SourceFile["imports"][number]) => boolean,
): Graph {
  const graph = new Map<string, Set<string>>();
  for (const file of files.filter(({ path }) => !isTest(path))) {
    const edges = graph.get(unit(file.path)) ?? new Set();
    graph.set(unit(file.path), edges);
    for (const imported of file.imports) {
      if (imported.target === undefined || !counts(imported)) continue;
      const target = unit(imported.target);
      if (target !== unit(file.path)) edges.add(target);
    }
  }
  return graph;
}

function cyclesAsViolations(graph: Graph): Violation[] {
  return findCycles(graph).map((cycle) => ({
    path: cycle[0] ?? "",
    line: 1,
    message: `a cycle of imports: ${cycle.join(" → ")}`,
  }));
}

/** One cycle for every edge that leads back in a depth-first walk; empty exactly when there is none. */
function findCycles(graph: Graph): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (node: string): void => {
    const at = path.indexOf(node);
    if (at !== -1) cycles.push([...path.slice(at), node]);
    if (at !== -1 || done.has(node)) return;
    path.push(node);
    for (const next of graph.get(node) ?? []) visit(next);
    path.pop();
    done.add(node);
  };
  for (const node of graph.keys()) visit(node);
  return cycles;
}
