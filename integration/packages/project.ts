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

export class Project implements AsyncDisposable {
  readonly #path: string;
  readonly #remove: () => Promise<void>;
  /** Every `import` that the packages offer: `@kvorum/client`, and its sub-paths. */
  readonly specifiers: readonly string[];

  private constructor(path: string, remove: () => Promise<void>, specifiers: readonly string[]) {
    this.#path = path;
    this.#remove = remove;
    this.specifiers = specifiers;
  }

  /** Packs, and installs the tarballs. Resolves with a sentence where npm cannot reach a registry for what they depend on. */
  static async install(): Promise<Project | string> {
    const tarballs = await temporaryDirectory("tarballs");
    const directory = await temporaryDirectory("project");
    try {
      const packed = await run(process.execPath, [join(ROOT, "scripts/pack.mjs"), tarballs.path], ROOT);
      const names = packed.code === 0 ? packed.output.trim().split("\n") : [];
      await writeFile(join(directory.path, "package.json"), JSON.stringify({ private: true, type: "module" }));
      // No script of a dependency has to run.
      const flags = ["--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund"];
      const install = (): Promise<Ended> =>
        run("npm", ["install", ...flags, ...names, "@opentelemetry/api@^1.9.0"], directory.path);
      // pnpm, which packs, comes from the registry as well.
      const ended = packed.code === 0 ? await install() : packed;
      if (ended.code !== 0) {
        await directory.remove();
        const [why] = NO_REGISTRY.exec(ended.output) ?? [];
        if (why === undefined) throw new Error(`the packages cannot be packed and installed:\n${ended.output}`);
        return `npm cannot reach a registry (${why})`;
      }
      return new Project(directory.path, directory.remove, await specifiersIn(directory.path));
    } finally {
      await tarballs.remove();
    }
  }

  /** Writes the file and runs it with Node. */
  async runFile(name: string, text: string): Promise<Ended> {
    await this.write(name, text);
    return await run(process.execPath, [name], this.#path);
  }

  async write(name: string, text: string): Promise<void> {
    await writeFile(join(this.#path, name), text);
  }

  /** Type-checks the files with the workspace's compiler. */
  async check(files: readonly string[], flags: readonly string[]): Promise<Ended> {
    const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
    return await run(process.execPath, [compiler, "--noEmit", ...flags, ...files], this.#path);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#remove();
  }
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

function run(command: string, args: readonly string[], cwd: string): Promise<Ended> {
  const shell = process.platform === "win32" && command === "npm";
  return new Promise((resolve) => {
    // npm fails at once where there is no registry, instead of trying for minutes.
    const env = { ...process.env, npm_config_fetch_retries: "0" };
    execFile(command, args, { cwd, env, shell, timeout: 120_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr });
    });
  });
}
