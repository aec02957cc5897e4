/**
 * One listener on an owner's signal for all watches that were given it. A signal that lives as long as the process may be
 * given to thousands of them: Node warns of a leak from the eleventh listener on, and adding one takes time in proportion
 * to those that are there.
 */

interface Fan {
  readonly actions: Set<() => void>;
  readonly listener: () => void;
}

export class AbortFan {
  readonly #fans = new WeakMap<AbortSignal, Fan>();

  /** Calls `action` once when the signal aborts; the answer takes it back. The signal must not have aborted yet. */
  add(signal: AbortSignal, action: () => void): () => void {
    const fan = this.#fans.get(signal) ?? this.#start(signal);
    fan.actions.add(action);
    return () => {
      if (fan.actions.delete(action) && fan.actions.size === 0) this.#stop(signal, fan);
    };
  }

  #start(signal: AbortSignal): Fan {
    const actions = new Set<() => void>();
    const fan = {
      actions,
      listener: () => {
        this.#stop(signal, fan);
        for (const action of actions) action();
      },
    };
    this.#fans.set(signal, fan);
    signal.addEventListener("abort", fan.listener, { once: true });
    return fan;
  }

  #stop(signal: AbortSignal, fan: Fan): void {
    signal.removeEventListener("abort", fan.listener);
    if (this.#fans.get(signal) === fan) this.#fans.delete(signal);
  }
}
