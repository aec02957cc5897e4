/**
 * `node scripts/image.mjs FOLDER`: makes the build context of the container image in a folder that is empty or not there:
 * the packed packages with what they need at run time, as npm installs it, beside `packaging/Dockerfile`. Build first.
 *
 *   node scripts/image.mjs out && docker build -t kvorum out
 *
 * The native modules are those of this machine, so the image is for machines of its kind (Linux, glibc, the same processor).
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { packTarballs } from "./tarballs.mjs";
import { PhaseError, root } from "./workspace.mjs";

const [folder] = process.argv.slice(2);
if (folder === undefined || process.argv.length > 3) stop(2, "usage: node scripts/image.mjs FOLDER");
const out = resolve(folder);
if (existsSync(out) && readdirSync(out).length > 0) stop(2, `${folder} is not empty`);

const tarballs = mkdtempSync(join(tmpdir(), "kvorum-image-"));
try {
  const kvorum = join(out, "kvorum");
  mkdirSync(kvorum, { recursive: true });
  // What the data directory is in the image: its owner is the one that Docker gives to what it copies.
  mkdirSync(join(out, "data"));
  writeFileSync(join(out, "data/.keep"), "");
  writeFileSync(join(kvorum, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const packed = await packTarballs(tarballs);
  const flags = ["--omit=dev", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const ended = spawnSync("npm", ["install", ...flags, ...packed], { cwd: kvorum, encoding: "utf8" });
  if (ended.status !== 0) stop(1, `npm could not install the packages:\n${ended.stdout}${ended.stderr}`);
  copyFileSync(join(root, "packaging/Dockerfile"), join(out, "Dockerfile"));
} catch (error) {
  if (!(error instanceof PhaseError)) throw error;
  stop(1, `${error.message}\n${error.output}`);
} finally {
  rmSync(tarballs, { recursive: true, force: true });
}

function stop(code, text) {
  console.error(text);
  process.exit(code);
}
