/** Holds the error table against the facts of etcd's public errors in `testdata/errors.tsv`. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { SERVER_ERRORS, ServerError, type ServerErrorName } from "./errors.js";

interface Fact {
  readonly name: string;
  /** gRPC status as Go clients see it. */
  readonly code: number;
  readonly message: string;
  /** The server answers UNKNOWN; the client finds the code above by the text. */
  readonly unknownOnWire: boolean;
}

const facts: readonly Fact[] = readFileSync(new URL("../../testdata/errors.tsv", import.meta.url), "utf8")
  .trimEnd()
  .split("\n")
  .slice(1)
  .map((line) => {
    const [name = "", , code = "", message = "", , when = ""] = line.split("\t");
    return { name, code: Number(code), message, unknownOnWire: when.includes("WIRE QUIRK") };
  });

/** Facts that the node does not raise: parts that are not built yet, texts that are no status, and names kept for clients. */
const NOT_CARRIED: ReadonlySet<string> = new Set([
  // What members of several tell each other.
  "ErrGRPCClusterIDMismatch",
  "ErrGRPCNotCapable",
  "ErrGRPCTimeoutWaitAppliedIndex",
  // Streamed ranges.
  "(unnamed) stream sort",
  "(unnamed) stream filter",
  // Cancellation and deadlines leave as plain gRPC statuses.
  "ErrGRPCCanceled",
  "ErrGRPCDeadlineExceeded",
  // Reasons inside watch responses, and the transport's own refusal: no status of the node.
  "(watch) empty range",
  "(watch) duplicate id",
  "(grpc) message too large",
]);

const names = Object.keys(SERVER_ERRORS) as ServerErrorName[];
const UNKNOWN = 2;

describe("the error table", () => {
  it.each(names)("has the text and the wire code of etcd for %s", (name) => {
    const row = SERVER_ERRORS[name];
    const fact = facts.find(({ message }) => message === row.message);
    expect(fact, `no fact has the text "${row.message}"`).toBeDefined();
    expect(row.code).toBe(fact?.unknownOnWire ? UNKNOWN : fact?.code);
  });

  it("carries every fact, except those listed as not carried", () => {
    const texts = new Set<string>(names.map((name) => SERVER_ERRORS[name].message));
    const missing = facts.filter(({ message }) => !texts.has(message)).map(({ name }) => name);
    expect(missing.sort()).toEqual([...NOT_CARRIED].sort());
  });

  it("gives each text to one name", () => {
    expect(new Set(names.map((name) => SERVER_ERRORS[name].message)).size).toBe(names.length);
  });
});

describe("a server error", () => {
  it("has the text, the code and the name of its row", () => {
    const error = new ServerError("leaseNotFound");
    expect(error).toMatchObject({ message: "etcdserver: requested lease not found", code: 5, reason: "leaseNotFound" });
  });
});
