/**
 * A historic bug as a patch of today's sources: what it says of itself, and the sources with it. A hunk must fit line for
 * line, at its place or moved as a whole; one that does not fit is an error, never a patch that is half applied.
 */
import { readdirSync, readFileSync } from "node:fs";
import { applyPatch, parsePatch } from "diff";
import { root } from "../workspace.mjs";

/** Below the root. */
export const FOLDER = "packages/server/testing/historic-bugs";

/** @typedef {import("./patch.d.mts").Bug} Bug */

/** @returns {Bug[]} in the order of their numbers */
export function readBugs() {
  const names = readdirSync(`${root}${FOLDER}`).filter((name) => name.endsWith(".patch"));
  return names.sort().map((name) => bugOf(name, readFileSync(`${root}${FOLDER}/${name}`, "utf8")));
}

/**
 * @param {string} file its name, `NN-short-name.patch`
 * @param {string} text
 * @returns {Bug}
 */
export function bugOf(file, text) {
  const [, number, name] = /^(\d\d)-([a-z0-9-]+)\.patch$/.exec(file) ?? [];
  if (number === undefined) throw new Error(`${file} is not named NN-short-name.patch`);
  const start = text.search(/^(diff --git|---) /m);
  if (start === -1) throw new Error(`${file} has no diff`);
  const head = text.slice(0, start);
  const claims = [...head.matchAll(/^Caught-by: (.*)$/gm)];
  if (claims.length !== 1) throw new Error(`${file} has ${claims.length} lines "Caught-by:", and should have one`);
  const about = head.replace(/^Caught-by: .*$/m, "").trim();
  if (about === "") throw new Error(`${file} does not say what the bug is`);
  return {
    number: Number(number),
    name,
    file,
    about,
    claim: claimOf(file, claims[0][1]),
    files: filesOf(file, text.slice(start)),
  };
}

/** @returns {string} as the head of a patch and the table of the bugs write it */
export function claimText(claim) {
  if (claim.means === "nothing") return "nothing";
  return claim.means === "scenario" ? `scenario ${claim.name}` : `${claim.means} ${claim.seed}`;
}

/**
 * @param {Bug} bug
 * @param {string} path below the root
 * @param {string} source
 * @returns {string} the source with the bug in it
 */
export function planted({ file, files }, path, source) {
  const patch = files.get(path);
  if (patch === undefined) throw new Error(`${file} does not change ${path}`);
  const changed = applyHunks(patch, patch.hunks.length, source);
  if (changed !== false) return changed;
  const bad = patch.hunks.findIndex((_, i) => applyHunks(patch, i + 1, source) === false);
  const { oldStart, lines } = patch.hunks[bad];
  throw new Error(
    `${file}: hunk ${bad + 1} (line ${oldStart}) does not fit ${path} any more:\n${lines.filter((line) => !line.startsWith("+")).join("\n")}`,
  );
}

/**
 * Plants the bug in a bundle.
 *
 * @param {Bug} bug
 * @returns {import("esbuild").Plugin} fails the build when a file of the patch is not part of it: nothing would be shown
 */
export function plantIn(bug) {
  return {
    name: `historic bug ${bug.number}`,
    setup({ onStart, onLoad, onEnd }) {
      const missing = new Set(bug.files.keys());
      onStart(() => {
        for (const path of bug.files.keys()) missing.add(path);
      });
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const below = path.slice(root.length);
        if (!path.startsWith(root) || !bug.files.has(below)) return undefined;
        missing.delete(below);
        return { contents: planted(bug, below, readFileSync(path, "utf8")), loader: "ts" };
      });
      onEnd(({ errors }) => {
        if (errors.length > 0 || missing.size === 0) return undefined;
        return { errors: [{ text: `${bug.file}: ${[...missing].join(", ")} is not part of what runs` }] };
      });
    },
  };
}

function applyHunks(patch, count, source) {
  return applyPatch(source, { ...patch, hunks: patch.hunks.slice(0, count) }, { fuzzFactor: 0 });
}

function claimOf(file, text) {
  if (text === "nothing") return { means: "nothing" };
  const [, scenario] = /^scenario ([a-z][a-z-]+)$/.exec(text) ?? [];
  if (scenario !== undefined) return { means: "scenario", name: scenario };
  const [, means, seed] = /^(seed|raft seed) (\d+)$/.exec(text) ?? [];
  if (means !== undefined) return { means, seed: Number(seed) };
  throw new Error(`${file}: "Caught-by: ${text}" is neither a scenario, a seed, a raft seed nor nothing`);
}

function filesOf(file, diff) {
  const files = new Map();
  for (const patch of parsePatch(diff)) {
    const path = patch.newFileName?.replace(/^b\//, "");
    if (path === undefined || path !== patch.oldFileName?.replace(/^a\//, "")) {
      throw new Error(`${file} creates, removes or renames a file: a historic bug changes what is there`);
    }
    if (files.has(path)) throw new Error(`${file} has ${path} twice`);
    files.set(path, patch);
  }
  return files;
}
