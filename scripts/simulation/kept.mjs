/**
 * What a long simulation campaign has seen so far, kept in a file: a campaign that was ended starts again where it was. Counts
 * of other sources, seeds or durations are refused, so that no figure is the sum of different programs.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { wrongUse } from "../whole-number.mjs";

/** The bundled sources without their map, which names the folder of the bundle. */
export function digestOf(url) {
  const [code] = readFileSync(fileURLToPath(url), "utf8").split("\n//# sourceMappingURL=");
  return createHash("sha256").update(code).digest("hex");
}

/**
 * @template State
 * @param {string} file
 * @param {string} of what the counts are about
 * @returns {State | undefined} `undefined` before the first `keep`
 */
export function kept(file, of) {
  if (!existsSync(file)) return undefined;
  const { of: was, state } = JSON.parse(readFileSync(file, "utf8"));
  if (was !== of) wrongUse(`--keep: "${file}" is of another campaign (${was}), not of this one (${of})`);
  return state;
}

/** Replaces the file in one step. */
export function keep(file, of, state) {
  writeFileSync(`${file}.new`, JSON.stringify({ of, state }));
  renameSync(`${file}.new`, file);
}
