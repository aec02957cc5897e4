/**
 * A map in key order, whose keys are byte strings (`byteString`): the order of their code units is etcd's order of keys.
 * Strings take a fraction of the memory of a `Uint8Array` each and compare at the speed of `memcmp`.
 *
 * The tree is `sorted-btree`. It is a CommonJS package: its class is a property of the default import.
 */
import sortedBtree from "sorted-btree";

export type OrderedMap<V> = InstanceType<typeof sortedBtree.default<string, V>>;

const BTree: typeof sortedBtree.default = sortedBtree.default;

export function createOrderedMap<V>(): OrderedMap<V> {
  return new BTree<string, V>(undefined, compareStrings);
}

function compareStrings(a: string, b: string): number {
  return a < b ? -1 : a === b ? 0 : 1;
}
