/** A failing run made smaller, so that a person can read it: fewer kinds of fault, fewer clients, less time. */
import {
  drawPlan,
  FAULTS,
  type Plan,
  type PlanOptions,
  without,
} from "../../../packages/server/testing/simulation/plan.js";
import { type RunResult, runPlan } from "./run-seed.js";

/** Milliseconds below which a run is not cut any shorter. */
const DURATION_MS_MIN = 1000;

/** The smallest plan found that fails by the same rule, and how it fails. */
export async function shrink(
  seed: number,
  options: PlanOptions = {},
): Promise<{ readonly plan: Plan; readonly result: RunResult }> {
  let plan = drawPlan(seed, options);
  let result = await runPlan(plan);
  const { kind } = result;
  const tryOut = async (smaller: Plan | undefined): Promise<boolean> => {
    if (smaller === undefined) return false;
    const outcome = await runPlan(smaller);
    if (outcome.kind !== kind) return false;
    [plan, result] = [smaller, outcome];
    return true;
  };
  for (const fault of FAULTS) await tryOut(without(plan, fault));
  while (plan.clients > 1 && (await tryOut({ ...plan, clients: plan.clients - 1 })));
  while (
    plan.durationMs > DURATION_MS_MIN &&
    (await tryOut({ ...plan, durationMs: Math.ceil(plan.durationMs * 0.7) }))
  );
  return { plan, result };
}
