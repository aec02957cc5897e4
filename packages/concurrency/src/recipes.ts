/**
 * `@kvorum/concurrency/recipes`: what processes build out of locks, counts and queues. Each recipe is a file of `recipes/` with
 * the argument for its correctness at its top.
 */

export type { RecipeCallOptions, RecipeWaitOptions } from "./recipes/arguments.js";
export {
  AtomicCounter,
  type AtomicCounterOptions,
  type CounterSwap,
  type CounterValue,
} from "./recipes/atomic-counter.js";
export { Barrier, type BarrierOptions } from "./recipes/barrier.js";
export { CountDownLatch, type CountDownOptions } from "./recipes/count-down-latch.js";
export type { InstanceChange } from "./recipes/discovery/change.js";
export type { DirectoryOptions, PickOptions, ServiceDirectory } from "./recipes/discovery/directory.js";
export { Discovery, type DiscoveryOptions } from "./recipes/discovery/discovery.js";
export type { EjectionOptions } from "./recipes/discovery/ejections.js";
export type { Endpoint, EndpointInit, Instance } from "./recipes/discovery/endpoint.js";
export { AddressTakenError } from "./recipes/discovery/errors.js";
export type { Registration, RegistrationState } from "./recipes/discovery/registration.js";
export { type RegisterOptions, type RegistryOptions, ServiceRegistry } from "./recipes/discovery/registry.js";
export type { PickContext, Strategy, StrategyName } from "./recipes/discovery/strategy.js";
export { DoubleBarrier, type DoubleBarrierOptions } from "./recipes/double-barrier/double-barrier.js";
export { IdAllocator, type IdAllocatorOptions } from "./recipes/id-allocator.js";
