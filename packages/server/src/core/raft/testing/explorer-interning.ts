/**
 * Numbers for things that compare by content, and the numbers they would have if the members' ids were exchanged. Members
 * do not differ but by their ids, so of states that are equal up to an exchange the explorer visits one (symmetry
 * reduction). The exchange is done on the plain text of a state, never on the running code.
 */
import { plain } from "../inspect.js";

export type Permutation = ReadonlyMap<string, string>;

export class Interning {
  readonly #numbers: Map<string, number> = new Map();
  readonly #permutations: readonly Permutation[];
  /** For each number of a thing seen: its number under each permutation. */
  readonly #images: (readonly number[] | undefined)[] = [];

  /** `alike` are the members that may be exchanged: those that the exploration does not name. */
  constructor(ids: readonly bigint[], alike: readonly bigint[]) {
    const fixed = ids.filter((id) => !alike.includes(id)).map((id) => [String(id), String(id)] as const);
    this.#permutations = permutationsOf(alike.map(String)).map((exchange) => new Map([...fixed, ...exchange]));
  }

  get permutations(): readonly Permutation[] {
    return this.#permutations;
  }

  /**
   * The number of a thing in whose plain text nothing looks like an id that is none; `known` tells whether it was there
   * before.
   */
  number(thing: unknown): { readonly number: number; readonly known: boolean } {
    const plainThing = plain(thing);
    const text = JSON.stringify(canonical(plainThing, undefined));
    const before = this.#numbers.get(text);
    const number = before ?? this.#add(text);
    if (this.#images[number] !== undefined) return { number, known: true };
    this.#images[number] = this.#permutations.map((permutation) => {
      const image = JSON.stringify(canonical(plainThing, permutation));
      return this.#numbers.get(image) ?? this.#add(image);
    });
    return { number, known: false };
  }

  /** The number of the thing after the `permutation`-th exchange of ids. */
  image(number: number, permutation: number): number {
    return (this.#images[number] as readonly number[])[permutation] as number;
  }

  #add(text: string): number {
    const number = this.#numbers.size;
    this.#numbers.set(text, number);
    return number;
  }
}

/** With the ids exchanged, and what is a set of members in an order of its own. */
function canonical(value: unknown, permutation: Permutation | undefined): unknown {
  if (typeof value === "string") return permutation?.get(value) ?? value;
  if (Array.isArray(value)) {
    const mapped = value.map((content) => canonical(content, permutation));
    return value.length > 1 && value.every(isKeyedById) ? mapped.sort(byKey) : mapped;
  }
  if (typeof value !== "object" || value === null) return value;
  const result: Record<string, unknown> = {};
  for (const [key, content] of Object.entries(value)) result[key] = canonical(content, permutation);
  return result;
}

function isKeyedById(value: unknown): boolean {
  const key = Array.isArray(value) ? value[0] : value;
  return typeof key === "string" && /^\d$/.test(key);
}

function byKey(a: unknown, b: unknown): number {
  const [left, right] = [a, b].map((value) => String(Array.isArray(value) ? value[0] : value)) as [string, string];
  return left < right ? -1 : left > right ? 1 : 0;
}

function permutationsOf(ids: readonly string[]): readonly Permutation[] {
  const orders = ids.length === 0 ? [[]] : ids.flatMap((id) => orderings(id, ids));
  return orders.map((order) => new Map(ids.map((id, i) => [id, order[i] as string])));
}

function orderings(first: string, ids: readonly string[]): readonly (readonly string[])[] {
  const rest = ids.filter((id) => id !== first);
  if (rest.length === 0) return [[first]];
  return rest.flatMap((next) => orderings(next, rest).map((order) => [first, ...order]));
}
