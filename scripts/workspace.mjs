/**
 * What the other scripts share: the root of the workspace, phases that print one line each, pnpm at the pinned version,
 * the install that is skipped while nothing it depends on has changed, and the incremental build.
 *
 * Plain JavaScript without a dependency, because it runs before anything is installed.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder that holds package.json of the workspace. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/** Entry points of the tools, run with the same Node that runs us: no shell, no `.cmd` wrapper. */
export const tools = {
  tsc: "node_modules/typescript/bin/tsc",
  vitest: "node_modules/vitest/vitest.mjs",
  biome: "node_modules/@biomejs/biome/bin/biome",
  knip: "node_modules/knip/bin/knip.js",
  publint: "node_modules/publint/src/cli.js",
  attw: "node_modules/@arethetypeswrong/cli/dist/index.js",
};

const stampFile = join(root, "node_modules/.kvorum/install.json");

/** A phase that failed. The message is for a person; `output` is what the command printed. */
export class PhaseError extends Error {
  constructor(message, output = "") {
    super(message);
    this.output = output;
  }
}

/** Exits with a sentence where Node is too old, before a syntax or API error can say it worse. */
export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(`Kvorum needs Node 20.19 or later; this is Node ${process.versions.node} (${process.execPath}).`);
  process.exit(1);
}

/** Runs a command to its end and returns `{ code, output }`; nothing is printed. */
export function capture(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"], ...options });
    let output = "";
    const keep = (chunk) => {
      output += chunk;
    };
    child.stdout.setEncoding("utf8").on("data", keep);
    child.stderr.setEncoding("utf8").on("data", keep);
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code: exitCode(code, signal), output }));
  });
}

/** The same for a tool of `tools`. */
export function captureTool(tool, args, options = {}) {
  return capture(process.execPath, [join(root, tool), ...args], options);
}

/**
 * Runs a Node script in the foreground and resolves with its exit code, 128 + n after signal n. A signal sent to us is
 * passed on. Ctrl-C at a terminal reaches the child without our help, and a second one would cut its clean stop short.
 */
export function runInForeground(script, args) {
  const child = spawn(process.execPath, [join(root, script), ...args], { cwd: root, stdio: "inherit" });
  const forward = (signal) => {
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.on(signal, forward);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      for (const name of signals) process.off(name, forward);
      resolve(exitCode(code, signal));
    });
  });
}

/** Prints `name   1.2 s` when the work is done, or `name   up to date` where it returns that there was none. */
export async function phase(name, work) {
  const start = performance.now();
  const didWork = await work();
  console.log(`${name.padEnd(10)}${didWork ? seconds(start) : "up to date"}`);
}

/** The time since `start`, a value of `performance.now()`, as text. */
export function seconds(start) {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`;
}

/** How to run pnpm at the version package.json pins: `[command, ...leading arguments]`. */
export async function pnpm() {
  const wanted = manifest("package.json")
    .packageManager.replace(/^pnpm@/, "")
    .replace(/\+.*$/, "");
  const found = await capture("pnpm", ["--version"], { shell: onWindows }).catch(() => undefined);
  if (found?.code === 0 && found.output.trim() === wanted) return ["pnpm"];
  return ["npx", "-y", `pnpm@${wanted}`];
}

/** Runs pnpm quietly; rejects with what it printed when it fails. */
export async function runPnpm(args, options = {}) {
  const [command, ...leading] = await pnpm();
  const env = { ...process.env, ...options.env };
  // Set where we were started inside an `npx -p … -c …` ourselves; an npx of ours would read them as its own options.
  delete env["npm_config_call"];
  delete env["npm_config_package"];
  const result = await capture(command, [...leading, ...args], { shell: onWindows, ...options, env });
  if (result.code !== 0) throw new PhaseError(`pnpm ${args[0]} failed with exit code ${result.code}`, result.output);
}

/** Installs from the lockfile, unless manifests, lockfile and platform are as at the last install. */
export async function install() {
  const fingerprint = installFingerprint();
  if (isLinked() && existsSync(stampFile) && readFileSync(stampFile, "utf8") === fingerprint) return false;
  // CI=true: never ask a question. A changed store location, for instance, makes pnpm lay node_modules anew.
  await runPnpm(["install", "--frozen-lockfile"], { env: { CI: "true" } });
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, fingerprint);
  return true;
}

/** Type-checks and compiles every package; the compiler itself skips what is up to date. */
export async function build() {
  const result = await captureTool(tools.tsc, ["-b"]);
  if (result.code !== 0) throw new PhaseError("the build failed", result.output);
  return true;
}

/** package.json of a folder, parsed. */
export function manifest(path) {
  return JSON.parse(readFileSync(join(root, path), "utf8"));
}

/** Folders of the packages in the workspace, `packages/client` and so on. */
export function packageFolders() {
  const inPackages = readdirSync(join(root, "packages")).map((name) => `packages/${name}`);
  return ["proto", ...inPackages, "integration", "examples", "bench"].filter((folder) =>
    existsSync(join(root, folder, "package.json")),
  );
}

const onWindows = process.platform === "win32";

function installFingerprint() {
  const files = [
    ...["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", ".npmrc"],
    ...packageFolders().map((folder) => `${folder}/package.json`),
  ];
  const lines = files.filter((file) => existsSync(join(root, file))).map((file) => `${file} ${digest(file)}`);
  // Packages with native parts are chosen by platform.
  return [`${process.platform} ${process.arch}`, ...lines, ""].join("\n");
}

/** Whether every package still has the links that an install made. */
function isLinked() {
  return packageFolders().every((folder) => existsSync(join(root, folder, "node_modules")));
}

function digest(file) {
  return createHash("sha256")
    .update(readFileSync(join(root, file)))
    .digest("hex");
}

function exitCode(code, signal) {
  return code ?? 128 + (constants.signals[signal] ?? 1);
}
