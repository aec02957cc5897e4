/** From bytes to a checked value, the form of the file, and what is the same data. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import * as v from "valibot";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { utf8 } from "../codec.js";
import { DecodeError } from "../errors.js";
import { Keyspace } from "../keyspace.js";
import { nodeFile, readSaved, type SavedPair, writeSaved } from "./config-file.js";
import { ConfigReader, configFields } from "./config-reader.js";
import type { ConfigKeys } from "./options.js";
import { sameData } from "./same-data.js";

const raw = (text: string): Uint8Array => new TextEncoder().encode(text);
const saved = (text: string, modRevision = 7n): SavedPair => ({ value: raw(text), modRevision });
const keyspace = new Keyspace(raw("app/"));
const reader = <S extends StandardSchemaV1>(keys: ConfigKeys, schema: S): ConfigReader<S> =>
  new ConfigReader(configFields(keyspace, keys), schema);

async function errorOf(promise: Promise<unknown>): Promise<DecodeError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DecodeError);
  return error as DecodeError;
}

describe("the reader of a configuration", () => {
  it("gives the schema the JSON of one key, or an object of several, without those that are absent", async () => {
    const one = reader(
      "limit",
      z.number().transform((limit) => limit * 2),
    );
    expect(await one.read([saved("21")])).toEqual({ input: 21, output: 42 });
    const several = reader(
      { host: "db/host", port: "db/port" },
      v.object({ host: v.string(), port: v.optional(v.number(), 5432) }),
    );
    expect(await several.read([saved('"a"'), undefined])).toEqual({
      input: { host: "a" },
      output: { host: "a", port: 5432 },
    });
  });

  it("waits for a schema that is asynchronous", async () => {
    const slow = reader(
      "name",
      z.string().refine(async (name) => name !== "taken", "is taken"),
    );
    expect(await slow.read([saved('"free"')])).toMatchObject({ output: "free" });
    expect(await errorOf(slow.read([saved('"taken"')]))).toMatchObject({ issues: [{ message: "is taken" }] });
  });

  it("names the key and the place, and never what is there", async () => {
    const keys = { host: "db/host", password: "db/password" };
    const refused = [
      reader(keys, z.object({ host: z.string(), password: z.object({ text: z.number() }) })),
      reader(keys, v.object({ host: v.string(), password: v.object({ text: v.number() }) })),
    ];
    for (const each of refused) {
      const error = await errorOf(each.read([saved('"a"', 3n), saved('{"text":"hunter2"}', 5n)]));
      expect(error).toMatchObject({ key: "db/password", modRevision: 5n });
      expect(error.message).toContain("the schema refuses password.text");
      expect(error.issues[0]?.path).toEqual(["password", "text"]);
      expect(Object.keys(error.issues[0] ?? {})).toEqual(["message", "path"]);
      expect(error.message + String(error.cause)).not.toContain("hunter2");
    }
    const [unread] = [await errorOf(reader(keys, z.any()).read([saved("hunter2", 3n), undefined]))];
    expect(unread).toMatchObject({ key: "db/host", modRevision: 3n, issues: [] });
    expect(unread?.message).toContain("the text is not JSON");
    expect(unread?.message).not.toContain("hunter2");
  });

  it("takes a schema that throws for one that refuses", async () => {
    const throwing = z.string().refine(() => {
      throw new Error("no network");
    });
    const error = await errorOf(
      reader({ a: "a", b: "b" }, z.object({ a: throwing, b: z.any() })).read([saved('"x"', 3n), saved("1", 4n)]),
    );
    expect(error).toMatchObject({ key: "a, b", modRevision: 4n });
    expect(error.message).toContain("the schema failed");
  });

  it("uses the codec that it is given", async () => {
    const text = new ConfigReader(configFields(keyspace, "motd"), z.string(), utf8);
    expect(await text.read([saved("not JSON")])).toMatchObject({ output: "not JSON" });
  });

  it("refuses to have no key or an empty one", () => {
    expect(() => configFields(keyspace, {})).toThrow(RangeError);
    expect(() => configFields(keyspace, "")).toThrow(RangeError);
    expect(configFields(keyspace, raw("b")).map(({ wireKey }) => wireKey)).toEqual([raw("app/b")]);
  });
});

describe("the text of a fallback file", () => {
  it("is read as it was written, whatever the bytes", () => {
    const pairs = new Map([
      ["app/a", { value: new Uint8Array([0, 255, 10]), modRevision: 2n ** 62n }],
      ["\u0000\u00ff", { value: new Uint8Array(0), modRevision: 1n }],
    ]);
    expect(readSaved(writeSaved({ revision: 9n, pairs }))).toEqual({ revision: 9n, pairs });
  });

  it("is refused where anything of it is wrong, without being repeated", () => {
    const good = writeSaved({ revision: 9n, pairs: new Map([["k", saved("hunter2")]]) });
    const wrong = [
      ...["", "hunter2", "null", "7", '{"format":2}', good.slice(0, -10)],
      ...[good.replace('"9"', "9"), good.replace('"9"', '"nine"'), good.replace(/"value": ".*"/, '"value": 7')],
      ...[good.replace(/"value": ".*"/, '"value": "%"'), good.replace(/"pairs"/, '"pear"')],
      good.replace('"format": 1', '"format": 2'),
    ];
    for (const text of wrong) {
      expect(() => readSaved(text), text).toThrow(TypeError);
      expect(() => readSaved(text), text).not.toThrow("hunter2");
    }
  });
});

describe("a file on disk", () => {
  let directory = "";
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "kvorum-config-"));
  });
  afterAll(() => rm(directory, { recursive: true }));

  it("is replaced as a whole, for its owner only, and leaves nothing beside it", async () => {
    const path = join(directory, "last.json");
    const file = nodeFile(path);
    expect(await file.read()).toBeUndefined();
    await writeFile(path, "old", { mode: 0o644 });
    await file.write("new");
    expect(await file.read()).toBe("new");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toEqual(["last.json"]);
  });

  it("stays as it was when it cannot be replaced", async () => {
    const path = join(directory, "taken");
    await writeFile(join(directory, "inside"), "");
    // A directory stands where the file is to go.
    await expect(nodeFile(directory).write("new")).rejects.toThrow();
    await expect(nodeFile(directory).read()).rejects.toThrow();
    await expect(nodeFile(join(path, "deeper")).write("new")).rejects.toThrow();
    expect((await readdir(directory)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    expect((await readdir(tmpdir())).filter((name) => name.startsWith(`${directory.split("/").at(-1)}.`))).toEqual([]);
    expect(await readFile(join(directory, "last.json"), "utf8")).toBe("new");
  });
});

describe("the same data", () => {
  it("is seen through arrays, plain objects, bytes and dates", () => {
    const data = () => ({ list: [1, { deep: null }], at: new Date(5), bytes: raw("a"), n: Number.NaN, big: 1n });
    expect(sameData(data(), data())).toBe(true);
    const others = [
      { ...data(), n: 1 },
      { ...data(), at: new Date(6) },
      { ...data(), bytes: raw("b") },
      { ...data(), list: [1, { deep: undefined }] },
      { ...data(), list: [1] },
      { ...data(), more: undefined },
    ];
    for (const other of others) expect(sameData(data(), other)).toBe(false);
    expect(sameData({ a: undefined }, { b: undefined })).toBe(false);
    expect(sameData(new Map(), new Map())).toBe(false);
    expect(sameData([], {})).toBe(false);
    expect(sameData(null, {})).toBe(false);
  });
});
