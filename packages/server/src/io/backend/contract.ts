/**
 * What every backend must do: the laws of `core/mvcc/backend.ts` as cases that need no test runner. Each case gets an
 * empty backend's `open`; calling it again after `close()` is a restart on the same content.
 */
import assert from "node:assert/strict";
import {
  type AppliedAt,
  type Backend,
  type BackendEntry,
  type BatchChange,
  KEY_BYTES_MAX,
  type Table,
} from "../../core/mvcc/backend.js";
import { encodeRevision } from "../../core/mvcc/revision.js";

export interface BackendCase {
  readonly name: string;
  run(open: () => Promise<Backend>): Promise<void>;
}

/** A mark at `index`, for tests. */
export function markAt(index: number): AppliedAt {
  const confState = { voters: [1n, 2n], learners: [3n], votersOutgoing: [], learnersNext: [], autoLeave: false };
  return { index, term: 7, confState };
}

export function put(table: Table, key: string, value: string): BatchChange {
  return { type: "put", table, key: bytes(key), value: bytes(value) };
}

export function remove(table: Table, key: string): BatchChange {
  return { type: "delete", table, key: bytes(key) };
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Entries as `key=value` texts. */
export function texts(entries: Iterable<BackendEntry>): string[] {
  const text = (part: Uint8Array): string => new TextDecoder().decode(part);
  return [...entries].map((entry) => `${text(entry.key)}=${text(entry.value)}`);
}

const all = (backend: Backend, table: Table): string[] => texts(backend.range(table, bytes(""), undefined));

/** Two entries, a=1 and b=2, with something happening between them. */
async function* entriesWith(between: () => Promise<void>): AsyncGenerator<BackendEntry & { readonly table: Table }> {
  yield { table: "key", key: bytes("a"), value: bytes("1") };
  // Longer than one turn, as a file or a connection takes.
  await new Promise((resolve) => setImmediate(resolve));
  await between();
  yield { table: "key", key: bytes("b"), value: bytes("2") };
}

export const backendContract: readonly BackendCase[] = [
  {
    name: "an empty backend has applied nothing and holds nothing",
    async run(open) {
      const backend = await open();
      assert.equal(backend.appliedAt().index, 0);
      assert.equal(backend.durableAt().index, 0);
      assert.equal(backend.get("key", bytes("a")), undefined);
      assert.deepEqual(all(backend, "key"), []);
      await backend.close();
    },
  },
  {
    name: "a commit is visible with its mark as soon as it returns",
    async run(open) {
      const backend = await open();
      backend.commit([put("key", "a", "1"), put("lease", "a", "2")], markAt(5));
      assert.deepEqual(backend.appliedAt(), markAt(5));
      assert.deepEqual(backend.get("key", bytes("a")), bytes("1"));
      assert.deepEqual(backend.get("lease", bytes("a")), bytes("2"));
      assert.equal(backend.get("meta", bytes("a")), undefined);
      await backend.close();
    },
  },
  {
    name: "a view has the bytes that a copy has, of every commit, flushed or not and after a restart",
    async run(open) {
      let backend = await open();
      const [older, newer] = [encodeRevision(4, 0), encodeRevision(5, 1)];
      const putAt = (key: Uint8Array, value: string): BatchChange => ({
        ...{ type: "put", table: "key", key, value: bytes(value) },
      });
      const check = (): void => {
        assert.deepEqual(backend.view("key", older), bytes("one"));
        assert.deepEqual(backend.view("key", newer), bytes("another"));
        assert.deepEqual(backend.view("meta", bytes("a")), bytes("1"));
        assert.equal(backend.view("key", encodeRevision(5, 0)), undefined);
        assert.equal(backend.view("meta", bytes("b")), undefined);
      };
      backend.commit([putAt(older, "one"), put("meta", "a", "1")], markAt(5));
      backend.commit([putAt(newer, "another")], markAt(6));
      check();
      await backend.flush();
      check();
      await backend.close();
      backend = await open();
      check();
      await backend.close();
    },
  },
  {
    name: "a later change of one key in a batch wins",
    async run(open) {
      const backend = await open();
      backend.commit([put("key", "a", "1"), remove("key", "a"), put("key", "b", "1"), put("key", "b", "2")], markAt(1));
      backend.commit([remove("key", "absent")], markAt(2));
      assert.deepEqual(all(backend, "key"), ["b=2"]);
      await backend.close();
    },
  },
  {
    name: "a range is in unsigned byte order, from inclusive to exclusive, up to its limit",
    async run(open) {
      const backend = await open();
      const keys = [[0xff], [0x00], [0x7f], [0x80], [0x7f, 0x00], [0x01]].map((key) => Uint8Array.from(key));
      backend.commit(
        keys.map((key) => ({ type: "put", table: "key", key, value: key }) as const),
        markAt(1),
      );
      const hex = (from: number[], to: number[] | undefined, limit?: number): string[] =>
        [...backend.range("key", Uint8Array.from(from), to && Uint8Array.from(to), limit)].map((entry) =>
          Buffer.from(entry.key).toString("hex"),
        );
      assert.deepEqual(hex([], undefined), ["00", "01", "7f", "7f00", "80", "ff"]);
      assert.deepEqual(hex([0x01], [0x80]), ["01", "7f", "7f00"]);
      assert.deepEqual(hex([0x02], undefined, 2), ["7f", "7f00"]);
      assert.deepEqual(hex([0x80], [0x80]), []);
      assert.deepEqual(hex([0x00], undefined, 0), []);
      await backend.close();
    },
  },
  {
    name: "byte arrays that come out are the caller's to change and stay as they are",
    async run(open) {
      const backend = await open();
      backend.commit([put("key", "a", "old")], markAt(1));
      const [entry] = [...backend.range("key", bytes(""), undefined)];
      const value = backend.get("key", bytes("a"));
      assert.ok(entry && value);
      assert.equal(value.constructor, Uint8Array);
      assert.equal(entry.key.constructor, Uint8Array);
      entry.value.fill(0);
      value.fill(0);
      assert.deepEqual(backend.get("key", bytes("a")), bytes("old"));
      const kept = backend.get("key", bytes("a"));
      backend.commit([put("key", "a", "new")], markAt(2));
      assert.deepEqual(backend.get("key", bytes("a")), bytes("new"));
      assert.deepEqual(kept, bytes("old"));
      await backend.close();
    },
  },
  {
    name: "a walk that goes on across a commit throws",
    async run(open) {
      const backend = await open();
      backend.commit([put("key", "a", "1"), put("key", "b", "1")], markAt(1));
      const walk = backend.range("key", bytes(""), undefined)[Symbol.iterator]();
      walk.next();
      backend.commit([remove("key", "b")], markAt(2));
      assert.throws(() => walk.next(), /walked before the next commit/);
      await backend.close();
    },
  },
  {
    name: "flush makes everything committed durable, and a restart finds it",
    async run(open) {
      const backend = await open();
      backend.commit([put("key", "a", "1")], markAt(3));
      assert.deepEqual(await backend.flush(), markAt(3));
      assert.deepEqual(backend.durableAt(), markAt(3));
      backend.commit([put("key", "b", "2")], markAt(4));
      await backend.close();
      await backend.close();

      const reopened = await open();
      assert.deepEqual(reopened.appliedAt(), markAt(4));
      assert.deepEqual(reopened.durableAt(), markAt(4));
      assert.deepEqual(all(reopened, "key"), ["a=1", "b=2"]);
      await reopened.close();
    },
  },
  {
    name: "a snapshot shows its own commit whatever comes after it",
    async run(open) {
      const backend = await open();
      backend.commit([put("key", "a", "1"), put("key", "b", "1"), put("meta", "m", "1")], markAt(1));
      const snapshot = backend.snapshot();
      const walk = snapshot.entries("key")[Symbol.iterator]();
      walk.next();
      backend.commit([remove("key", "a"), remove("key", "b"), put("key", "c", "2"), put("meta", "m", "2")], markAt(2));
      await backend.flush();
      assert.deepEqual(snapshot.at, markAt(1));
      assert.deepEqual(texts([walk.next().value as BackendEntry]), ["b=1"]);
      assert.deepEqual(texts(snapshot.entries("key")), ["a=1", "b=1"]);
      assert.deepEqual(texts(snapshot.entries("meta")), ["m=1"]);
      assert.deepEqual(texts(snapshot.entries("auth")), []);
      snapshot.close();
      snapshot.close();
      assert.throws(() => texts(snapshot.entries("key")));
      assert.deepEqual(all(backend, "key"), ["c=2"]);
      await backend.close();
    },
  },
  {
    name: "a snapshot that is open when the backend closes ends",
    async run(open) {
      const backend = await open();
      backend.commit([put("key", "a", "1"), put("key", "b", "1")], markAt(1));
      const snapshot = backend.snapshot();
      const walk = snapshot.entries("key")[Symbol.iterator]();
      walk.next();
      await backend.close();
      assert.throws(() => walk.next());
      assert.throws(() => texts(snapshot.entries("key")));
      snapshot.close();
    },
  },
  {
    name: "keys are neither empty nor endless",
    async run(open) {
      const backend = await open();
      const longest = "k".repeat(KEY_BYTES_MAX);
      backend.commit([put("auth", longest, "1")], markAt(1));
      assert.deepEqual(all(backend, "auth"), [`${longest}=1`]);
      assert.throws(() => backend.commit([put("auth", `${longest}k`, "1")], markAt(2)));
      assert.throws(() => backend.commit([put("auth", "", "1")], markAt(2)));
      assert.equal(backend.get("auth", bytes("")), undefined);
      assert.equal(backend.get("auth", bytes(`${longest}k`)), undefined);
      assert.deepEqual(backend.appliedAt(), markAt(1));
      await backend.close();
    },
  },
  {
    name: "replaceWith leaves exactly the given content, durable with its mark",
    async run(open) {
      const backend = await open();
      backend.commit([put("key", "old", "1"), put("auth", "old", "1")], markAt(9));
      const source = [
        { table: "key", key: bytes("a"), value: bytes("1") },
        { table: "key", key: bytes("b"), value: bytes("2") },
        { table: "lease", key: bytes("c"), value: bytes("3") },
      ] as const;
      await backend.replaceWith(markAt(4), source);
      assert.deepEqual(backend.appliedAt(), markAt(4));
      assert.deepEqual(backend.durableAt(), markAt(4));
      backend.commit([put("key", "d", "4")], markAt(5));
      await backend.close();

      const reopened = await open();
      assert.deepEqual(reopened.appliedAt(), markAt(5));
      assert.deepEqual(all(reopened, "key"), ["a=1", "b=2", "d=4"]);
      assert.deepEqual(all(reopened, "lease"), ["c=3"]);
      assert.deepEqual(all(reopened, "auth"), []);
      await reopened.close();
    },
  },
  {
    name: "replaceWith takes a source that brings its entries one by one, and reads see the old content meanwhile",
    async run(open) {
      const backend = await open();
      backend.commit([put("key", "old", "1")], markAt(1));
      const seen: unknown[] = [];
      const source = entriesWith(async () => {
        seen.push(all(backend, "key"), backend.appliedAt(), texts(backend.snapshot().entries("key")));
        assert.throws(() => backend.commit([put("key", "lost", "1")], markAt(2)), /while the content is replaced/);
      });
      await backend.replaceWith(markAt(9), source);
      assert.deepEqual(seen, [["old=1"], markAt(1), ["old=1"]]);
      assert.deepEqual(backend.appliedAt(), markAt(9));
      assert.deepEqual(all(backend, "key"), ["a=1", "b=2"]);
      await backend.close();
    },
  },
  {
    name: "replaceWith leaves everything as it was when its source fails half-way",
    async run(open) {
      const backend = await open();
      backend.commit([put("key", "old", "1")], markAt(1));
      const failing = entriesWith(async () => {
        throw new Error("the stream broke");
      });
      const impossible = { table: "key", key: bytes(""), value: bytes("1") } as const;
      await assert.rejects(backend.replaceWith(markAt(9), failing), /the stream broke/);
      await assert.rejects(backend.replaceWith(markAt(9), [impossible]), /can be stored/);
      assert.deepEqual(backend.appliedAt(), markAt(1));
      assert.deepEqual(all(backend, "key"), ["old=1"]);
      backend.commit([put("key", "later", "2")], markAt(2));
      await backend.close();

      const reopened = await open();
      assert.deepEqual(reopened.appliedAt(), markAt(2));
      assert.deepEqual(all(reopened, "key"), ["later=2", "old=1"]);
      await reopened.replaceWith(markAt(9), [{ table: "key", key: bytes("a"), value: bytes("1") }]);
      assert.deepEqual(all(reopened, "key"), ["a=1"]);
      await reopened.close();
    },
  },
  {
    name: "replaceWith closes the source that it gives up",
    async run(open) {
      const backend = await open();
      let closed = 0;
      const source = (async function* () {
        try {
          for (;;) yield { table: "key", key: bytes(""), value: bytes("x".repeat(2 ** 20)) } as const;
        } finally {
          closed++;
        }
      })();
      await assert.rejects(backend.replaceWith(markAt(9), source));
      assert.equal(closed, 1);
      await backend.close();
    },
  },
  {
    name: "a snapshot that was open before replaceWith shows its own commit until it is closed or the backend is",
    async run(open) {
      const backend = await open();
      backend.commit([put("key", "a", "old"), put("key", "b", "old")], markAt(1));
      const [first, second] = [backend.snapshot(), backend.snapshot()];
      const walk = first.entries("key")[Symbol.iterator]();
      walk.next();
      await backend.replaceWith(
        markAt(9),
        entriesWith(async () => {}),
      );
      backend.commit([put("key", "c", "3")], markAt(10));
      assert.deepEqual(texts([walk.next().value as BackendEntry]), ["b=old"]);
      assert.deepEqual(first.at, markAt(1));
      assert.deepEqual(texts(first.entries("key")), ["a=old", "b=old"]);
      first.close();
      assert.deepEqual(texts(second.entries("key")), ["a=old", "b=old"]);
      assert.deepEqual(all(backend, "key"), ["a=1", "b=2", "c=3"]);
      await backend.close();
      assert.throws(() => texts(second.entries("key")));
      second.close();

      const reopened = await open();
      assert.deepEqual(all(reopened, "key"), ["a=1", "b=2", "c=3"]);
      await reopened.close();
    },
  },
  {
    name: "defragment changes no content, and commits go on after it",
    async run(open) {
      const backend = await open();
      const big = "x".repeat(500);
      const puts = Array.from({ length: 500 }, (_, i) => put("key", `k${String(i).padStart(4, "0")}`, big));
      backend.commit(puts, markAt(1));
      const removed = puts.slice(1).map((change) => ({ type: "delete", table: "key", key: change.key }) as const);
      backend.commit(removed, markAt(2));
      await backend.flush();
      const before = backend.size();
      await backend.defragment();
      assert.ok(backend.size().bytes <= before.bytes);
      assert.ok(backend.size().bytesInUse <= backend.size().bytes);
      assert.deepEqual(backend.appliedAt(), markAt(2));
      assert.deepEqual(all(backend, "key"), [`k0000=${big}`]);
      backend.commit([put("key", "later", "1")], markAt(3));
      await backend.close();

      const reopened = await open();
      assert.deepEqual(reopened.appliedAt(), markAt(3));
      assert.deepEqual(all(reopened, "key"), [`k0000=${big}`, "later=1"]);
      await reopened.close();
    },
  },
  {
    name: "a closed backend refuses reads and commits",
    async run(open) {
      const backend = await open();
      await backend.close();
      assert.throws(() => backend.commit([], markAt(1)));
      assert.throws(() => backend.get("key", bytes("a")));
    },
  },
];
