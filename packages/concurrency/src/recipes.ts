/**
 * `@kvorum/concurrency/recipes`: what processes build out of locks, counts and queues. Each recipe is a file of `recipes/` with
 * the argument for its correctness at its top.
 */

export {
  AtomicCounter,
  type AtomicCounterOptions,
  type CounterSwap,
  type CounterValue,
} from "./recipes/atomic-counter.js";
export type { RecipeCallOptions } from "./recipes/conflicts.js";
