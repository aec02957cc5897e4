/**
 * Which instances are passed over because calls to them failed, and for how long. Pure: time is given. An instance is out after
 * some failures in a row; when its time is over it is tried again, and one more failure puts it out for twice as long. Never
 * more than a share of all instances is out at once, and never the last one: when everything seems broken, it is more likely
 * that the caller is (Envoy and gRPC call this outlier detection).
 */

export interface EjectionOptions {
  /** Failures in a row after which an instance is passed over. Default 3. */
  readonly failures?: number;
  /** Milliseconds for which it is at first; doubles each time until a call succeeds. Default 5,000. */
  readonly baseMs?: number;
  /** The longest, in milliseconds. Default 60,000. */
  readonly capMs?: number;
  /** How much of all instances can be out at once, 0 to 1. Default 0.5. */
  readonly share?: number;
}

interface Standing {
  failures: number;
  /** How often it has been out since the last success. */
  times: number;
  untilMs: number;
}

export class Ejections {
  readonly #failures: number;
  readonly #baseMs: number;
  readonly #capMs: number;
  readonly #share: number;
  readonly #records = new Map<string, Standing>();

  /** Errors: `RangeError`. */
  constructor({ failures = 3, baseMs = 5_000, capMs = 60_000, share = 0.5 }: EjectionOptions = {}) {
    if (!Number.isSafeInteger(failures) || failures < 1) {
      throw new RangeError(`ejection.failures must be a whole number of at least 1, not ${failures}`);
    }
    for (const [name, ms] of Object.entries({ baseMs, capMs })) {
      if (!(Number.isFinite(ms) && ms > 0)) throw new RangeError(`ejection.${name} must be above 0, not ${ms}`);
    }
    if (!(share >= 0 && share <= 1)) throw new RangeError(`ejection.share must be from 0 to 1, not ${share}`);
    this.#failures = failures;
    this.#baseMs = baseMs;
    this.#capMs = capMs;
    this.#share = share;
  }

  failed(id: string, nowMs: number): void {
    const record = this.#records.get(id) ?? { failures: 0, times: 0, untilMs: 0 };
    this.#records.set(id, record);
    // Answers to calls that were sent before it was put out say nothing new.
    if (record.untilMs > nowMs) return;
    record.failures += 1;
    if (record.times === 0 && record.failures < this.#failures) return;
    record.untilMs = nowMs + Math.min(this.#capMs, this.#baseMs * 2 ** record.times);
    record.times += 1;
  }

  succeeded(id: string): void {
    this.#records.delete(id);
  }

  /** Which of all instances are out now. Those whose time is over first are in again where there are too many. */
  out(ids: readonly string[], nowMs: number): ReadonlySet<string> {
    const found = ids.map((id) => ({ id, untilMs: this.#records.get(id)?.untilMs ?? 0 }));
    const out = found.filter(({ untilMs }) => untilMs > nowMs).sort((a, b) => b.untilMs - a.untilMs);
    const most = Math.min(ids.length - 1, Math.floor(ids.length * this.#share));
    return new Set(out.slice(0, Math.max(0, most)).map(({ id }) => id));
  }

  /** Forgets those that are not among them, so that what is remembered is bounded by what there is. */
  retain(ids: ReadonlySet<string>): void {
    for (const id of this.#records.keys()) {
      if (!ids.has(id)) this.#records.delete(id);
    }
  }
}
