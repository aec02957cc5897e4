/** A caller's mistakes: each is named, with what was given, before anything is sent. Callers may be plain JavaScript. */
import { describe, expect, it } from "vitest";
import { type Client, createClient } from "../client.js";
import { bytes, codec } from "../codec.js";
import { fromKey, prefix, range } from "../keys.js";
import { FakeTransport } from "../testing/fake-transport.js";
import { compare } from "./compare.js";
import { op } from "./op.js";

/** The client as JavaScript sees it: no types. */
type Loose = Record<string, (...given: unknown[]) => Promise<unknown>>;

const loose = (client: unknown): Loose => client as Loose;
const ops = op as unknown as Record<string, (...given: unknown[]) => never>;
const txn =
  (...then: (() => never)[]) =>
  (client: Loose): unknown =>
    client["txn"]?.({ then: then.map((make) => make()) });
const get =
  (options: unknown) =>
  (client: Loose): unknown =>
    client["get"]?.("k", options);
const list =
  (options: unknown) =>
  (client: Loose): unknown =>
    client["list"]?.(prefix("k"), options);
const put =
  (value: unknown, options?: unknown) =>
  (client: Loose): unknown =>
    client["put"]?.("k", value, options);
const watch =
  (options: unknown) =>
  (client: Loose): unknown =>
    client["watch"]?.("k", options);

type Mistake = readonly [what: string, run: (client: Loose) => unknown, type: typeof Error, message: string];

const MISTAKES: readonly Mistake[] = [
  // Keys and ranges.
  ["an empty key to read", (c) => c["get"]?.(""), RangeError, "a key must not be empty"],
  ["an empty key to write", (c) => c["put"]?.("", "v"), RangeError, "a key must not be empty"],
  ["an empty key to delete", (c) => c["delete"]?.(new Uint8Array(0)), RangeError, "a key must not be empty"],
  ["an empty key in a txn", txn(() => ops["put"]?.("", "v") as never), RangeError, "a key must not be empty"],
  [
    "an empty key in a condition",
    (c) => c["txn"]?.({ if: [compare.version("").eq(0)] }),
    RangeError,
    "a key must not be empty",
  ],
  ["a number for a key", (c) => c["get"]?.(7), TypeError, "a key must be a string or a Uint8Array, not 7"],
  ["nothing for a key", (c) => c["get"]?.(undefined), TypeError, "must be a string or a Uint8Array, not undefined"],
  ["null for a key", (c) => c["put"]?.(null, "v"), TypeError, "must be a string or a Uint8Array, not null"],
  ["an array for a key", (c) => c["get"]?.([1]), TypeError, "made by prefix(), range() or fromKey(), not Array"],
  ["a range of strings", (c) => c["list"]?.({ key: "a", end: "b" }), TypeError, "made by prefix(), range()"],
  ["half a surrogate pair in a key", (c) => c["get"]?.("a\ud800"), TypeError, 'a\\ud800" holds half a surrogate pair'],
  // Watches.
  ["another kind of change", watch({ only: "puts" }), TypeError, 'only must be one of "put", "delete", not "puts"'],
  ["another answer to compaction", watch({ onCompacted: true }), TypeError, "onCompacted must be one of"],
  ["another answer to bad values", watch({ onDecodeError: "ignore" }), TypeError, "onDecodeError must be one of"],
  [
    "a buffer for nothing",
    watch({ bufferSize: 0 }),
    RangeError,
    "bufferSize must be a whole number of at least 1, not 0",
  ],
  ["a word for a flag of a watch", watch({ prevKv: "yes" }), TypeError, 'prevKv must be true or false, not "yes"'],
  ["a watch of no signal", watch({ signal: {} }), TypeError, "signal must be an AbortSignal, not Object"],
  ["a function for the options of a watch", watch(() => 1), TypeError, "the options of a watch must be an object"],
  // Calls.
  ["a timeout that is no number", get({ timeout: Number.NaN }), RangeError, "timeout must be a number of milliseconds"],
  ["a negative timeout", get({ timeout: -1 }), RangeError, "timeout must be a number of milliseconds above 0, not -1"],
  ["no time at all", get({ timeout: 0 }), RangeError, "timeout must be a number of milliseconds above 0, not 0"],
  ["an endless timeout", get({ timeout: Number.POSITIVE_INFINITY }), RangeError, "not Infinity"],
  ["a timeout in words", get({ timeout: "5s" }), TypeError, 'timeout must be a number, not "5s"'],
  ["a timeout of a write", put("v", { timeout: -5 }), RangeError, "timeout must be a number of milliseconds above 0"],
  [
    "a controller for a signal",
    get({ signal: new AbortController() }),
    TypeError,
    "signal must be an AbortSignal, not",
  ],
  ["null for a signal", get({ signal: null }), TypeError, "signal must be an AbortSignal, not null"],
  ["an unknown retry", get({ retry: "always" }), TypeError, 'retry must be one of "auto", "never", not "always"'],
  ["an exactly-once read", get({ retry: "exactly-once" }), TypeError, 'not "exactly-once"'],
  ["an unknown retry of a write", put("v", { retry: true }), TypeError, '"exactly-once", not true'],
  ["a number for an endpoint", get({ endpoint: 1 }), TypeError, "endpoint must be a string, not 1"],
  ["an endpoint of another client", get({ endpoint: "http://b" }), TypeError, '"http://b" is not an endpoint'],
  // Reads.
  ["half a revision", get({ revision: 1.5 }), RangeError, "revision must be a whole number, not 1.5"],
  [
    "an unsafe revision",
    get({ revision: 2 ** 53 }),
    RangeError,
    "revision must be a whole number, not 9007199254740992",
  ],
  ["a negative revision", get({ revision: -1n }), RangeError, "revision must not be negative: -1"],
  ["a revision over 64 bits", get({ revision: 2n ** 63n }), RangeError, "revision must fit into 64 bits"],
  ["a revision in words", get({ revision: "7" }), TypeError, 'revision must be a bigint or a whole number, not "7"'],
  ["an unknown consistency", get({ consistency: "strong" }), TypeError, 'consistency must be one of "linearizable"'],
  ["null for consistency", get({ consistency: null }), TypeError, "consistency must be one of"],
  ["at least nothing", get({ consistency: {} }), TypeError, "consistency.atLeast must be a bigint or a whole number"],
  ["a negative limit", list({ limit: -1 }), RangeError, "limit must not be negative: -1"],
  ["a limit that is no number", list({ limit: Number.NaN }), RangeError, "limit must be a whole number, not NaN"],
  ["an unknown order", list({ order: "down" }), TypeError, 'order must be one of "asc", "desc", not "down"'],
  ["an unknown sort", list({ sortBy: "size" }), TypeError, 'sortBy must be one of "key", "version"'],
  ["a sort that every object has", list({ sortBy: "toString" }), TypeError, 'not "toString"'],
  ["a negative bound", list({ minModRevision: -3 }), RangeError, "minModRevision must not be negative: -3"],
  ["a bound in words", list({ maxCreateRevision: "9" }), TypeError, "maxCreateRevision must be a bigint"],
  ["a word for a flag", list({ keysOnly: "yes" }), TypeError, 'keysOnly must be true or false, not "yes"'],
  [
    "a txn that is at least of a revision",
    txn(() => ops["get"]?.("k", { consistency: { atLeast: 1 } }) as never),
    TypeError,
    "consistency must be one of",
  ],
  ["an empty page", (c) => c["scan"]?.(prefix(""), { pageSize: 0 }), RangeError, "pageSize must be a whole number"],
  ["half a page", (c) => c["scan"]?.(prefix(""), { pageSize: 0.5 }), RangeError, "of at least 1, not 0.5"],
  [
    "a page in words",
    (c) => c["scan"]?.(prefix(""), { pageSize: "9" }),
    TypeError,
    'pageSize must be a number, not "9"',
  ],
  // Writes. No message shows a value.
  ["no value", put(undefined), TypeError, "a value of this store must be a string, not undefined"],
  ["a number for text", put(5), TypeError, "a value of this store must be a string, not number"],
  ["half a surrogate pair for text", put("\udc00"), TypeError, "a value must not hold half a surrogate pair"],
  ["a value that is to be ignored", put("v", { ignoreValue: true }), TypeError, "a value beside ignoreValue"],
  [
    "a value that is to be ignored, in a txn",
    txn(() => ops["put"]?.("k", "v", { ignoreValue: true }) as never),
    TypeError,
    "a value beside ignoreValue",
  ],
  [
    "a lease that is to be ignored",
    put("v", { lease: 7, ignoreLease: true }),
    TypeError,
    "lease (7) beside ignoreLease",
  ],
  ["a lease in words", put("v", { lease: "7b" }), TypeError, 'lease must be a bigint or a whole number, not "7b"'],
  ["null for a lease", put("v", { lease: null }), TypeError, "lease must be an object, not null"],
  ["a lease without an id", put("v", { lease: {} }), TypeError, "lease.id must be a bigint or a whole number"],
  ["a lease that is not granted yet", put("v", { lease: Promise.resolve() }), TypeError, "lease.id must be a bigint"],
  ["a word for prevKv", put("v", { prevKv: "yes" }), TypeError, "prevKv must be true or false"],
  [
    "a word for prevKv of a delete",
    (c) => c["delete"]?.("k", { prevKv: 1 }),
    TypeError,
    "prevKv must be true or false",
  ],
  ["a negative expectation", (c) => c["compareAndSet"]?.("k", -1, "v"), RangeError, "modRevision must not be negative"],
  ["no expectation", (c) => c["compareAndDelete"]?.("k"), TypeError, "modRevision must be a bigint or a whole number"],
  ["half a version to compare with", () => compare.version("k").eq(0.5), RangeError, "version must be a whole number"],
  ["a number to compare a value with", () => compare.value("k").eq(5 as never), TypeError, "must be a Uint8Array, not"],
];

function setUp(): { client: Client; transport: FakeTransport } {
  const transport = new FakeTransport();
  return { client: createClient({ endpoints: "http://a", transport: transport.factory }), transport };
}

describe("a mistake is named before anything is sent", () => {
  it.each(MISTAKES)("%s", async (_, run, type, message) => {
    const { client, transport } = setUp();
    // Some throw and some reject: what is not a promise of something cannot reject.
    const error = await (async () => run(loose(client)))().catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(type);
    expect((error as Error).message).toContain(message);
    expect(transport.calls).toHaveLength(0);
  });

  it("by the exactly-once writes as well", async () => {
    const { client, transport } = setUp();
    const once = { retry: "exactly-once" } as const;
    for (const write of [
      client.put("", "v", once),
      client.put("k", "v", { ...once, timeout: -1 }),
      client.delete(prefix("_kvorum/"), once),
      client.txn({ then: [op.txn({ else: [op.delete(fromKey("_"))] })] }, once),
      client.create("k", 5 as never, once),
    ]) {
      expect(await write.catch((cause: unknown) => (cause as Error).constructor.name)).toMatch(/^(Type|Range)Error$/);
    }
    expect(transport.calls).toHaveLength(0);
  });

  it("and no message shows a value", async () => {
    const { client } = setUp();
    const secret = { password: "hunter2" };
    const numbers = client.withCodec(codec.json<unknown>());
    const raw = client.withCodec(bytes);
    const attempts = [
      client.put("k", secret as never),
      client.put("k", "hunter2\ud800"),
      client.put("k", "hunter2" as never, { ignoreValue: true }),
      raw.put("k", "hunter2" as never),
      numbers.put("k", () => "hunter2"),
    ];
    for (const attempt of attempts) {
      const error = (await attempt.catch((cause: unknown) => cause)) as Error;
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).not.toContain("hunter2");
    }
  });

  it("by the makers of ranges and by the client itself", () => {
    expect(() => prefix(7 as never)).toThrow("a key must be a string or a Uint8Array, not 7");
    expect(() => range("a", undefined as never)).toThrow(TypeError);
    const { transport } = setUp();
    for (const timeout of [Number.NaN, -1, 0]) {
      expect(() => createClient({ endpoints: "http://a", transport: transport.factory, timeout })).toThrow(RangeError);
    }
    expect(() => createClient({ endpoints: "http://a", markerPrefix: 5 as never })).toThrow(TypeError);
    expect(() => createClient(undefined as never)).toThrow("the options of a client must be an object, not undefined");
    for (const endpoints of [undefined, 7, [7]]) {
      expect(() => createClient({ endpoints } as never)).toThrow("endpoints must be a string or a list of strings");
    }
  });
});
