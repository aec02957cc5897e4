/**
 * The calls that hang on each signal. A signal may be that of a whole client with thousands of calls: it gets one listener
 * while there are some, and none is left behind.
 */
import type { Call } from "./call.js";

export class CallAborts {
  /** What is remembered of a signal goes with it. */
  readonly #signals = new WeakMap<AbortSignal, SignalCalls>();

  add(signal: AbortSignal, call: Call): void {
    let calls = this.#signals.get(signal);
    if (calls === undefined) {
      calls = new SignalCalls(signal);
      this.#signals.set(signal, calls);
    }
    calls.add(call);
  }

  remove(signal: AbortSignal, call: Call): void {
    this.#signals.get(signal)?.remove(call);
  }
}

class SignalCalls {
  readonly #signal: AbortSignal;
  readonly #calls = new Set<Call>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(call: Call): void {
    if (this.#calls.size === 0) this.#signal.addEventListener("abort", this);
    this.#calls.add(call);
  }

  remove(call: Call): void {
    if (this.#calls.delete(call) && this.#calls.size === 0) this.#signal.removeEventListener("abort", this);
  }

  handleEvent(): void {
    for (const call of [...this.#calls]) call.cancel(this.#signal.reason);
  }
}
