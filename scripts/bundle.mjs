/**
 * TypeScript that a campaign runs outside of vitest, as one file of JavaScript: our packages from their sources, those of npm
 * as they are installed. Stack traces name our files. Nothing of it is part of the build.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { root } from "./workspace.mjs";

/** Whose installed packages the bundle may import. */
const workspaces = ["proto", ...readdirSync(`${root}packages`).map((name) => `packages/${name}`), "."];

const sources = {
  "@kvorum/proto": `${root}proto/gen/index.ts`,
  ...Object.fromEntries(
    readdirSync(`${root}packages`).map((name) => [`@kvorum/${name}`, `${root}packages/${name}/src/index.ts`]),
  ),
  "@kvorum/concurrency/recipes": `${root}packages/concurrency/src/recipes.ts`,
};

/**
 * @param {string} entry path below the root
 * @param {{ plugins?: import("esbuild").Plugin[] }} [options] plugins that change sources on their way
 * @returns {Promise<{ url: string, remove(): void }>} a module to import; import it before removing it
 */
export async function bundle(entry, { plugins = [] } = {}) {
  mkdirSync(`${root}node_modules/.kvorum`, { recursive: true });
  const folder = mkdtempSync(join(root, "node_modules/.kvorum/bundle-"));
  const outfile = join(folder, "bundle.mjs");
  try {
    await build({
      ...{ entryPoints: [join(root, entry)], outfile, bundle: true, platform: "node", format: "esm", target: "es2022" },
      ...{ sourcemap: "inline", logLevel: "silent", alias: sources },
      plugins: [...plugins, installedPackages],
    });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return { url: pathToFileURL(outfile).href, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** npm packages stay outside, at the place where the workspace that asks for them has them. */
const installedPackages = {
  name: "installed packages",
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^[^./]/ }, async ({ path, kind, resolveDir, pluginData }) => {
      if (pluginData === installedPackages || path in sources || path.startsWith("node:")) return undefined;
      // What a private folder imports may be installed for the package alone whose test support it uses.
      for (const place of [resolveDir, ...workspaces.map((name) => join(root, name))]) {
        const found = await resolve(path, { kind, resolveDir: place, pluginData: installedPackages });
        if (found.errors.length > 0) continue;
        return { path: found.external ? found.path : pathToFileURL(found.path).href, external: true };
      }
      return { errors: [{ text: `${path} is not installed` }] };
    });
  },
};
