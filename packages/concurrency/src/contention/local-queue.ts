/**
 * The queue inside the process, in front of the one in etcd. All contenders of one session share one key, so they must take
 * turns before they get there (etcd issue 11360: two mutexes on one session both acquire); and a process that wants a lock a
 * thousand times needs one place in the queue, not a thousand.
 */

/** The right to contend. Freeing it twice is the same as once. */
export interface Slot {
  free(): void;
}

/** Of those who need not take turns. */
export const NO_SLOT: Slot = { free: () => undefined };

/** One line for each name, first come, first served. */
export class LocalQueue {
  /** Of every name that is taken: who waits for it. */
  readonly #waiting = new Map<string, ((slot: Slot) => void)[]>();

  /** Rejects with the signal's reason, and then leaves nobody in the line. */
  take(name: string, signal: AbortSignal): Promise<Slot> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const slot = this.tryTake(name);
      if (slot !== undefined) {
        resolve(slot);
        return;
      }
      const line = this.#waiting.get(name) ?? [];
      const enter = (given: Slot): void => {
        signal.removeEventListener("abort", onAbort);
        resolve(given);
      };
      const onAbort = (): void => {
        line.splice(line.indexOf(enter), 1);
        reject(signal.reason);
      };
      line.push(enter);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** Undefined where somebody has it. */
  tryTake(name: string): Slot | undefined {
    if (this.#waiting.has(name)) return undefined;
    this.#waiting.set(name, []);
    return this.#slot(name);
  }

  #slot(name: string): Slot {
    let freed = false;
    return {
      free: () => {
        if (freed) return;
        freed = true;
        const next = this.#waiting.get(name)?.shift();
        if (next === undefined) this.#waiting.delete(name);
        else next(this.#slot(name));
      },
    };
  }
}

// Not state of the module but of each client, kept here because the client knows nothing of locks: it lives and goes with
// the client, and sessions of one client find the same one.
const queues = new WeakMap<object, LocalQueue>();

/** The queue that everything on this client shares. */
export function localQueueOf(client: object): LocalQueue {
  const queue = queues.get(client) ?? new LocalQueue();
  queues.set(client, queue);
  return queue;
}
