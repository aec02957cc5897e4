/** The Raft core and the tests' simulation of it, stripped of their types, for programs that run outside of vitest. */
import { fileURLToPath } from "node:url";
import { transpile } from "../transpiled.mjs";

const core = fileURLToPath(new URL("../../packages/server/src/core", import.meta.url));
const entries = ["cluster-run.ts", "cluster-counters.ts", "explorer.ts", "explorer-plans.ts"].map(
  (name) => `raft/testing/${name}`,
);

/** Everything those files export. A `change` of the text makes it another core; see `mutants.mjs`. */
export async function loadCore(change) {
  const copy = transpile(core, entries, change);
  try {
    const modules = await Promise.all(entries.map((entry) => import(copy.urlOf(entry))));
    return Object.assign({}, ...modules);
  } finally {
    // Imported means read.
    copy.remove();
  }
}
