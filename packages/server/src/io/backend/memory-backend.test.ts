/** The memory backend against the backend contract, and what its store keeps over a crash. */
import { describe, expect, it } from "vitest";
import { backendContract, bytes, markAt, put } from "./contract.js";
import { MemoryBackend, MemoryStore } from "./memory-backend.js";

describe("memory backend", () => {
  for (const { name, run } of backendContract) {
    it(name, async () => {
      const store = new MemoryStore();
      await run(async () => new MemoryBackend(store));
    });
  }

  it("loses exactly the commits that were not flushed when it crashes", async () => {
    const store = new MemoryStore();
    const backend = new MemoryBackend(store);
    backend.commit([put("key", "a", "1")], markAt(1));
    await backend.flush();
    backend.commit([put("key", "b", "2")], markAt(2));
    expect(backend.durableAt()).toEqual(markAt(1));
    store.crash();
    const reopened = new MemoryBackend(store);
    expect(reopened.appliedAt()).toEqual(markAt(1));
    expect(reopened.get("key", bytes("a"))).toEqual(bytes("1"));
    expect(reopened.get("key", bytes("b"))).toBeUndefined();
  });

  it("may keep a prefix of the unflushed commits over a crash, each with its own mark", () => {
    const store = new MemoryStore();
    const backend = new MemoryBackend(store);
    for (let index = 1; index <= 3; index++) backend.commit([put("key", "a", String(index))], markAt(index));
    store.crash((unflushed) => unflushed - 1);
    const reopened = new MemoryBackend(store);
    expect(reopened.appliedAt()).toEqual(markAt(2));
    expect(reopened.get("key", bytes("a"))).toEqual(bytes("2"));
  });

  it("counts the bytes of what it holds", () => {
    const backend = new MemoryBackend();
    backend.commit([put("key", "abc", "12345"), put("key", "z", "1")], markAt(1));
    backend.commit([put("key", "abc", "1")], markAt(2));
    expect(backend.size()).toEqual({ bytes: 6, bytesInUse: 6 });
  });
});
