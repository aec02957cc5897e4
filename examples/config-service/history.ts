/** The last changes, accepted and refused, and whoever wants to hear of new ones. */
import type { ConfigKey } from "./schema.js";

export interface Change {
  /** Counts up from 1 while the service runs. */
  readonly id: number;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly outcome: "accepted" | "refused";
  /** `request`: refused before it was written. `etcd`: seen in the store, whoever wrote it. */
  readonly seen: "request" | "etcd";
  /** The revision of the change; null for what was never written. */
  readonly revision: number | null;
  /** `to` is null where the key was deleted. */
  readonly keys: readonly { readonly key: ConfigKey; readonly from: string | null; readonly to: string | null }[];
  /** Why it was refused. */
  readonly reason?: string;
}

export type Listener = (change: Change) => void;

const CHANGES_MAX = 100;

export class History {
  readonly #changes: Change[] = [];
  readonly #listeners = new Set<Listener>();
  #lastId = 0;

  /** Newest first. */
  get changes(): readonly Change[] {
    return this.#changes;
  }

  add(change: Omit<Change, "id" | "atMs">): void {
    this.#lastId += 1;
    const entry = { id: this.#lastId, atMs: Date.now(), ...change };
    this.#changes.unshift(entry);
    if (this.#changes.length > CHANGES_MAX) this.#changes.pop();
    for (const listener of this.#listeners) listener(entry);
  }

  /** Returns the function that ends it. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
