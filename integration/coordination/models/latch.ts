/**
 * What histories of a latch are judged by. Nobody passes before as much has been counted as it was made for, and what is left
 * lies between what it would be with every count that has begun and with only those that were acknowledged. A participant
 * that counts again counts once.
 */
import { type Happening, type Model, Violation } from "../model.js";

export interface LatchEvent extends Happening {
  /**
   * `counting`: before the call. `counted`: after it, with what is left. `read`: what is left, while nobody counts. `passed`:
   * after the wait.
   */
  readonly kind: "counting" | "counted" | "read" | "passed";
  /** By how much, or what is left; 0 for `passed`. */
  readonly amount: number;
  /** Of `counting` and `counted`. */
  readonly participant?: string;
}

interface LatchState {
  readonly begun: ReadonlyMap<string, number>;
  readonly certain: ReadonlyMap<string, number>;
  /** By participant: what is left at most after the count that is on its way. */
  readonly most: ReadonlyMap<string, number>;
  readonly passed: boolean;
}

export function latchModel(count: number): Model<LatchState, LatchEvent> {
  const left = (counts: ReadonlyMap<string, number>): number =>
    Math.max(
      0,
      [...counts.values()].reduce((rest, by) => rest - by, count),
    );
  return {
    name: "latch",
    initial: { begun: new Map(), certain: new Map(), most: new Map(), passed: false },
    step(state, { kind, amount, participant = "" }) {
      switch (kind) {
        case "counting": {
          const most = left(new Map(state.certain).set(participant, amount));
          return {
            ...state,
            begun: new Map(state.begun).set(participant, amount),
            most: new Map(state.most).set(participant, most),
          };
        }
        case "counted":
        case "read": {
          const by = kind === "counted" ? state.begun.get(participant) : undefined;
          if (kind === "counted" && by === undefined) return new Violation("an answer without a question");
          const most = by === undefined ? left(state.certain) : (state.most.get(participant) ?? count);
          if (amount < left(state.begun)) return new Violation(`${amount} is left: something counted twice`);
          if (amount > most) return new Violation(`${amount} is left: a count was lost`);
          if (state.passed && amount > 0 && kind === "read") {
            return new Violation(`${amount} is left after somebody passed`);
          }
          return by === undefined ? state : { ...state, certain: new Map(state.certain).set(participant, by) };
        }
        case "passed":
          if (left(state.begun) > 0) return new Violation(`passed when at least ${left(state.begun)} were left`);
          return { ...state, passed: true };
      }
    },
  };
}
