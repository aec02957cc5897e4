/** The public packages, packed as they would be published. Packing takes what is built: build first. */
import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { manifest, packageFolders, root, runPnpm } from "./workspace.mjs";

/** Packs every public package into the folder `target` and returns the paths of the tarballs. Errors: `PhaseError` of pnpm. */
export async function packTarballs(target) {
  const filters = publicFolders().flatMap((folder) => ["--filter", `./${folder}`]);
  await runPnpm([...filters, "pack", "--pack-destination", target]);
  return readdirSync(target).map((name) => join(target, name));
}

/** Compiled files whose source has gone: the compiler leaves them behind, and they would be published. */
export function staleFiles() {
  return publicFolders().flatMap(filesWithoutSource);
}

function publicFolders() {
  return packageFolders().filter((folder) => !manifest(`${folder}/package.json`).private);
}

function filesWithoutSource(folder) {
  const dist = join(root, folder, "dist");
  const sources = folder === "proto" ? "." : "src";
  return readdirSync(dist, { recursive: true })
    .filter((name) => name.endsWith(".js"))
    .filter((name) => !existsSync(join(root, folder, sources, name.replace(/\.js$/, ".ts"))))
    .map((name) => relative(root, join(dist, name)));
}
