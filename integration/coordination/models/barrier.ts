/**
 * What histories of barriers are judged by: a gate that one holds and others wait at, and a barrier that a number of
 * participants enter and leave together.
 */
import { type Happening, type Model, Violation } from "../model.js";

export interface GateEvent extends Happening {
  /**
   * `held`: after it was closed. `releasing`: before it is opened. `waiting`: before the wait. `passed`: after it.
   * `died`: the holder's end, before it.
   */
  readonly kind: "held" | "releasing" | "waiting" | "passed" | "died";
}

interface GateState {
  /** Certain to be closed. */
  readonly closed: boolean;
  /** Those who wait and cannot have found it open yet. */
  readonly blocked: ReadonlySet<string>;
}

export const gateModel: Model<GateState, GateEvent> = {
  name: "barrier",
  initial: { closed: false, blocked: new Set() },
  step(state, { kind, worker }) {
    switch (kind) {
      case "held":
        return { ...state, closed: true };
      case "releasing":
      case "died":
        return { closed: false, blocked: new Set() };
      case "waiting":
        return state.closed ? { ...state, blocked: new Set(state.blocked).add(worker) } : state;
      case "passed":
        return state.blocked.has(worker) ? new Violation("passed while the barrier was closed all the time") : state;
    }
  },
};

export interface RoundEvent extends Happening {
  /**
   * `arriving`: before `enter`. `entered`: after it. `refused`, `gone`: after it failed. `leaving`: before `leave`. `left`:
   * after it. `died`: before the end of the process.
   */
  readonly kind: "arriving" | "entered" | "refused" | "gone" | "leaving" | "left" | "died";
  /** Which round, counted by the worker itself. */
  readonly round: number;
}

type Phase = "arriving" | "entered" | "leaving" | "left" | "died";

type RoundState = ReadonlyMap<number, ReadonlyMap<string, Phase>>;

/** For workers that all take part in every round: `count` of them, and others that are refused or come for who died. */
export function roundModel(count: number): Model<RoundState, RoundEvent> {
  const set = (state: RoundState, { round, worker }: RoundEvent, phase: Phase | undefined): RoundState => {
    const phases = new Map(state.get(round));
    if (phase === undefined) phases.delete(worker);
    else phases.set(worker, phase);
    return new Map(state).set(round, phases);
  };
  return {
    name: "double barrier",
    initial: new Map(),
    step(state, event) {
      const phases = state.get(event.round) ?? new Map<string, Phase>();
      const phase = phases.get(event.worker);
      const number = (...wanted: Phase[]): number => [...phases.values()].filter((one) => wanted.includes(one)).length;
      switch (event.kind) {
        case "arriving":
          if (phase !== undefined) return new Violation("it arrives twice in one round");
          return set(state, event, "arriving");
        case "entered":
          if (phase !== "arriving") return new Violation("it entered without having arrived");
          if (phases.size < count) return new Violation(`it entered when ${phases.size} of ${count} had arrived`);
          if (number("entered", "leaving", "left") >= count) return new Violation(`more than ${count} have entered`);
          return set(state, event, "entered");
        case "refused":
        case "gone":
          return set(state, event, undefined);
        case "leaving":
          if (phase !== "entered") return new Violation("it leaves where it has not entered");
          return set(state, event, "leaving");
        case "left":
          if (phase !== "leaving") return new Violation("it left without leaving");
          if (number("entered", "arriving") > 0) return new Violation("it left while another was inside");
          return set(state, event, "left");
        case "died":
          return set(state, event, "died");
      }
    },
    atRest(state) {
      for (const [round, phases] of state) {
        const stuck = [...phases].find(([, phase]) => phase !== "left" && phase !== "died");
        if (stuck !== undefined) return new Violation(`${stuck[0]} never ended round ${round}: ${stuck[1]}`);
      }
      return undefined;
    },
  };
}
