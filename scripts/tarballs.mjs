/** The public packages, packed as they would be published. Packing takes what is built: build first. */
import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { manifest, PhaseError, packageFolders, root, runPnpm } from "./workspace.mjs";

/**
 * Packs every public package into the folder `target` and returns the paths of the tarballs. Errors: `PhaseError` when a
 * compiled file has no source any more, or pnpm fails.
 */
export async function packTarballs(target) {
  const folders = packageFolders().filter((folder) => !manifest(`${folder}/package.json`).private);
  const stale = folders.flatMap(filesWithoutSource);
  if (stale.length > 0) throw new PhaseError("compiled files without a source: remove them", stale.join("\n"));
  const filters = folders.flatMap((folder) => ["--filter", `./${folder}`]);
  await runPnpm([...filters, "pack", "--pack-destination", target]);
  return readdirSync(target).map((name) => join(target, name));
}

/** Compiled files whose source has gone: the compiler leaves them behind, and they would be published. */
function filesWithoutSource(folder) {
  const dist = join(root, folder, "dist");
  const sources = folder === "proto" ? "gen" : "src";
  return readdirSync(dist, { recursive: true })
    .filter((name) => name.endsWith(".js"))
    .filter((name) => !existsSync(join(root, folder, sources, name.replace(/\.js$/, ".ts"))))
    .map((name) => relative(root, join(dist, name)));
}
