/**
 * Generates `proto/gen` from the `.proto` files: the messages by protoc-gen-es, their codecs by `scripts/codec`, then
 * `index.ts`, the package's one public face, which names every export. With `--check` nothing is written; the exit code says
 * whether the committed files are fresh.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { readDescriptors } from "./codec/descriptors.mjs";
import { codecFile, hasMessages, tableFile } from "./codec/file.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const committed = join(root, "proto/gen");
const check = process.argv.includes("--check");
const out = check ? mkdtempSync(join(tmpdir(), "kvorum-generate-")) : committed;

/** Every file below a folder, as sorted paths relative to it. */
function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

const path = [join(root, "node_modules/.bin"), process.env.PATH].join(delimiter);
const tools = { cwd: root, env: { ...process.env, PATH: path } };

function runBuf() {
  const template = JSON.stringify({
    version: "v2",
    clean: true,
    plugins: [{ local: "protoc-gen-es", out, opt: ["target=ts", "import_extension=js"] }],
  });
  const result = spawnSync("buf", ["generate", "--template", template], {
    ...tools,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (result.error) throw result.error;
  if (result.status !== 0) process.exit(result.status ?? 1);
}

/** A codec for every message, beside the file with its shape, and the table of them all. */
function writeCodecs() {
  const files = readDescriptors(tools);
  for (const file of files.filter(hasMessages)) writeFormatted(`${file.name}_codec.ts`, codecFile(file));
  writeFormatted("codecs.ts", tableFile(files));
}

function writeFormatted(name, code) {
  const args = ["format", "--stdin-file-path=generated.ts"];
  const result = spawnSync("biome", args, { ...tools, input: code, encoding: "utf8" });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`${name}: ${result.stderr}`);
  writeFileSync(join(out, name), result.stdout);
}

/**
 * `index.ts` names what each generated file exports. Where two proto packages use one name, the first file in order
 * keeps it and the other is exported with its package in front: `membershippb.Member` is `membershippb_Member`.
 */
function writeIndex() {
  const lines = ["// Generated from the .proto files by `pnpm generate`. Do not edit.", ""];
  const taken = new Set();
  for (const file of filesBelow(out).filter((name) => name.endsWith("_pb.ts"))) {
    const source = readFileSync(join(out, file), "utf8");
    const values = [...source.matchAll(/^export (?:const|enum) (\w+)/gm)].map((match) => match[1]);
    const types = [...source.matchAll(/^export type (\w+)/gm)].map((match) => match[1]);
    const prefix = file.split(sep).at(-2);
    const named = (name) => {
      if (taken.has(name)) return `${name} as ${prefix}_${name}`;
      taken.add(name);
      return name;
    };
    const names = [...values.map((name) => `  ${named(name)},`), ...types.map((name) => `  type ${named(name)},`)];
    lines.push("export {", ...names, `} from "./${file.replaceAll("\\", "/").replace(/\.ts$/, ".js")}";`, "");
  }
  lines.push('export { decodeMessage, encodeMessage, messageSize } from "../codec/message.js";');
  lines.push('export { Slab } from "../codec/slab.js";', "");
  writeFileSync(join(out, "index.ts"), lines.join("\n"));
}

function isFresh() {
  const names = filesBelow(out);
  if (names.join() !== filesBelow(committed).join()) return false;
  return names.every((name) => readFileSync(join(out, name), "utf8") === readFileSync(join(committed, name), "utf8"));
}

mkdirSync(out, { recursive: true });
runBuf();
writeCodecs();
writeIndex();
if (check) {
  const fresh = isFresh();
  rmSync(out, { recursive: true, force: true });
  console.log(fresh ? "proto/gen is fresh" : "proto/gen is stale: run `pnpm generate` and commit the result");
  process.exit(fresh ? 0 : 1);
}
