/**
 * The deadlines of many calls behind one timer. Deadlines that lie close together share a moment, and moments stand in a
 * heap, so that setting and clearing one costs a few operations however many there are, and a server without calls never
 * wakes up.
 *
 * A deadline is rounded up to a multiple of about a thousandth of its timeout: it comes that much late, and never early. So
 * there are only some thousands of moments, whatever the calls ask for.
 */

/** Told when its time is over. */
export interface Expiring {
  expired(): void;
}

/** What `set` gives and `clear` takes. */
export interface Deadline {
  readonly momentMs: number;
  readonly owner: Expiring;
}

/** Parts that a timeout is rounded to. */
const PARTS = 1_024;
/** Shortest time between two moments, in milliseconds. */
const STEP_MS_MIN = 1;
/** Node fires timers of a longer time at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export class Deadlines {
  readonly #moments = new Map<number, Set<Deadline>>();
  /** A binary heap of the moments, the next one first. One that nobody waits for any more stays until it has come. */
  readonly #heap: number[] = [];
  #timer: NodeJS.Timeout | undefined;
  #timerMs = Number.POSITIVE_INFINITY;

  /** Calls `expired` of the owner once the time is over, unless it is cleared before. */
  set(timeoutMs: number, owner: Expiring): Deadline {
    const stepMs = 2 ** Math.ceil(Math.log2(Math.max(STEP_MS_MIN, timeoutMs / PARTS)));
    const momentMs = Math.ceil((performance.now() + timeoutMs) / stepMs) * stepMs;
    const deadline = { momentMs, owner };
    const waiting = this.#moments.get(momentMs);
    if (waiting !== undefined) waiting.add(deadline);
    else {
      this.#moments.set(momentMs, new Set([deadline]));
      push(this.#heap, momentMs);
      if (momentMs < this.#timerMs) this.#wait();
    }
    return deadline;
  }

  clear(deadline: Deadline): void {
    this.#moments.get(deadline.momentMs)?.delete(deadline);
  }

  /** Forgets them all. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timerMs = Number.POSITIVE_INFINITY;
    this.#moments.clear();
    this.#heap.length = 0;
  }

  #wait(): void {
    clearTimeout(this.#timer);
    this.#timerMs = this.#heap[0] ?? Number.POSITIVE_INFINITY;
    if (this.#timerMs === Number.POSITIVE_INFINITY) return;
    const leftMs = Math.min(TIMER_MS_MAX, Math.max(0, this.#timerMs - performance.now()));
    this.#timer = setTimeout(() => this.#fire(), leftMs);
    // A call keeps its connection, and that the process; a deadline alone does not.
    this.#timer.unref();
  }

  #fire(): void {
    const nowMs = performance.now();
    for (let [momentMs] = this.#heap; momentMs !== undefined && momentMs <= nowMs; [momentMs] = this.#heap) {
      pop(this.#heap);
      const waiting = this.#moments.get(momentMs);
      this.#moments.delete(momentMs);
      for (const { owner } of waiting ?? []) owner.expired();
    }
    this.#wait();
  }
}

function push(heap: number[], value: number): void {
  let at = heap.push(value) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if ((heap[parent] as number) <= value) break;
    heap[at] = heap[parent] as number;
    at = parent;
  }
  heap[at] = value;
}

/** Removes the smallest. */
function pop(heap: number[]): void {
  const value = heap.pop();
  if (value === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && (heap[child + 1] as number) < (heap[child] as number)) child += 1;
    if ((heap[child] as number) >= value) break;
    heap[at] = heap[child] as number;
    at = child;
  }
  heap[at] = value;
}
