/** Pairs by something that is in them: a term leads to the keys of the pairs that have it. Pure; `key-map.ts` keeps it true. */
import type { KeyValue } from "../kv/results.js";

/** The terms under which a pair is found. `undefined` and the empty list: under none. Must depend on the pair alone. */
export type IndexTerms<V> = (kv: KeyValue<V>) => string | readonly string[] | undefined;

export class SecondaryIndex<V> {
  readonly #termsOf: IndexTerms<V>;
  readonly #keys = new Map<string, Set<string>>();

  constructor(termsOf: IndexTerms<V>) {
    this.#termsOf = termsOf;
  }

  terms(kv: KeyValue<V>): readonly string[] {
    const terms = this.#termsOf(kv) ?? [];
    return typeof terms === "string" ? [terms] : terms;
  }

  add(key: string, terms: readonly string[]): void {
    for (const term of terms) {
      const keys = this.#keys.get(term);
      if (keys === undefined) this.#keys.set(term, new Set([key]));
      else keys.add(key);
    }
  }

  remove(key: string, terms: readonly string[]): void {
    for (const term of terms) {
      const keys = this.#keys.get(term);
      keys?.delete(key);
      if (keys?.size === 0) this.#keys.delete(term);
    }
  }

  /** Sorted. */
  keys(term: string): string[] {
    return [...(this.#keys.get(term) ?? [])].sort();
  }
}
