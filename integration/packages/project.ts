/** A project outside the repository, as a user starts one: empty, with the packed packages installed by npm. */
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryDirectory } from "../support/process.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PACKAGES = ["proto", "transport", "client", "concurrency", "server", "cli"].map((name) => `@kvorum/${name}`);
/** What npm says when it cannot get to its registry. Everything else it may say is a fault of the packages. */
const NO_REGISTRY = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EIDLETIMEOUT|ENOTCACHED/;

export interface Ended {
  readonly code: number;
  readonly output: string;
}

/** Puts a command into a network of its own that has a loopback and no way out (unshare(1), ip(8) of Linux). */
const CUT_OFF = ["unshare", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"];

/** The packed packages, until somebody removes them. */
interface Packed {
  readonly tarballs: readonly string[];
  remove(): Promise<void>;
}

export class Project implements AsyncDisposable {
  readonly #path: string;
  readonly #packed: Packed;
  /** Stands before every command. */
  readonly #prefix: readonly string[];
  readonly #remove: () => Promise<void>;
  /** Every `import` that the packages offer: `@kvorum/client`, and its sub-paths. */
  readonly specifiers: readonly string[];

  private constructor(
    { path, remove }: { readonly path: string; remove(): Promise<void> },
    packed: Packed,
    prefix: readonly string[],
    specifiers: readonly string[],
  ) {
    this.#path = path;
    this.#packed = packed;
    this.#prefix = prefix;
    this.#remove = remove;
    this.specifiers = specifiers;
  }

  /** Packs, and installs the tarballs. Resolves with a sentence where npm cannot reach a registry for what they depend on. */
  static async install(): Promise<Project | string> {
    const { path, remove } = await temporaryDirectory("tarballs");
    try {
      const packed = await run([process.execPath, join(ROOT, "scripts/pack.mjs"), path], ROOT);
      // pnpm, which packs, comes from the registry as well.
      if (packed.code !== 0) return refusal(packed);
      const tarballs = packed.output.trim().split("\n");
      // No script of a dependency has to run.
      return await Project.#into({ tarballs, remove }, ["--prefer-offline", "--ignore-scripts"], []);
    } catch (error) {
      await remove();
      throw error;
    }
  }

  /**
   * The same tarballs in a second project that never has a network: npm has its cache, which the first one has filled.
   * Resolves with a sentence where the system cannot cut a process off.
   */
  async installOffline(): Promise<Project | string> {
    const { code, output } = await run([...CUT_OFF, "true"], this.#path);
    if (code !== 0) return `no process can be cut off from the network here (${output.trim() || code})`;
    const packed = { tarballs: this.#packed.tarballs, remove: async () => {} };
    return await Project.#into(packed, ["--offline"], CUT_OFF);
  }

  static async #into(packed: Packed, flags: readonly string[], prefix: readonly string[]): Promise<Project | string> {
    const directory = await temporaryDirectory("project");
    try {
      await writeFile(join(directory.path, "package.json"), JSON.stringify({ private: true, type: "module" }));
      const npm = ["npm", "install", ...flags, "--no-audit", "--no-fund"];
      const names = [...packed.tarballs, "@opentelemetry/api@^1.9.0"];
      const ended = await run([...prefix, ...npm, ...names], directory.path);
      if (ended.code === 0) return new Project(directory, packed, prefix, await specifiersIn(directory.path));
      await packed.remove();
      if (prefix.length === 0) return refusal(ended);
      throw new Error(`the packages cannot be installed without a network:\n${ended.output}`);
    } catch (error) {
      await directory.remove();
      throw error;
    }
  }

  /** Writes the file and runs it with Node. */
  async runFile(name: string, text: string): Promise<Ended> {
    await this.write(name, text);
    return await run([...this.#prefix, process.execPath, name], this.#path);
  }

  async write(name: string, text: string): Promise<void> {
    await writeFile(join(this.#path, name), text);
  }

  /** Type-checks the files with the workspace's compiler. */
  async check(files: readonly string[], flags: readonly string[]): Promise<Ended> {
    const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
    return await run([process.execPath, compiler, "--noEmit", ...flags, ...files], this.#path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#remove();
    await this.#packed.remove();
  }
}

/** Why npm could not reach a registry. Errors: it ended for another reason. */
function refusal({ output }: Ended): string {
  const [why] = NO_REGISTRY.exec(output) ?? [];
  if (why === undefined) throw new Error(`the packages cannot be packed and installed:\n${output}`);
  return `npm cannot reach a registry (${why})`;
}

/** Reads what was installed, so that a new sub-path cannot be forgotten. */
async function specifiersIn(path: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of PACKAGES) {
    const text = await readFile(join(path, "node_modules", name, "package.json"), "utf8");
    const { exports } = JSON.parse(text) as { readonly exports: Readonly<Record<string, unknown>> };
    found.push(...Object.keys(exports).map((entry) => name + entry.slice(1)));
  }
  return found;
}

function run([command = "", ...args]: readonly string[], cwd: string): Promise<Ended> {
  const shell = process.platform === "win32" && command === "npm";
  return new Promise((resolve) => {
    // npm fails at once where there is no registry, instead of trying for minutes.
    const env = { ...process.env, npm_config_fetch_retries: "0" };
    execFile(command, args, { cwd, env, shell, timeout: 120_000 }, (error, stdout, stderr) => {
      const { code = 1 } = error ?? { code: 0 };
      // Of a program that there is not, the code is a word.
      resolve({ code: typeof code === "number" ? code : 127, output: stdout + stderr || (error?.message ?? "") });
    });
  });
}
