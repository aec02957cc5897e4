/**
 * What the checkers say of everything that was recorded in one run. A new checker joins the list here: each gets all that was
 * recorded and the timeline on which the witnesses agree.
 */
import { checkHistory } from "../checker/check.js";
import { describeViolation } from "../checker/violation.js";
import { checkWatches } from "../checker/watch-check.js";
import { checkInWindows } from "../checker/wgl.js";
import type { Recorded } from "./run-seed.js";

/** Counts of one run, for a campaign to add up. */
export interface Figures {
  readonly operations: number;
  readonly acknowledged: number;
  readonly unknown: number;
  readonly unknownApplied: number;
  readonly revisions: number;
  readonly watchSessions: number;
  readonly watchEvents: number;
  /** Calls whose order was searched for without looking at revisions, and the parts in which the search gave up. */
  readonly searched: number;
  readonly undecided: number;
}

export const NO_FIGURES: Figures = {
  ...{ operations: 0, acknowledged: 0, unknown: 0, unknownApplied: 0 },
  ...{ revisions: 0, watchSessions: 0, watchEvents: 0, searched: 0, undecided: 0 },
};

export interface Judgement {
  /** The first; what follows it often is its echo. */
  readonly violation: { readonly kind: string; readonly text: string } | undefined;
  readonly figures: Figures;
}

export function judge({ history, sessions }: Recorded): Judgement {
  const { violations, figures, timeline } = checkHistory(history);
  const search = checkInWindows(history.operations);
  const all = [...violations, ...checkWatches(sessions, timeline), ...search.violations];
  const [first] = all;
  const text = first === undefined ? "" : `${describeViolation(first)}\n(${all.length} violations in all)`;
  return {
    violation: first === undefined ? undefined : { kind: first.rule, text },
    figures: {
      ...figures,
      watchSessions: sessions.length,
      watchEvents: history.feeds.reduce((sum, { events }) => sum + events.length, 0),
      ...{ searched: search.figures.calls, undecided: search.figures.undecided },
    },
  };
}
