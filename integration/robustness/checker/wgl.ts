/**
 * Is a history of etcd operations linearizable? Here the order of effects is searched for and no revision is believed, so the
 * verdict is independent of that of `check.ts`, which reads the order off. An answer is: there is an order, there is none (with the
 * call that has no place in any), or the search was given up after so many steps. The last is never taken for the first.
 *
 * 1. Operations become calls (`calls.ts`); values are given names (`labels.ts`).
 * 2. Calls that share no keys are judged apart (`partition.ts`), long histories window by window (`windows.ts`).
 * 3. Each window is searched (`wgl-search.ts`) over sets of possible states (`kv-states.ts`).
 * 4. Where there is no order, the first answer is found that makes it so (`wgl-stuck.ts`).
 *
 * Relies on: values with one writer where revisions are compared; leases may end at any time. Not judged: reads from one
 * member's own state or of an old revision, which claim no place in time, and header, mod and create revisions as an order.
 */
import { type Call, callsOf } from "./calls.js";
import type { KeyValue, Operation } from "./history.js";
import { Labels } from "./labels.js";
import { partsOf } from "./partition.js";
import type { Violation } from "./violation.js";
import { checkPart, type PartResult } from "./wgl-part.js";
import { findStuck } from "./wgl-stuck.js";
import { WINDOW_CALLS_MAX } from "./windows.js";

export interface WglOptions {
  /** Calls tried in a state, for each window; more make the verdict "undecided". Default 200,000: about a second. */
  readonly stepsMax?: number;
  /** What the store held at the beginning. Default: nothing. */
  readonly initial?: readonly KeyValue[];
}

export interface WindowVerdict {
  /** The worst of what was found in any part: a violation, then "undecided". */
  readonly outcome: "linearizable" | "violation" | "undecided";
  /** Of rule `not-linearizable` (the first witness is the operation that has no place) or `contradiction`. */
  readonly violations: readonly Violation[];
  /** For each violation of rule `not-linearizable`: the longest order of its window up to that operation. */
  readonly prefixes: readonly (readonly Operation[])[];
  readonly figures: {
    /** Operations with a place in time. */
    readonly calls: number;
    readonly parts: number;
    readonly windows: number;
    /** Parts that were given up; what comes after the window in question is not judged. */
    readonly undecided: number;
    readonly steps: number;
  };
}

const STEPS_MAX = 200_000;

/** Judges the operations in one piece. Made for at most `WINDOW_CALLS_MAX`; more only take longer. */
export function checkWindow(operations: readonly Operation[], options: WglOptions = {}): WindowVerdict {
  return checkInWindows(operations, { ...options, windowCallsMax: Number.POSITIVE_INFINITY });
}

/** The same verdict for a history of any length, window by window. `windowCallsMax`: default 2,000. */
export function checkInWindows(
  operations: readonly Operation[],
  options: WglOptions & { readonly windowCallsMax?: number } = {},
): WindowVerdict {
  const { stepsMax = STEPS_MAX, initial = [], windowCallsMax = WINDOW_CALLS_MAX } = options;
  const labels = new Labels(operations, initial);
  const parts = partsOf(callsOf(operations, initial));
  const results: PartResult[] = [];
  const stuck: { readonly violation: Violation; readonly prefix: readonly Operation[] }[] = [];
  for (const calls of parts) {
    const limits = { initial: initial.filter((kv) => touches(calls, kv)), stepsMax, windowCallsMax };
    const result = checkPart({ ...limits, calls, labels });
    results.push(result);
    if (result.kind === "stuck") stuck.push(findStuck({ calls, limits, found: result }));
  }
  const violations = [...labels.violations, ...stuck.map(({ violation }) => violation)];
  const undecided = results.filter(({ kind }) => kind === "undecided").length;
  return {
    outcome: violations.length > 0 ? "violation" : undecided > 0 ? "undecided" : "linearizable",
    violations,
    prefixes: stuck.map(({ prefix }) => prefix),
    figures: {
      ...{ calls: sum(parts.map(({ length }) => length)), parts: parts.length, undecided },
      ...{ windows: sum(results.map(({ windows }) => windows)), steps: sum(results.map(({ steps }) => steps)) },
    },
  };
}

function touches(calls: readonly Call[], { key }: KeyValue): boolean {
  return calls.some(({ spans }) => spans.some((span) => span.key <= key && key < span.end));
}

function sum(list: readonly number[]): number {
  return list.reduce((total, one) => total + one, 0);
}
