/**
 * Which part of the repository may import which: packages among each other, and the folders inside the server. The
 * tables are the architecture; a change of direction is a change here, seen in review.
 */
import { isTest, type SourceFile, type Violation } from "./source-file.js";

/** What each package may import of ours. The private folders may import any package and are imported by none. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  proto: [],
  transport: ["proto"],
  client: ["proto", "transport"],
  concurrency: ["client"],
  server: ["proto", "transport"],
  cli: ["proto", "transport", "client", "concurrency", "server"],
};

/** Where a package may import one face of another and not the whole. */
const ONLY: Readonly<Record<string, string>> = {
  "cli server": "@kvorum/server/offline",
};

/** A folder that may import one other thing: what a package has for tests. Nobody else's sources may import such a thing. */
const FOR_TESTS: Readonly<Record<string, string>> = {
  "packages/client/src/test-cluster/": "@kvorum/server/testing",
};

/** From left to right; a folder imports itself and what stands to its left. */
const SERVER_LAYERS: readonly (readonly string[])[] = [
  ["core"],
  ["peer-network", "failpoint-sites"],
  ["env", "measures", "security-options", "listener-url"],
  ["io", "config", "log", "tls"],
  ["node"],
  ["options", "security-check", "version", "listen", "auto-compaction"],
  ["rpc", "http"],
  ["auth", "offline"],
  ["simulation"],
  ["client-ports", "edge", "storage", "closers", "force-new-cluster"],
  ["server"],
  ["cluster"],
  ["index", "main", "testing"],
];

/** Folders without any contact to the world, and what they may import from outside themselves. */
const PURE: readonly { readonly folder: string; readonly packages: RegExp }[] = [
  { folder: "packages/server/src/core/", packages: /^(@kvorum\/proto|@bufbuild\/protobuf(\/.*)?|sorted-btree)$/ },
  { folder: "packages/transport/src/http2/", packages: /^$/ },
  { folder: "integration/robustness/checker/", packages: /^$/ },
];

/** The pure folder a file lies in, if any; tests and what supports them are not bound by purity. */
export function pureFolderOf(path: string): string | undefined {
  return isTest(path) || path.includes("/testing/")
    ? undefined
    : PURE.find(({ folder }) => path.startsWith(folder))?.folder;
}

/** Packages import in one direction, and only the face of another package. */
export function packagesPointOneWay(files: readonly SourceFile[]): Violation[] {
  return violations(files, (file, { specifier, target }) => {
    const from = packageOf(file.path);
    const deep = /^@kvorum\/([a-z-]+)\/(dist|src|gen)\b/.exec(specifier);
    if (deep !== null) return `import "@kvorum/${deep[1]}", not what lies inside it`;
    const to = target === undefined ? undefined : packageOf(target);
    if (to === undefined || to === from) return undefined;
    if (from !== undefined && specifier.endsWith("/testing") && !isTest(file.path)) {
      const allowed = Object.entries(FOR_TESTS).some(
        ([folder, name]) => file.path.startsWith(folder) && specifier === name,
      );
      return allowed ? undefined : `${specifier} is for tests`;
    }
    const only = ONLY[`${from} ${to}`];
    if (only !== undefined && specifier !== only && !isTest(file.path)) return `${from} imports only ${only} of ${to}`;
    if (from !== undefined && !PACKAGES[from]?.includes(to)) return `${from} must not import ${to}`;
    // What a package keeps for tests has no name: it is not packed. The private folders are where tests live.
    if (from === undefined && target !== undefined && isTestSupport(target)) return undefined;
    const named = specifier.startsWith("@kvorum/") || target?.endsWith(".json") || specifier.includes("/dist/");
    return named ? undefined : `import "@kvorum/${to}" by its name, not by a path into it`;
  });
}

/** Nothing of a package leads to the private folders, which exist for tests and people. */
export function nothingImportsPrivateFolders(files: readonly SourceFile[]): Violation[] {
  return violations(files, (file, { target }) => {
    if (target === undefined || packageOf(file.path) === undefined || packageOf(target) !== undefined) return undefined;
    return `${target.split("/")[0]} is private: a package must not import it`;
  });
}

/** Inside the server imports point to the left: core ← io ← node ← rpc ← edge.ts ← server.ts ← main.ts. */
export function serverPointsLeft(files: readonly SourceFile[]): Violation[] {
  return violations(files, (file, { target }) => {
    const from = serverPart(file.path);
    const to = target === undefined ? undefined : serverPart(target);
    if (from === undefined || to === undefined || isTest(file.path)) return undefined;
    const [own, other] = [layerOf(from), layerOf(to)];
    if (own === -1) return `${from} has no place among the layers of the server: give it one`;
    return other > own ? `${from} must not import ${to}, which stands to its right` : undefined;
  });
}

/** Pure folders import themselves and a few named packages. */
export function pureFoldersStayInside(files: readonly SourceFile[]): Violation[] {
  return violations(files, (file, { specifier, target }) => {
    const folder = pureFolderOf(file.path);
    if (folder === undefined || target?.startsWith(folder)) return undefined;
    const allowed = PURE.find((pure) => pure.folder === folder)?.packages.test(specifier);
    return allowed ? undefined : `a file of ${folder} must not import ${specifier}`;
  });
}

function violations(
  files: readonly SourceFile[],
  check: (file: SourceFile, imported: SourceFile["imports"][number]) => string | undefined,
): Violation[] {
  return files.flatMap((file) =>
    file.imports.flatMap((imported) => {
      const message = check(file, imported);
      return message === undefined ? [] : [{ path: file.path, line: imported.line, message }];
    }),
  );
}

function isTestSupport(path: string): boolean {
  return /^packages\/[^/]+\/testing\//.test(path);
}

function packageOf(path: string): string | undefined {
  if (path.startsWith("proto/")) return "proto";
  return /^packages\/([^/]+)\//.exec(path)?.[1];
}

/** `core`, `io`, `server` for `server.ts`; undefined outside the server. */
function serverPart(path: string): string | undefined {
  return /^packages\/server\/src\/([^/.]+)/.exec(path)?.[1];
}

function layerOf(part: string): number {
  return SERVER_LAYERS.findIndex((layer) => layer.includes(part));
}
