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
export type { DeadLetter } from "./recipes/queue/dead-letters.js";
export { ClaimLostError } from "./recipes/queue/errors.js";
export type { ItemQueue, QueueOptions } from "./recipes/queue/item-queue.js";
export type { AckOptions, Job, NackOptions } from "./recipes/queue/job.js";
export type { DequeueOptions, QueueCallOptions, QueueItem } from "./recipes/queue/line.js";
export { PriorityQueue } from "./recipes/queue/priority-queue.js";
export { Queue } from "./recipes/queue/queue.js";
export type { DeadReason } from "./recipes/queue/work-layout.js";
export {
  type Enqueued,
  type JobsOptions,
  type WorkEnqueueOptions,
  WorkQueue,
  type WorkQueueOptions,
  type WorkQueueStats,
} from "./recipes/queue/work-queue.js";
