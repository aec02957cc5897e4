/** A campaign whose stories are tests: runs some of them with vitest and leaves vitest's own counts, which `tally.mjs` reads too. */
import { spawnSync } from "node:child_process";
import { root, tools } from "./workspace.mjs";

/**
 * @param {{ project: string, paths?: readonly string[], env: Readonly<Record<string, string>> }} campaign
 * @param {string | undefined} counts where the counts go
 * @returns {number} the exit code
 */
export function vitestCampaign({ project, paths = [], env }, counts) {
  const kept = counts === undefined ? [] : ["--reporter=json", `--outputFile.json=${counts}`];
  const args = ["run", "--project", project, ...paths, "--reporter=default", ...kept];
  const ended = spawnSync(process.execPath, [tools.vitest, ...args], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, ...env },
  });
  return ended.status ?? 1;
}
