/**
 * The rules of the repository that no compiler or linter checks: directions of imports, purity, dead files, words.
 * Every rule is held against the repository, and shown to fire on a snippet that breaks it.
 */
import { describe, expect, it } from "vitest";
import { noDeadFiles, noFileCycles, noFolderCycles } from "./tidy/graph.js";
import {
  nothingImportsPrivateFolders,
  packagesPointOneWay,
  pureFoldersStayInside,
  serverPointsLeft,
} from "./tidy/layers.js";
import { entriesOf, isOurSource, readTexts } from "./tidy/repository.js";
import { parseFiles, type SourceFile, type Violation } from "./tidy/source-file.js";
import {
  noDefaultExports,
  noEmittedTypes,
  noForbiddenWords,
  noStarExports,
  noSwitchedTests,
  noTypeEscapes,
  opensWithComment,
  pureFoldersArePure,
} from "./tidy/syntax.js";

type Rule = (files: readonly SourceFile[]) => Violation[];

interface Case {
  readonly rule: Rule;
  /** Files that keep the rule, and files that break it: `path → text`. */
  readonly good: Readonly<Record<string, string>>;
  readonly bad: readonly Readonly<Record<string, string>>[];
}

const texts = readTexts();
const parsed = parseFiles(texts.size === 0 ? new Map() : new Map([...texts].filter(([path]) => path.endsWith(".ts"))));
const ours = parsed.filter(({ path }) => isOurSource(path));

const core = "packages/server/src/core";

const cases: Readonly<Record<string, Case>> = {
  "packages import in one direction and only each other's face": {
    rule: packagesPointOneWay,
    good: {
      "packages/client/src/a.ts": 'import { b } from "@kvorum/proto";',
      "proto/gen/index.ts": "export const b = 1;",
      "integration/a.test.ts": 'import "../packages/server/testing/b.js";',
      "packages/server/testing/b.ts": "",
      "packages/client/src/test-cluster/a.ts": 'import { c } from "@kvorum/server/testing";',
      "packages/server/src/testing.ts": "export const c = 1;",
      "packages/cli/src/a.ts": 'import { d } from "@kvorum/server/offline";',
      "packages/server/src/offline/index.ts": "export const d = 1;",
    },
    bad: [
      {
        "packages/cli/src/a.ts": 'import { b } from "@kvorum/server";',
        "packages/server/src/index.ts": "export const b = 1;",
      },
      {
        "packages/client/src/a.ts": 'import { b } from "@kvorum/server";',
        "packages/server/src/index.ts": "export const b = 1;",
      },
      {
        "packages/client/src/test-cluster/a.ts": 'import { b } from "@kvorum/server";',
        "packages/server/src/index.ts": "export const b = 1;",
      },
      {
        "packages/client/src/a.ts": 'import { b } from "@kvorum/server/testing";',
        "packages/server/src/testing.ts": "export const b = 1;",
      },
      {
        "packages/concurrency/src/a.ts": 'import { b } from "@kvorum/client/testing";',
        "packages/client/src/testing.ts": "export const b = 1;",
      },
      { "packages/client/src/a.ts": 'import { b } from "@kvorum/proto/dist/etcd/x_pb.js";' },
      {
        "integration/a.ts": 'import { b } from "../packages/server/src/b.js";',
        "packages/server/src/b.ts": "export const b = 1;",
      },
    ],
  },
  "no package imports the private folders": {
    rule: nothingImportsPrivateFolders,
    good: { "examples/a.test.ts": 'import "../integration/support/b.js";', "integration/support/b.ts": "" },
    bad: [
      {
        "packages/client/src/a.test.ts": 'import "../../../integration/support/b.js";',
        "integration/support/b.ts": "",
      },
    ],
  },
  "inside the server imports point from main to core": {
    rule: serverPointsLeft,
    good: { "packages/server/src/io/a.ts": 'import "../core/b.js";', [`${core}/b.ts`]: "" },
    bad: [
      { "packages/server/src/io/a.ts": 'import type { B } from "../node/b.js";', "packages/server/src/node/b.ts": "" },
      { "packages/server/src/stray/a.ts": 'import "../core/b.js";', [`${core}/b.ts`]: "" },
    ],
  },
  "pure folders import nothing from outside": {
    rule: pureFoldersStayInside,
    good: { [`${core}/a.ts`]: 'import "./b.js";', [`${core}/b.ts`]: 'import type { C } from "@kvorum/proto";' },
    bad: [
      { [`${core}/a.ts`]: 'import { readFileSync } from "node:fs";' },
      { [`${core}/a.ts`]: 'import type { Disk } from "../env.js";', "packages/server/src/env.ts": "" },
      { "packages/transport/src/http2/a.ts": 'import { Socket } from "node:net";' },
    ],
  },
  "pure folders have no clock, chance, timer, promise or output": {
    rule: pureFoldersArePure,
    good: { [`${core}/a.ts`]: "export const a = (nowMs: number) => Math.max(nowMs, b.process + c.console);" },
    bad: [
      ...["Date.now()", "new Date()", "Math.random()", "performance.now()", "setTimeout(f, 1)", "process.exit()"],
      ...["console.log(1)", "Promise.resolve()", "Buffer.alloc(1)", "async () => 1"],
    ].map((text) => ({ [`${core}/a.ts`]: `export const a = ${text};` })),
  },
  "folders of the server do not import each other in a circle": {
    rule: noFolderCycles,
    good: { [`${core}/x/a.ts`]: 'import "../y/b.js";', [`${core}/y/b.ts`]: 'import "./c.js";', [`${core}/y/c.ts`]: "" },
    bad: [
      {
        [`${core}/x/a.ts`]: 'import "../y/b.js";',
        [`${core}/y/b.ts`]: 'import type { C } from "../x/c.js";',
        [`${core}/x/c.ts`]: "",
      },
    ],
  },
  "files do not need each other in a circle": {
    rule: noFileCycles,
    good: {
      "packages/client/src/a.ts": 'import "./b.js";',
      "packages/client/src/b.ts": 'import type { A } from "./a.js"; fork(new URL("./a.js", import.meta.url));',
    },
    bad: [
      { "packages/client/src/a.ts": 'import "./b.js";', "packages/client/src/b.ts": 'import { a } from "./a.js";' },
    ],
  },
  "every file is reached from an entry point or a test": {
    rule: (files) => noDeadFiles(files, entriesOf(files === ours ? texts : new Map([["bench/main.ts", ""]]))),
    good: {
      "bench/main.ts": 'new Worker(new URL("./a.js", import.meta.url));',
      "bench/a.ts": 'await import("./b.js");',
      "bench/b.ts": "",
      "bench/c.test.ts": 'import "./c.js";',
      "bench/c.ts": "",
    },
    bad: [{ "bench/main.ts": "", "bench/lonely.ts": "" }],
  },
  "every file opens with a comment": {
    rule: opensWithComment,
    good: { "a.ts": "#!/usr/bin/env node\n/** What it is for. */\nexport const a = 1;" },
    bad: [{ "a.ts": "export const a = 1;\n// Too late." }],
  },
  "faces name what they export": {
    rule: noStarExports,
    good: { "a.ts": 'export { type A, b } from "./b.js";' },
    bad: [{ "a.ts": 'export * from "./b.js";' }, { "a.ts": 'export * as b from "./b.js";' }],
  },
  "packages have no default exports": {
    rule: noDefaultExports,
    good: { "packages/client/src/a.ts": "export const a = 1;", "vitest.config.ts": "export default {};" },
    bad: [
      { "packages/client/src/a.ts": "export default 1;" },
      { "packages/client/src/a.ts": "export default class A {}" },
    ],
  },
  "no enum and no namespace": {
    rule: noEmittedTypes,
    good: { "a.ts": 'export const A = { b: "b" } as const;' },
    bad: [{ "a.ts": "export enum A { B }" }, { "a.ts": "namespace A { export const b = 1; }" }],
  },
  "no any and no silenced compiler": {
    rule: noTypeEscapes,
    good: { "a.ts": 'export const any = "any";', "a.test.ts": "// @ts-expect-error the point of the test" },
    bad: [
      { "a.ts": "let a: any;" },
      { "a.ts": "f<any>();" },
      { "a.ts": "// @ts-ignore" },
      { "a.ts": "// @ts-expect-error" },
    ],
  },
  "no test is switched off": {
    rule: noSwitchedTests,
    good: { "a.test.ts": "it.skipIf(missing)('a', f); list.only();" },
    bad: ["it.only('a', f)", "describe.skip('a', f)", "test.todo('a')"].map((text) => ({ "a.test.ts": text })),
  },
};

describe("tidy", () => {
  it("sees the sources", () => {
    expect(ours.length).toBeGreaterThan(30);
    expect(ours.flatMap(({ imports }) => imports).filter(({ target }) => target !== undefined).length).toBeGreaterThan(
      30,
    );
  });

  for (const [name, { rule, good, bad }] of Object.entries(cases)) {
    it(name, () => {
      expect(listed(rule(ours))).toEqual([]);
    });

    it(`fires when broken: ${name}`, () => {
      expect(listed(rule(snippets(good)))).toEqual([]);
      for (const snippet of bad) expect(rule(snippets(snippet)), JSON.stringify(snippet)).not.toEqual([]);
    });
  }

  it("no file names a machine's path or puts work off", () => {
    expect(listed(noForbiddenWords(texts))).toEqual([]);
  });

  it("fires when broken: no file names a machine's path or puts work off", () => {
    const fires = (line: string): boolean => noForbiddenWords(new Map([["a.md", line]])).length > 0;
    const later = ["TO", "DO"].join("");
    expect(
      [`// ${later}: later`, `cd ${["", "work", "main"].join("/")}`, `"${["", "home", "me"].join("/")}"`].map(fires),
    ).toEqual([true, true, true]);
    expect(["a todo list", "GET /v3/kv/range", "see docs/work/plan.md"].map(fires)).toEqual([false, false, false]);
  });
});

function snippets(files: Readonly<Record<string, string>>): SourceFile[] {
  return parseFiles(new Map(Object.entries(files)));
}

function listed(violations: readonly Violation[]): string[] {
  return violations.map(({ path, line, message }) => `${path}:${line}: ${message}`);
}
