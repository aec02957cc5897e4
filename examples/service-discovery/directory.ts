/** Who is there, answered from memory: a view of all instances that a watch keeps current. */
import { type ListResult, prefix, type Store, type WatchBatch } from "@kvorum/client";
import { follow, type View } from "../shared/follow.js";
import type { Service } from "./service.js";

export class Directory implements View<Service> {
  readonly #store: Store<Service>;
  readonly #services = new Map<string, Service>();

  constructor(store: Store<Service>) {
    this.#store = store;
  }

  /** Follows the store until the signal aborts. */
  run(signal: AbortSignal): Promise<void> {
    return follow(this.#store, prefix(""), this, signal);
  }

  /** Instances of one type, or all, in the order of their keys. */
  find(type?: string): Service[] {
    const all = [...this.#services].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, service]) => service);
    return type === undefined ? all : all.filter((service) => service.type === type);
  }

  reset(all: ListResult<Service>): void {
    this.#services.clear();
    for (const { key, value } of all.kvs) this.#services.set(key, value);
  }

  apply(batch: WatchBatch<Service>): void {
    for (const event of batch.events) {
      if (event.type === "put") this.#services.set(event.kv.key, event.kv.value);
      if (event.type === "delete") this.#services.delete(event.key);
    }
  }
}
