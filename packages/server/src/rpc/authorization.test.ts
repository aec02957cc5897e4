/**
 * The authorization matrix: every method of every service, asked by every kind of caller, with authentication on and off,
 * and every operation on keys in every form in which it can be asked for. What is expected is a table for people to read.
 */
import { readFileSync } from "node:fs";
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import * as proto from "@kvorum/proto";
import { methodPath } from "@kvorum/transport";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CALLERS, type Caller, Guarded } from "../../testing/authorization/callers.js";
import { type Way, waysOf } from "../../testing/authorization/operations.js";
import { outcomeOf } from "../../testing/authorization/outcome.js";
import { prepare, requestOf } from "../../testing/authorization/requests.js";
import { accessTo } from "./access.js";

interface Row {
  readonly name: string;
  /** In the order of the callers. */
  readonly signs: readonly string[];
  readonly ways: (caller: Caller) => readonly Way[];
}

/** Services for clients; those between members have a port of their own. */
const METHODS: ReadonlyMap<string, DescMethod> = new Map(
  Object.values(proto as Readonly<Record<string, unknown>>)
    .filter(isService)
    .filter(({ typeName }) => !typeName.startsWith("kvorum."))
    .flatMap(({ methods }) => methods.map((method) => [methodPath(method), method] as const)),
);

const [head = "", ...lines] = readFileSync(new URL("../../testdata/authorization.tsv", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"));
const ROWS: readonly Row[] = lines.map((line) => {
  const [name = "", ...signs] = line.split("\t");
  return { name, signs, ways: (caller) => (name.startsWith("rpc ") ? [rpc(name, caller)] : waysOf(name)) };
});

describe("the matrix", () => {
  it("has a column for each caller and a row for each method of each service, and every method has a class", () => {
    expect(head.split("\t")).toEqual(["row", ...CALLERS]);
    for (const { name, signs } of ROWS) expect(signs, name).toHaveLength(CALLERS.length);
    expect(new Set(ROWS.map(({ name }) => name)).size).toBe(ROWS.length);
    const asked = new Set(ROWS.flatMap(({ ways }) => ways("root").map(({ method }) => methodPath(method))));
    // Txn is how operations are nested.
    expect([...METHODS.keys()].filter((path) => !asked.has(path))).toEqual([]);
    expect([...METHODS.values()].filter((method) => accessTo(method) === undefined)).toEqual([]);
    expect(METHODS.size).toBeGreaterThanOrEqual(50);
  });
});

describe("with authentication on", () => {
  let guarded: Guarded;
  beforeAll(async () => {
    guarded = await Guarded.start(true);
    await prepare(guarded.channel, guarded.metadataOf("root"));
  });
  afterAll(() => guarded.close());

  for (const { name, signs, ways } of ROWS) {
    it(name, async () => {
      for (const [column, caller] of CALLERS.entries()) {
        for (const { way, method, request } of ways(caller)) {
          await prepareFor(method, guarded, "root");
          const outcome = await outcomeOf(guarded.channel, method, request, guarded.metadataOf(caller));
          expect(`${way} by ${caller}: ${outcome}`).toBe(`${way} by ${caller}: ${signs[column]}`);
          if (method.name === "AuthDisable" && outcome === "+") await enableAgain(guarded);
        }
      }
    });
  }
});

describe("with authentication off", () => {
  let open: Guarded;
  beforeAll(async () => {
    open = await Guarded.start(false);
  });
  afterAll(() => open.close());

  it("everybody may everything, also with a token that nobody knows", { timeout: 60_000 }, async () => {
    for (const { ways } of ROWS) {
      for (const caller of ["nobody", "garbage"] as const) {
        for (const { way, method, request } of ways(caller)) {
          // What is inside of transactions is the same for both.
          if (caller === "nobody" && method === proto.KV.method.txn) continue;
          // It would be on afterwards.
          if (method.name === "AuthEnable") continue;
          await prepareFor(method, open, "nobody");
          const outcome = await outcomeOf(open.channel, method, request, open.metadataOf(caller));
          expect(`${way} by ${caller}: ${outcome}`).toBe(`${way} by ${caller}: +`);
        }
      }
    }
  });
});

function isService(value: unknown): value is DescService {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "service";
}

/** `rpc /service/Method`, and behind it what tells its rows apart. */
function rpc(name: string, caller: Caller): Way {
  const row = name.slice("rpc ".length);
  const method = METHODS.get(row.split(" ")[0] ?? "");
  if (method === undefined) throw new Error(`no method has the path of row ${name}`);
  return { way: row, method, request: requestOf(row, caller) };
}

async function prepareFor(method: DescMethod, guarded: Guarded, caller: Caller): Promise<void> {
  if (/Lease|Lock|Election/.test(method.parent.typeName)) await prepare(guarded.channel, guarded.metadataOf(caller));
}

async function enableAgain(guarded: Guarded): Promise<void> {
  await guarded.channel.unary(proto.Auth.method.authEnable, {});
  await guarded.sign();
}
