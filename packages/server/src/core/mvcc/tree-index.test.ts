/** Ranges of keys in etcd's forms and order. */
import { describe, expect, it } from "vitest";
import { stringBytes } from "../bytes.js";
import { justAfter, keyRange, TreeIndex } from "./tree-index.js";

function treeOf(...keys: string[]): TreeIndex {
  const tree = new TreeIndex();
  for (const key of keys) tree.getOrCreate(key);
  return tree;
}

function visited(tree: TreeIndex, key: string, rangeEnd: string): string[] {
  return Array.from(tree.visit(keyRange(stringBytes(key), stringBytes(rangeEnd))), (index) => index.key);
}

describe("tree index", () => {
  const tree = treeOf("b", "a", "ab", "a\0", "\xff", "c");

  it.each([
    ["a single key", "a", "", ["a"]],
    ["a key that is not there", "aa", "", []],
    ["a half-open range", "a", "b", ["a", "a\0", "ab"]],
    ["everything from a key on", "b", "\0", ["b", "c", "\xff"]],
    ["everything", "\0", "\0", ["a", "a\0", "ab", "b", "c", "\xff"]],
    ["an end before the start", "b", "a", []],
    ["an end at the start", "b", "b", []],
  ])("visits %s in byte order", (_, key, rangeEnd, expected) => {
    expect(visited(tree, key, rangeEnd)).toEqual(expected);
  });

  it("an end of several bytes that begins with zero is an ordinary end", () => {
    expect(visited(treeOf("\0", "\0a", "\0b"), "\0", "\0b")).toEqual(["\0", "\0a"]);
  });

  it("nothing sorts between a key and the key just after it", () => {
    expect(visited(tree, "a", justAfter("a"))).toEqual(["a"]);
    expect(visited(tree, justAfter("a"), "\0")).toEqual(["a\0", "ab", "b", "c", "\xff"]);
  });

  it("keeps one history a key", () => {
    const own = treeOf("k");
    expect(own.getOrCreate("k")).toBe(own.get("k"));
    expect(own.size).toBe(1);
    own.delete("k");
    expect(own.get("k")).toBeUndefined();
    expect(own.size).toBe(0);
  });
});
