/**
 * A semaphore as it may be seen from outside. The token of an acquisition is the revision that created its place in the line.
 * What is known of an acquisition is the span from its first claim to its last: all that time it believed to hold.
 *
 * The sentences, each of which has a history that breaks it in `semaphore.test.ts`:
 * 1. At no moment do those who believe to hold have more permits together than there are.
 * 2. Nobody is passed: when an acquisition begins, its permits and those of all places before it that hold then or later are within
 *    the limit. A place that is still to be served was there before, and counts.
 * 3. A token is one worker's and has one number of permits, from 1 to the limit.
 */
import { type Happening, type Model, Violation } from "../model.js";

/** "I hold them": `atMs` is read before `held` is asked, and the event is noted only if the answer is yes. */
export interface SemaphoreEvent extends Happening {
  readonly kind: "claim";
  readonly permits: number;
  readonly token: bigint;
}

/** All claims, the last one first. */
export interface SemaphoreState {
  readonly claim: SemaphoreEvent;
  readonly earlier: SemaphoreState | undefined;
}

interface Span {
  readonly token: bigint;
  readonly worker: string;
  readonly permits: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

export function semaphoreModel(limit: number): Model<SemaphoreState | undefined, SemaphoreEvent> {
  return {
    name: "semaphore",
    initial: undefined,
    step(state, claim) {
      const { permits, token } = claim;
      if (permits >= 1 && permits <= limit) return { claim, earlier: state };
      return new Violation(`it claims ${permits} permits of ${limit} with token ${token}`);
    },
    // Only the last claim of a place says how long it held.
    atRest(state) {
      const spans = spansOf(state);
      if (spans instanceof Violation) return spans;
      return tooMany(spans, limit) ?? passed(spans, limit);
    },
  };
}

/** In the order of first claims. */
function spansOf(state: SemaphoreState | undefined): readonly Span[] | Violation {
  const spans = new Map<bigint, Span>();
  // From the last claim to the first.
  for (let at = state; at !== undefined; at = at.earlier) {
    const { atMs, permits, token, worker } = at.claim;
    const later = spans.get(token);
    if (later !== undefined && (later.worker !== worker || later.permits !== permits)) {
      const [one, other] = [`${worker} with ${permits}`, `${later.worker} with ${later.permits}`];
      return new Violation(`token ${token} is claimed by ${one} permits and by ${other}`);
    }
    spans.set(token, { token, worker, permits, firstMs: atMs, lastMs: later?.lastMs ?? atMs });
  }
  return [...spans.values()].sort((a, b) => a.firstMs - b.firstMs);
}

/** The sum can only pass the limit when somebody begins. */
function tooMany(spans: readonly Span[], limit: number): Violation | undefined {
  let holding: Span[] = [];
  for (const span of spans) {
    holding = [...holding.filter(({ lastMs }) => lastMs >= span.firstMs), span];
    const sum = total(holding);
    if (sum > limit) return new Violation(`${sum} of ${limit} permits are held when ${named(span)} begins`);
  }
  return undefined;
}

function passed(spans: readonly Span[], limit: number): Violation | undefined {
  for (const span of spans) {
    const before = spans.filter(({ lastMs, token }) => token < span.token && lastMs >= span.firstMs);
    const sum = total(before) + span.permits;
    if (sum > limit) {
      return new Violation(`${named(span)} begins before ${before.map(named).join(", ")}: ${sum} of ${limit} permits`);
    }
  }
  return undefined;
}

function total(spans: readonly Span[]): number {
  return spans.reduce((sum, { permits }) => sum + permits, 0);
}

function named({ token, worker }: Span): string {
  return `token ${token} of ${worker}`;
}
