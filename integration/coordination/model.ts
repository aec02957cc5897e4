/**
 * What a history of coordination is judged by: each recipe is a pure state machine that says what may happen next. Histories
 * come from real processes, whose clock is the machine's own monotonic one, so that their moments can be compared.
 *
 * Order: a worker notes the moment of a claim ("I hold it", "I lead") before it asks whether the claim is true, and the moment of
 * an end (an unlock, an acknowledgement) after it has stopped to rely on it. So a claim is never noted too late and an end never
 * too early, and two claims that exclude each other are a violation and not a matter of rounding.
 */

/** Something that a worker saw or did. Each recipe adds kinds of its own. */
export interface Happening {
  /** Milliseconds of the machine's monotonic clock, the same for all processes. */
  readonly atMs: number;
  /** Who saw it: unique for each life of each process. */
  readonly worker: string;
  readonly kind: string;
}

/** Why something cannot have happened. */
export class Violation {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

export interface Model<State, Event extends Happening> {
  readonly name: string;
  readonly initial: State;
  /** The state after the event, or why it cannot come now. Pure. */
  step(state: State, event: Event): State | Violation;
  /** What is wrong with ending like this, once every worker has stopped and every lease has run out. */
  atRest?(state: State): Violation | undefined;
}

export interface Verdict {
  readonly events: number;
  /** Undefined where all is well. */
  readonly violation: string | undefined;
}

/** Plays the events in the order of their moments. Those of one moment stay in the order given. */
export function judge<State, Event extends Happening>(model: Model<State, Event>, events: readonly Event[]): Verdict {
  const inOrder = [...events].sort((a, b) => a.atMs - b.atMs);
  let state = model.initial;
  for (const [index, event] of inOrder.entries()) {
    const next = model.step(state, event);
    if (next instanceof Violation) {
      const at = `${model.name}: event ${index} of ${event.worker} at ${event.atMs.toFixed(3)} ms`;
      return { events: inOrder.length, violation: `${at}: ${next.message}` };
    }
    state = next;
  }
  return { events: inOrder.length, violation: model.atRest?.(state)?.message };
}

/** Milliseconds of the clock that all processes of this machine share. */
export function sharedNowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
