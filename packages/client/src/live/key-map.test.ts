/**
 * The state of a cache, told as transcripts: what goes in, and under `----` what comes out. Commands: `reset`, `apply` and
 * `advance` with a revision and writes (`key=value`, `-key` deletes, `key!` is a value that cannot be read), `pairs`, `range`,
 * `at` (the revision), `equals newest count`. Every `apply` writes at its own revision, a `reset` at `@` its own.
 */
import { describe, expect, it } from "vitest";
import { prefix, toBytes } from "../keys.js";
import type { KeyValue } from "../kv/results.js";
import type { Change } from "./change.js";
import { KeyMap, type Write } from "./key-map.js";

function pair(key: string, value: string, modRevision: bigint): KeyValue<string> {
  return { key, keyBytes: toBytes(key), value, createRevision: modRevision, modRevision, version: 1n, lease: 0n };
}

function write(word: string, revision: bigint): Write<string> {
  const [, minus, key = "", bad, value = "", at] = /^(-?)([^=!@-]+)(!?)=?([^@]*)@?(.*)$/.exec(word) ?? [];
  const keyBytes = toBytes(key);
  if (minus === "-") return { type: "delete", keyBytes };
  const modRevision = at === undefined || at === "" ? revision : BigInt(at);
  return { type: "put", keyBytes, modRevision, kv: bad === "!" ? undefined : pair(key, value, modRevision) };
}

function shown(change: Change<string>): string {
  const from = change.type === "added" ? "" : `${change.previous.value}→`;
  return `${change.type} ${change.key} ${from}${change.type === "removed" ? "" : change.kv.value} at ${change.revision}`;
}

function run(map: KeyMap<string>, line: string): string[] {
  const [command, ...words] = line.split(" ");
  const [first = "", ...rest] = words;
  const list = (pairs: readonly KeyValue<string>[]): string[] => [
    pairs.map((kv) => `${kv.key}=${kv.value}`).join(" ") || "none",
  ];
  const batch = () => ({ revision: BigInt(first), writes: rest.map((word) => write(word, BigInt(first))) });
  switch (command) {
    case "reset":
      return map.reset(batch()).map(shown);
    case "apply":
      return map.apply(batch()).map(shown);
    case "advance":
      map.advance(BigInt(first));
      return [];
    case "pairs":
      return list(map.pairs());
    case "range":
      return list(map.range(prefix(first)));
    case "lookup":
      return list(map.lookup(first, rest[0] ?? ""));
    case "at":
      return [`${map.revision}, ${map.size} pairs`];
    case "equals":
      return [String(map.equals({ revision: 99n, newest: BigInt(first), count: BigInt(rest[0] ?? "") }))];
    default:
      throw new Error(`no such command: ${line}`);
  }
}

/** Plays a transcript against the map and gives it back with the answers there really were. */
function play(transcript: string, map = new KeyMap<string>()): { expected: string; actual: string } {
  const lines = transcript
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  const commands = lines.filter((line) => line.startsWith("> "));
  const actual = commands.flatMap((line) => [line, ...run(map, line.slice(2))]);
  return { expected: lines.join("\n"), actual: actual.join("\n") };
}

function tells(transcript: string, map?: KeyMap<string>): void {
  const { expected, actual } = play(transcript, map);
  expect(actual).toBe(expected);
}

describe("the state of a cache", () => {
  it("takes a snapshot and then each revision as a whole", () => {
    tells(`
      > reset 5 b=1@4 a=1@2
      added b 1 at 4
      added a 1 at 2
      > at
      5, 2 pairs
      > apply 6 a=2 -b c=1
      updated a 1→2 at 6
      removed b 1→ at 6
      added c 1 at 6
      > pairs
      a=2 c=1
      > at
      6, 2 pairs
    `);
  });

  it("changes nothing for a revision that it knows", () => {
    tells(`
      > reset 5 a=1@2
      added a 1 at 2
      > apply 5 a=9
      > advance 8
      > apply 7 a=9 b=9
      > advance 3
      > at
      8, 1 pairs
      > apply 9 a=2
      updated a 1→2 at 9
    `);
  });

  it("finds out by a snapshot only what differs", () => {
    tells(`
      > reset 5 a=1@2 b=1@3 c=1@4
      added a 1 at 2
      added b 1 at 3
      added c 1 at 4
      # History is gone. b was deleted, c written, d created; a is as it was.
      > reset 90 a=1@2 c=2@40 d=1@50
      updated c 1→2 at 40
      added d 1 at 50
      removed b 1→ at 90
      > pairs
      a=1 c=2 d=1
      > reset 95 a=1@2 c=2@40 d=1@50
      > at
      95, 3 pairs
    `);
  });

  it("keeps what was good last where a value cannot be read", () => {
    tells(`
      > reset 5 a=1@2 b!@3
      added a 1 at 2
      > at
      5, 1 pairs
      > apply 6 a!
      > pairs
      a=1
      # As many keys as the store has, the unreadable ones too.
      > equals 6 2
      true
      > apply 7 b=1
      added b 1 at 7
      > apply 8 -a
      removed a 1→ at 8
      # Still unreadable after the history is gone: no change.
      > apply 9 b!
      > reset 20 b!@9
      > pairs
      b=1
    `);
  });

  it("is the range of then when it has as many keys and none of them is newer", () => {
    tells(`
      > reset 5 a=1@2 b=1@3
      added a 1 at 2
      added b 1 at 3
      > equals 3 2
      true
      # Something was written since.
      > equals 6 2
      false
      # Something was deleted since.
      > equals 3 1
      false
      > apply 6 -b
      removed b 1→ at 6
      > equals 2 1
      true
      > equals 0 0
      false
    `);
  });

  it("has its keys in the order of their bytes, however many come at once", () => {
    const map = new KeyMap<string>();
    const keys = Array.from({ length: 40 }, (_, i) => `k${(i * 7) % 40}`);
    map.reset({ revision: 1n, writes: keys.map((key) => write(`${key}=1`, 1n)) });
    // U+10000 sorts before U+FFFF by UTF-16 and after it by bytes.
    for (const [i, key] of ["z", "\u{10000}", "\uffff", "a", "k05"].entries()) {
      map.apply({ revision: BigInt(i + 2), writes: [write(`${key}=1`, 1n)] });
    }
    map.apply({ revision: 9n, writes: [write("-k0", 9n), write("-k39", 9n)] });
    const listed = map.pairs().map((kv) => Buffer.from(kv.keyBytes));
    expect(listed).toEqual([...listed].sort(Buffer.compare));
    expect(listed).toHaveLength(43);
    expect(map.size).toBe(43);
    expect(map.range(prefix("k0")).map((kv) => kv.key)).toEqual(["k05"]);
    expect(map.range({ key: toBytes("k05") }).map((kv) => kv.key)).toEqual(["k05"]);
    expect(map.range({ key: toBytes("k04") })).toEqual([]);
    expect(map.range({ key: toBytes("z"), end: toBytes("a") })).toEqual([]);
    expect(map.range(prefix(""))).toEqual(map.pairs());
  });

  it("gives out a list that stays as it is", () => {
    const map = new KeyMap<string>();
    map.reset({ revision: 1n, writes: [write("a=1", 1n)] });
    const before = map.pairs();
    map.apply({ revision: 2n, writes: [write("a=2", 2n), write("b=1", 2n)] });
    expect(before.map((kv) => kv.value)).toEqual(["1"]);
    expect(map.pairs().map((kv) => kv.value)).toEqual(["2", "1"]);
    expect(map.pairs()).toBe(map.pairs());
  });

  it("finds pairs by the terms of its indexes", () => {
    const letters = new KeyMap<string>({
      byLetter: (kv) => [...kv.value],
      byLength: (kv) => (kv.value === "" ? undefined : String(kv.value.length)),
    });
    tells(
      `
      > reset 5 b=xy@2 a=x@3
      added b xy at 2
      added a x at 3
      > lookup byLetter x
      a=x b=xy
      > lookup byLength 2
      b=xy
      > apply 6 b=y
      updated b xy→y at 6
      > lookup byLetter x
      a=x
      > lookup byLetter y
      b=y
      # What cannot be read is found as what was good last.
      > apply 7 b!
      > lookup byLetter y
      b=y
      > apply 8 -a b=
      removed a x→ at 8
      updated b y→ at 8
      > lookup byLetter x
      none
      > lookup byLength 0
      none
    `,
      letters,
    );
    expect(() => letters.lookup("byColour", "red")).toThrow('there is no index "byColour"');
  });

  it("changes nothing at all when an index function throws", () => {
    const map = new KeyMap<string>({
      picky: (kv) => {
        if (kv.value === "bad") throw new Error("no term for this");
        return kv.value;
      },
    });
    map.reset({ revision: 1n, writes: [write("a=1", 1n)] });
    expect(() => map.apply({ revision: 2n, writes: [write("a=2", 2n), write("b=bad", 2n)] })).toThrow("no term");
    expect(map.pairs().map((kv) => kv.value)).toEqual(["1"]);
    expect(map.revision).toBe(1n);
    expect(map.lookup("picky", "1")).toHaveLength(1);
  });
});
