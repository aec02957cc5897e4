/** TypeScript of the repository that belongs to no package, such as the campaigns': compiled as it is loaded. Build first. */
import { runnerImport } from "vite";
import { root } from "./workspace.mjs";

/** The exports of a module. `entry` is its path below the root. */
export async function importSources(entry) {
  const { module } = await runnerImport(`${root}${entry}`, {
    root,
    configFile: false,
    esbuild: { target: "es2022" },
    logLevel: "error",
  });
  return module;
}
