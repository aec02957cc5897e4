/** What a directory reports: the changes of its keys, in the words of instances. */
import type { Change } from "@kvorum/client";
import { unlessAborted } from "../../interrupt.js";
import { type Endpoint, type Instance, instanceOf } from "./endpoint.js";

export type InstanceChange<M = unknown> =
  | { readonly type: "added"; readonly instance: Instance<M> }
  /** It says something else of itself, or was registered again meanwhile: then its `createRevision` is another. */
  | { readonly type: "updated"; readonly instance: Instance<M>; readonly previous: Instance<M> }
  | { readonly type: "removed"; readonly previous: Instance<M> };

/** Undefined for a key that is none of the service's instances. */
export function toInstanceChange<M>(service: string, change: Change<Endpoint<M>>): InstanceChange<M> | undefined {
  const instance = change.type === "removed" ? undefined : instanceOf(service, change.kv);
  const previous = change.type === "added" ? undefined : instanceOf(service, change.previous);
  if (instance === undefined) return previous && { type: "removed", previous };
  return previous === undefined ? { type: "added", instance } : { type: "updated", instance, previous };
}

type Source<M> = AsyncIterator<Change<Endpoint<M>>, undefined, undefined>;

/** The changes of a cache that may have to be opened first. Leaving, aborting and closing end it, also before it was begun. */
export class InstanceChanges<M> implements AsyncIterableIterator<InstanceChange<M>, undefined, undefined> {
  readonly #service: string;
  readonly #source: Promise<Source<M>>;
  readonly #stop = new AbortController();
  readonly #forgetSignal: () => void;

  /** `open` is given the signal that ends what it opens. */
  constructor(
    service: string,
    open: (signal: AbortSignal) => Source<M> | Promise<Source<M>>,
    signal: AbortSignal | undefined,
  ) {
    this.#service = service;
    const onAbort = (): void => this.#stop.abort(signal?.reason);
    this.#forgetSignal = () => signal?.removeEventListener("abort", onAbort);
    if (signal?.aborted) onAbort();
    else signal?.addEventListener("abort", onAbort, { once: true });
    this.#source = Promise.resolve(open(this.#stop.signal));
    // Whoever asks for a change is told.
    this.#source.catch(() => undefined);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<InstanceChange<M>, undefined>> {
    try {
      const source = await unlessAborted(this.#source, this.#stop.signal);
      for (;;) {
        const { done, value } = await source.next();
        if (done) break;
        const change = toInstanceChange(this.#service, value);
        if (change !== undefined) return { done: false, value: change };
      }
    } catch (error) {
      const ended = this.#stop.signal.aborted || isClosed(error);
      this.#end();
      if (!ended) throw error;
    }
    this.#end();
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<InstanceChange<M>, undefined>> {
    this.#end();
    return { done: true, value: undefined };
  }

  #end(): void {
    this.#forgetSignal();
    this.#stop.abort();
  }
}

function isClosed(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
