/**
 * Which of several instances gets the next call. A strategy is a function, so that a service may have its own; the named ones
 * are what is commonly wanted.
 */
import type { Instance } from "./endpoint.js";

/** What a strategy may know, beside the candidates. */
export interface PickContext<M> {
  /** What the call is about, for strategies that keep equal keys together. */
  readonly key: string | undefined;
  /** The instance that was picked last, by its key. */
  readonly last: string | undefined;
  /** Calls that are under way to it from this process, as far as they are tracked. */
  pending(instance: Instance<M>): number;
  /** In [0, 1). */
  random(): number;
}

/** `candidates` are at least one, in the order of their keys; the answer is one of them. */
export type Strategy<M = unknown> = (candidates: readonly Instance<M>[], context: PickContext<M>) => Instance<M>;

/**
 * - `round-robin`: one after the other, in the order of their keys.
 * - `random`: each as likely as any other.
 * - `least-pending`: the one with the fewest calls under way that are tracked; by chance among equals.
 * - `rendezvous`: equal `key`s to the same instance, as long as it is there; when one leaves, only its keys move.
 */
export type StrategyName = "round-robin" | "random" | "least-pending" | "rendezvous";

/** Errors: `TypeError` of a name that there is not. */
export function strategyOf<M>(strategy: StrategyName | Strategy<M>): Strategy<M> {
  if (typeof strategy === "function") return strategy;
  const named = Object.hasOwn(NAMED, strategy) ? NAMED[strategy] : undefined;
  if (named !== undefined) return named;
  const names = Object.keys(NAMED).map((name) => JSON.stringify(name));
  throw new TypeError(`strategy must be a function or one of ${names.join(", ")}, not ${JSON.stringify(strategy)}`);
}

const NAMED: Readonly<Record<StrategyName, <M>(of: readonly Instance<M>[], context: PickContext<M>) => Instance<M>>> = {
  // By the key of the last one and not by a count, so that one that comes or goes does not make others wait twice.
  "round-robin": (candidates, { last = "" }) => candidates.find(({ key }) => key > last) ?? first(candidates),
  random: (candidates, { random }) => oneOf(candidates, random),
  "least-pending": (candidates, { pending, random }) => {
    const least = Math.min(...candidates.map(pending));
    return oneOf(
      candidates.filter((instance) => pending(instance) === least),
      random,
    );
  },
  rendezvous: (candidates, { key }) => {
    if (key === undefined) throw new TypeError("the rendezvous strategy needs the key of the call");
    const scored = candidates.map((instance) => ({ instance, score: hash(`${instance.key}\0${key}`) }));
    return scored.reduce((best, each) => (each.score > best.score ? each : best)).instance;
  },
};

function oneOf<T>(candidates: readonly T[], random: () => number): T {
  return candidates[Math.floor(random() * candidates.length)] ?? first(candidates);
}

function first<T>(candidates: readonly T[]): T {
  const [one] = candidates;
  if (one === undefined) throw new RangeError("there is nothing to pick from");
  return one;
}

/** FNV-1a over UTF-16 units, then mixed: similar texts differ in the upper bits too, which the comparison looks at. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
