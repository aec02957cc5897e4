/** `node scripts/pack.mjs FOLDER`: packs every public package into an existing folder and prints the tarballs, one a line. */

import { packTarballs } from "./tarballs.mjs";
import { PhaseError } from "./workspace.mjs";

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error("usage: node scripts/pack.mjs FOLDER");
  process.exit(2);
}
try {
  for (const tarball of await packTarballs(folder)) console.log(tarball);
} catch (error) {
  if (!(error instanceof PhaseError)) throw error;
  console.error(`${error.message}\n${error.output}`);
  process.exitCode = 1;
}
