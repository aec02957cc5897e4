/**
 * The packages as published: packed, installed by npm into an empty project outside the repository, and used there as an ES
 * module, as CommonJS and from TypeScript. One install serves all checks.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Project } from "./project.js";
import { COMMONJS, loadAll, MISTAKES, MODULE, PRINTED, TYPED, TYPED_COMMONJS, typedImports, WRONG } from "./samples.js";

const REACH = `import { connect } from "node:net";
connect({ host: "192.0.2.1", port: 443, timeout: 5000 })
  .on("timeout", function () { this.destroy(new Error("no answer")); })
  .on("error", ({ code, message }) => console.log(code ?? message));
`;

const STRICT = ["--strict", "--target", "es2022", "--lib", "es2023,esnext.disposable", "--types", "node"];

describe("the packed packages in an empty project", () => {
  let project: Project;
  let missing: string | undefined;

  beforeAll(async () => {
    const installed = await Project.install();
    if (installed instanceof Project) project = installed;
    else missing = installed;
    if (missing !== undefined) console.warn(`the packed packages are not tried: ${missing}`);
  }, 180_000);
  beforeEach((context) => context.skip(missing !== undefined, missing));
  afterAll(() => project?.[Symbol.asyncDispose]());

  it("serve an ES module", async () => {
    expect(await project.runFile("program.mjs", MODULE)).toEqual({ code: 0, output: PRINTED });
  });

  it("serve CommonJS through require()", async () => {
    const { code, output } = await project.runFile("program.cjs", COMMONJS);
    expect(code, output).toBe(0);
    // Node 20.19 says on stderr that loading ES modules this way is experimental.
    expect(output).toContain(PRINTED);
  });

  it("load by every path that they export, both ways", async () => {
    expect(project.specifiers.length).toBeGreaterThanOrEqual(5);
    for (const [file, load] of [
      ["all.mjs", "import"],
      ["all.cjs", "require"],
    ] as const) {
      const { code, output } = await project.runFile(file, loadAll(project.specifiers, load));
      expect(code, output).toBe(0);
      for (const name of project.specifiers) expect(output).toMatch(new RegExp(`^${name} [1-9]`, "m"));
    }
  });

  it("have types for the resolutions of bundlers and of Node", { timeout: 120_000 }, async () => {
    await project.write("typed.ts", TYPED);
    await project.write("imports.ts", typedImports(project.specifiers));
    await project.write("typed.cts", TYPED_COMMONJS);
    await project.write("wrong.ts", WRONG);
    const bundler = ["--module", "esnext", "--moduleResolution", "bundler"];
    // The declarations themselves were made under Node's resolution; once is enough to check them in full.
    const node = ["--module", "nodenext", "--moduleResolution", "nodenext", "--skipLibCheck"];
    const results = await Promise.all([
      project.check(["typed.ts", "imports.ts", "wrong.ts"], [...STRICT, ...bundler]),
      project.check(["typed.ts", "imports.ts", "typed.cts", "wrong.ts"], [...STRICT, ...node]),
    ]);
    for (const { output } of results) expect(output).toMatch(MISTAKES);
  });

  it("install out of npm's cache where there is no network at all, and serve there", {
    timeout: 120_000,
  }, async (context) => {
    const cutOff = await project.installOffline();
    if (typeof cutOff === "string") {
      console.warn(`the packages are not installed without a network: ${cutOff}`);
      return context.skip(cutOff);
    }
    try {
      // Nobody but a registry could be asked: the address is one of documentation (RFC 5737).
      expect(await cutOff.runFile("reach.mjs", REACH)).toEqual({ code: 0, output: "ENETUNREACH\n" });
      expect(await cutOff.runFile("program.mjs", MODULE)).toEqual({ code: 0, output: PRINTED });
    } finally {
      await cutOff[Symbol.asyncDispose]();
    }
  });
});
