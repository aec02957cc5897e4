/**
 * One simulated run from its seed to its verdict: trouble and clients for as long as the plan says, then the world is healed,
 * the cluster has to come together and serve, and everything that was asked and answered is judged as one history.
 */
import type { Counters } from "../../../packages/server/testing/simulation/counters.js";
import { drawPlan, type Plan, type PlanOptions } from "../../../packages/server/testing/simulation/plan.js";
import { Simulation } from "../../../packages/server/testing/simulation/simulation.js";
import { SimulationViolation } from "../../../packages/server/testing/simulation/violation.js";
import type { Dump, History } from "../checker/history.js";
import type { LeaseHistory, LeaseLimits } from "../checker/lease-history.js";
import type { WatchSession } from "../checker/watch-check.js";
import type { Environment } from "../environment.js";
import { demandLiveness } from "./liveness.js";
import { simulatedEnvironment, watchedEnvironment } from "./simulated-environment.js";
import { type Figures, judge, NO_FIGURES } from "./verdict.js";
import { Witnesses } from "./witnesses.js";

export interface RunOptions {
  /** Counts what happened over many runs. Default: counters of its own. */
  readonly counters?: Counters;
  /** Given every line of the trace as it comes. */
  readonly tell?: (line: string) => void;
  /** Reads are asked of one member's own state and recorded as linearizable: to see whether that is noticed. */
  readonly cheatsOnReads?: boolean;
  /** Plants a mistake between the simulated cluster and its clients: to see whether that is noticed. */
  readonly disturb?: (environment: Environment) => Environment;
  /** Plants a mistake in what was recorded: to see whether that is noticed. */
  readonly forge?: (recorded: Recorded) => Recorded;
}

/** Everything that a run has written down. */
export interface Recorded {
  readonly history: History;
  readonly sessions: readonly WatchSession[];
  readonly leases: Pick<LeaseHistory, "calls" | "seenMs"> & { readonly limits: LeaseLimits };
}

export interface RunResult {
  readonly seed: number;
  /** Present when something is wrong: the rule, the witnesses, the plan and the end of the trace. */
  readonly failure?: string;
  /** The rule alone, so that failures can be sorted. */
  readonly kind?: string;
  /** Of everything that happened; equal for equal seeds. */
  readonly hash: number;
  readonly simulatedMs: number;
  readonly events: number;
  readonly operations: number;
  readonly figures: Figures;
  readonly counts: Readonly<Record<string, number>>;
}

interface Failure {
  readonly kind: string;
  readonly text: string;
}

/** Plays the run that the seed decides. A failure is in the result; only a mistake of the harness is thrown. */
export function runSeed(seed: number, options: RunOptions & PlanOptions = {}): Promise<RunResult> {
  return runPlan(drawPlan(seed, options), options);
}

/** The same for a plan that was changed by hand, as to make a failing one smaller. */
export async function runPlan(plan: Plan, options: RunOptions = {}): Promise<RunResult> {
  const { counters, tell } = options;
  const simulation = new Simulation(plan, {
    ...(counters !== undefined && { counters }),
    ...(tell !== undefined && { tell }),
  });
  const run = new Run(simulation, options);
  const failure = await run.play();
  const { world } = simulation;
  return {
    seed: plan.seed,
    ...(failure !== undefined && { kind: failure.kind, failure: describe(plan, simulation, failure) }),
    ...{ hash: world.hash, simulatedMs: Math.round(world.nowMs), events: world.events },
    ...{ operations: run.witnesses.operations.length, figures: run.figures },
    counts: simulation.counters.toRecord(),
  };
}

class Run {
  readonly witnesses: Witnesses;
  figures: Figures = NO_FIGURES;
  readonly #simulation: Simulation;
  readonly #options: RunOptions;
  readonly #environment: Environment;
  #healedMs = 0;
  /** The first thing that went wrong beside the events of the world. */
  #stray: () => unknown;

  constructor(simulation: Simulation, options: RunOptions) {
    this.#simulation = simulation;
    this.#options = options;
    const inner = simulatedEnvironment(simulation);
    const environment = watchedEnvironment(options.disturb?.(inner) ?? inner);
    this.#environment = environment;
    this.witnesses = new Witnesses({
      ...{ simulation, environment: this.#environment, cheatsOnReads: options.cheatsOnReads === true },
    });
    this.#stray = () => environment.wrongAnswer ?? this.witnesses.failure;
  }

  async play(): Promise<Failure | undefined> {
    let rejected: { readonly reason: unknown } | undefined;
    const onRejection = (reason: unknown): void => {
      rejected ??= { reason };
    };
    process.on("unhandledRejection", onRejection);
    const stray = this.#stray;
    this.#stray = () => rejected?.reason ?? stray();
    try {
      return await this.#play();
    } catch (error) {
      return failureOf(error);
    } finally {
      process.off("unhandledRejection", onRejection);
    }
  }

  async #play(): Promise<Failure | undefined> {
    const { plan } = this.#simulation;
    this.#simulation.start();
    this.witnesses.start();
    for (let left = plan.durationMs; left > 0; left -= WATCH_EVERY_MS) {
      await this.#run(Math.min(left, WATCH_EVERY_MS), () => false);
      this.witnesses.watchMachines();
    }
    this.#simulation.heal();
    this.#healedMs = this.#simulation.world.nowMs;
    const dumps = await demandLiveness({
      ...{ simulation: this.#simulation, environment: this.#environment, witnesses: this.witnesses },
      run: (ms, done) => this.#run(ms, done),
    });
    return this.#judge(dumps);
  }

  #judge(dumps: readonly Dump[]): Failure | undefined {
    const { machines } = this.#simulation;
    const { operations, watches } = this.witnesses;
    const due = Math.max(0, ...dumps.map(({ revision }) => revision));
    const compacted = Math.max(0, ...machines.map(({ node }) => Number(node?.stats.compactRevision ?? 0n)));
    const recorded: Recorded = {
      leases: { calls: this.witnesses.leaseCalls, seenMs: this.witnesses.seenMs(), limits: this.#leaseLimits() },
      history: { operations, feeds: watches.flatMap(({ feeds }) => feeds), dumps },
      sessions: this.witnesses.sessions(due).map((session) => ({ ...session, compactedRevision: compacted })),
    };
    const { violation, figures } = judge(this.#options.forge?.(recorded) ?? recorded);
    this.figures = figures;
    return violation;
  }

  /** Leaders may have changed until the first election timeouts after the healing, and calls of before may still be under way. */
  #leaseLimits(): LeaseLimits {
    const { faults, electionMs } = this.#simulation.plan;
    const calmFromMs = this.#healedMs + electionMs * CALM_AFTER_ELECTIONS;
    return {
      driftShare: faults.has("clock drift") ? CLOCK_DRIFT_SHARE : ROUNDING_SHARE,
      ...{ calmFromMs, lateMs: LEASE_LATE_MS, unknownMs: electionMs * CALM_AFTER_ELECTIONS },
    };
  }

  /** Lets the world go on, until the condition holds or a failure turns up beside its events. */
  async #run(ms: number, done: () => boolean): Promise<void> {
    await this.#simulation.run(ms, () => this.#stray() !== undefined || done());
    const stray = this.#stray();
    if (stray !== undefined) throw stray;
  }
}

/** So often a machine that has joined is given its witness. */
const WATCH_EVERY_MS = 1_000;

/** A leader is found in ten elections' time (L1). */
const CALM_AFTER_ELECTIONS = 10;

/** Clocks of a plan with drift run fast or slow by 2 % at most. */
const CLOCK_DRIFT_SHARE = 0.021;
const ROUNDING_SHARE = 1e-6;

/** Some plans look at one lease in half a second. */
const LEASE_LATE_MS = 20_000;

function failureOf(error: unknown): Failure {
  if (error instanceof SimulationViolation) {
    return { kind: error.message.split(":")[0] ?? error.name, text: error.message };
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { kind: "broken", text };
}

function describe(plan: Plan, simulation: Simulation, { kind, text }: Failure): string {
  const shown = { ...plan, faults: [...plan.faults] };
  return [
    `seed ${plan.seed}: ${kind}`,
    text,
    `plan ${JSON.stringify(shown)}`,
    `after ${simulation.world.nowMs.toFixed(1)} ms and ${simulation.world.events} events, hash ${simulation.world.hash}; the end of the trace:`,
    ...simulation.trace.last,
  ].join("\n");
}
