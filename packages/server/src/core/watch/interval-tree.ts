/**
 * Key ranges, to be asked which of them contain a key: an AVL tree ordered by where a range begins, each node knowing the
 * furthest end below it (Cormen et al., "Introduction to Algorithms", chapter 14.3). Equal ranges share one node.
 *
 * Asking costs O(log n + answers) for ranges that do not nest deeply, as prefixes do.
 */
import { compareBytes } from "../bytes.js";

interface TreeNode<T> {
  from: Uint8Array;
  /** Exclusive; undefined reaches to the end of all keys. */
  to: Uint8Array | undefined;
  values: Set<T>;
  left: TreeNode<T> | undefined;
  right: TreeNode<T> | undefined;
  height: number;
  furthest: Uint8Array | undefined;
}

export class IntervalTree<T> {
  #root: TreeNode<T> | undefined = undefined;

  add(from: Uint8Array, to: Uint8Array | undefined, value: T): void {
    this.#root = insert(this.#root, from, to, value);
  }

  /** Nothing happens when the value is not there. */
  delete(from: Uint8Array, to: Uint8Array | undefined, value: T): void {
    const node = find(this.#root, from, to);
    if (node?.values.delete(value) && node.values.size === 0) this.#root = remove(this.#root, from, to);
  }

  /** Calls `visit` with every value whose range contains `key`. */
  visit(key: Uint8Array, visit: (value: T) => void): void {
    visitNode(this.#root, key, visit);
  }

  /** Height of the tree, for the test that it stays balanced. */
  get height(): number {
    return heightOf(this.#root);
  }
}

function visitNode<T>(node: TreeNode<T> | undefined, key: Uint8Array, visit: (value: T) => void): void {
  if (node === undefined || !endsAfter(node.furthest, key)) return;
  visitNode(node.left, key, visit);
  if (compareBytes(node.from, key) > 0) return;
  if (endsAfter(node.to, key)) for (const value of node.values) visit(value);
  visitNode(node.right, key, visit);
}

function find<T>(root: TreeNode<T> | undefined, from: Uint8Array, to: Uint8Array | undefined): TreeNode<T> | undefined {
  let node = root;
  while (node !== undefined) {
    const order = compareRanges(from, to, node);
    if (order === 0) return node;
    node = order < 0 ? node.left : node.right;
  }
  return undefined;
}

function insert<T>(node: TreeNode<T> | undefined, from: Uint8Array, to: Uint8Array | undefined, value: T): TreeNode<T> {
  if (node === undefined) {
    return { from, to, values: new Set([value]), left: undefined, right: undefined, height: 1, furthest: to };
  }
  const order = compareRanges(from, to, node);
  if (order === 0) {
    node.values.add(value);
    return node;
  }
  if (order < 0) node.left = insert(node.left, from, to, value);
  else node.right = insert(node.right, from, to, value);
  return balance(node);
}

function remove<T>(
  node: TreeNode<T> | undefined,
  from: Uint8Array,
  to: Uint8Array | undefined,
): TreeNode<T> | undefined {
  if (node === undefined) return undefined;
  const order = compareRanges(from, to, node);
  if (order < 0) node.left = remove(node.left, from, to);
  else if (order > 0) node.right = remove(node.right, from, to);
  else {
    if (node.left === undefined) return node.right;
    if (node.right === undefined) return node.left;
    // Two children: the next range in order takes this one's place.
    let next = node.right;
    while (next.left !== undefined) next = next.left;
    node.from = next.from;
    node.to = next.to;
    node.values = next.values;
    node.right = remove(node.right, next.from, next.to);
  }
  return balance(node);
}

function balance<T>(node: TreeNode<T>): TreeNode<T> {
  update(node);
  const lean = heightOf(node.left) - heightOf(node.right);
  if (lean > 1) {
    const left = node.left as TreeNode<T>;
    if (heightOf(left.left) < heightOf(left.right)) node.left = rotateLeft(left);
    return rotateRight(node);
  }
  if (lean < -1) {
    const right = node.right as TreeNode<T>;
    if (heightOf(right.right) < heightOf(right.left)) node.right = rotateRight(right);
    return rotateLeft(node);
  }
  return node;
}

function rotateLeft<T>(node: TreeNode<T>): TreeNode<T> {
  const up = node.right as TreeNode<T>;
  node.right = up.left;
  up.left = node;
  update(node);
  update(up);
  return up;
}

function rotateRight<T>(node: TreeNode<T>): TreeNode<T> {
  const up = node.left as TreeNode<T>;
  node.left = up.right;
  up.right = node;
  update(node);
  update(up);
  return up;
}

/** Recomputes what a node knows about those below it. */
function update<T>(node: TreeNode<T>): void {
  node.height = 1 + Math.max(heightOf(node.left), heightOf(node.right));
  node.furthest = node.to;
  for (const child of [node.left, node.right]) {
    if (child !== undefined && compareEnds(child.furthest, node.furthest) > 0) node.furthest = child.furthest;
  }
}

function heightOf<T>(node: TreeNode<T> | undefined): number {
  return node?.height ?? 0;
}

function endsAfter(to: Uint8Array | undefined, key: Uint8Array): boolean {
  return to === undefined || compareBytes(to, key) > 0;
}

function compareRanges<T>(from: Uint8Array, to: Uint8Array | undefined, node: TreeNode<T>): number {
  return compareBytes(from, node.from) || compareEnds(to, node.to);
}

function compareEnds(a: Uint8Array | undefined, b: Uint8Array | undefined): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? 1 : -1;
  return compareBytes(a, b);
}
