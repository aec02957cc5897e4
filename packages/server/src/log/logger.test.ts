/** The log of the command: formats, levels, several outputs, files that are moved away. */
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { consoleLine } from "./console.js";
import { openLog } from "./logger.js";
import { LogOutputError } from "./outputs.js";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "kvorum-test-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const read = (path: string): string => readFileSync(path, "utf8");
const lines = (path: string): Record<string, unknown>[] =>
  read(path)
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe("the log", () => {
  it("is a line of JSON a message, there when the call returns", () => {
    const path = join(directory, "k.log");
    const { logger } = openLog({ level: "info", format: "json", outputs: [path] });
    logger.info({ name: "n1" }, "hello");
    logger.debug({}, "not at this level");
    logger.error({ password: "hunter2" }, "token=hunter2");
    expect(lines(path)).toEqual([
      { level: "info", time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/), name: "n1", msg: "hello" },
      { level: "error", time: expect.anything(), password: "[redacted]", msg: "token=[redacted]" },
    ]);
  });

  it("goes to every output, and is the owner's alone", () => {
    const paths = [join(directory, "a.log"), join(directory, "b.log")];
    const { logger } = openLog({ level: "debug", format: "json", outputs: paths });
    logger.debug({}, "twice");
    for (const path of paths) {
      expect(lines(path)).toHaveLength(1);
      expect((statSync(path).mode & 0o777).toString(8)).toBe("600");
    }
  });

  it("is appended to what is there", () => {
    const path = join(directory, "k.log");
    for (const message of ["first", "second"]) {
      openLog({ level: "info", format: "json", outputs: [path] }).logger.info({}, message);
    }
    expect(lines(path).map(({ msg }) => msg)).toEqual(["first", "second"]);
  });

  it("follows its file's name after a move", () => {
    const path = join(directory, "k.log");
    const { logger, reopen } = openLog({ level: "info", format: "json", outputs: [path] });
    logger.info({}, "before");
    renameSync(path, `${path}.1`);
    logger.info({}, "in between");
    reopen?.();
    logger.info({}, "after");
    expect(lines(`${path}.1`).map(({ msg }) => msg)).toEqual(["before", "in between"]);
    expect(lines(path).map(({ msg }) => msg)).toEqual(["the files of the log were opened anew", "after"]);
  });

  it("goes on where it was when its file cannot be opened anew", () => {
    const folder = join(directory, "logs");
    mkdirSync(folder);
    const path = join(folder, "k.log");
    const { logger, reopen } = openLog({ level: "info", format: "json", outputs: [path] });
    renameSync(folder, `${folder}.old`);
    writeFileSync(folder, "no directory");
    reopen?.();
    logger.info({}, "still here");
    expect(lines(join(`${folder}.old`, "k.log")).map(({ msg }) => msg)).toEqual([
      `the log goes on where it was: --log-outputs: ${path} cannot be written (ENOTDIR)`,
      "still here",
    ]);
  });

  it("refuses a file that cannot be written, naming it", () => {
    const path = join(directory, "no", "k.log");
    const open = () => openLog({ level: "info", format: "json", outputs: [path] });
    expect(open).toThrow(LogOutputError);
    expect(open).toThrow(`--log-outputs: ${path} cannot be written (ENOENT)`);
  });

  it("has nothing to open anew without files", () => {
    expect(openLog({ level: "info", format: "json", outputs: ["stderr"] }).reopen).toBeUndefined();
  });

  it("loses lines and not the node when its disk is full", () => {
    const { logger } = openLog({ level: "info", format: "json", outputs: ["/dev/full"] });
    for (let i = 0; i < 100; i++) logger.info({ i, text: "x".repeat(20_000) }, "into the void");
    expect(statSync("/dev/full").isCharacterDevice()).toBe(true);
  });
});

describe("a line for people", () => {
  const json = (fields: object) => JSON.stringify({ level: "info", time: "2026-01-02T03:04:05.678Z", ...fields });

  it("has time, level, message and fields", () => {
    const line = consoleLine(
      json({ name: "n1", startMs: 61, endpoints: ["http://h:1"], reason: "it is", msg: "ready" }),
      false,
    );
    expect(line).toBe(
      '2026-01-02T03:04:05.678Z INFO  ready name=n1 startMs=61 endpoints=["http://h:1"] reason="it is"\n',
    );
  });

  it("stays one line, and colours nothing by itself", () => {
    const line = consoleLine(json({ msg: "a\nb\u001b[31m", field: "c\nd", bidi: "\u202Ee" }), false);
    expect(line.indexOf("\n")).toBe(line.length - 1);
    expect(line).not.toContain("\u001b");
    expect(line).not.toContain("\u202E");
  });

  it("is coloured where that was asked for, at its level only", () => {
    expect(consoleLine(json({ level: "warn", msg: "m" }), true)).toBe(
      "2026-01-02T03:04:05.678Z \u001b[33mWARN \u001b[0m m\n",
    );
  });
});
