/** Reads the repository for the tidy test: what git tracks or would track, and the entry points of every package. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

const TEXT = /\.(?:ts|mts|js|mjs|json|md|ya?ml|txt|tsv|proto|html|css|sh)$|^\.ci\/run$|^\.gitignore$/;

/** Every text file that is tracked or new and not ignored, as `path → text`. Generated code and lockfile left out. */
export function readTexts(): Map<string, string> {
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  const paths = [...new Set(listed.split("\0"))].filter((path) => TEXT.test(path) && path !== "pnpm-lock.yaml").sort();
  return new Map(
    paths.filter((path) => existsSync(join(root, path))).map((path) => [path, readFileSync(join(root, path), "utf8")]),
  );
}

/** Our TypeScript: generated files follow their generator's style and are left out. */
export function isOurSource(path: string): boolean {
  return path.endsWith(".ts") && !path.startsWith("proto/gen/");
}

/**
 * Files that something outside the sources names: `exports` and `bin` of the packages, the configuration of the test
 * runner, programs in the private folders (`main.ts`, `*-main.ts` and workers are started by path).
 */
export function entriesOf(texts: ReadonlyMap<string, string>): string[] {
  const entries: string[] = ["vitest.config.ts"];
  for (const [path, text] of texts) {
    if (path.endsWith("/package.json")) entries.push(...manifestEntries(path, text));
    if (/^(?:examples|bench|integration)\/(?:.*\/)?(?:[a-z-]+-)?main\.ts$/.test(path)) entries.push(path);
  }
  return entries.filter((path) => texts.has(path));
}

function manifestEntries(path: string, text: string): string[] {
  const folder = path.slice(0, -"package.json".length);
  const built = [...text.matchAll(/"\.\/dist\/([^"]+)\.js"/g)].map((match) => match[1] ?? "");
  return built.flatMap((name) => [`${folder}src/${name}.ts`, `${folder}gen/${name}.ts`, `${folder}${name}.ts`]);
}
