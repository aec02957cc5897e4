/**
 * The fuzzers: every target's inputs come in batches that a seed replays, and after each batch the oracle looks at the
 * nodes. What is found is made smaller where that is cheap. Started by `scripts/campaigns/fuzz.mjs`.
 */
import { callTargets } from "./call-target.js";
import { Chance } from "./chance.js";
import { configTargets } from "./config-target.js";
import { frameTargets } from "./frame-target.js";
import { gatewayTargets } from "./gateway-target.js";
import { http2Targets } from "./http2-target.js";
import { memberTargets } from "./member-target.js";
import { Oracle } from "./oracle.js";
import { playAll } from "./play.js";
import { makeProbe, type ProbeFile } from "./probed-node.js";
import { smallest } from "./shrink.js";
import type { Stage, Target } from "./target.js";
import { tokenTargets } from "./token-target.js";

export interface FuzzOptions {
  /** Of all targets together. */
  readonly minutes: number;
  readonly seed: number;
  /** Of groups; undefined for all. */
  readonly only: string | undefined;
}

/** A target without a finding is one that passed. */
export interface FuzzCounts {
  passed: number;
  failed: number;
  skipped: number;
  inputs: number;
}

/** Each group's share of the time; the targets of a group have equal ones. */
const GROUPS: Readonly<Record<string, { readonly share: number; readonly targets: readonly Target[] }>> = {
  requests: { share: 0.4, targets: callTargets },
  gateway: { share: 0.15, targets: gatewayTargets },
  tokens: { share: 0.15, targets: tokenTargets },
  config: { share: 0.1, targets: configTargets },
  frames: { share: 0.15, targets: [...frameTargets, ...memberTargets] },
  http2: { share: 0.05, targets: http2Targets },
};

/** Findings after which a target has shown enough. */
const FINDINGS_MAX = 5;

export async function runFuzz({ minutes, seed, only }: FuzzOptions): Promise<FuzzCounts> {
  const counts: FuzzCounts = { passed: 0, failed: 0, skipped: 0, inputs: 0 };
  console.log(`fuzz, seed ${seed}, ${minutes} minutes`);
  const chosen = Object.entries(GROUPS).filter(([name]) => only === undefined || only === name);
  const shares = chosen.reduce((sum, [, { share }]) => sum + share, 0);
  const probe = await makeProbe();
  try {
    for (const [group, { share, targets }] of chosen) {
      const milliseconds = (minutes * 60_000 * share) / shares / targets.length;
      for (const target of targets) {
        const ran = await new Run(target, group, probe, seed).for(milliseconds);
        counts.inputs += ran.inputs;
        counts[ran.findings > 0 ? "failed" : "passed"] += 1;
      }
    }
  } finally {
    probe.remove();
  }
  console.log(`${counts.inputs} inputs`);
  return counts;
}

/** One target for its time. */
class Run {
  readonly #target: Target;
  readonly #group: string;
  readonly #probe: ProbeFile;
  readonly #seed: number;
  #stage: Stage | undefined;
  #oracle: Oracle | undefined;
  #findings = 0;
  #inputs = 0;
  #stages = 0;
  #busiestMs = 0;

  constructor(target: Target, group: string, probe: ProbeFile, seed: number) {
    this.#target = target;
    this.#group = group;
    this.#probe = probe;
    this.#seed = seed;
  }

  /** At least one batch. */
  async for(milliseconds: number): Promise<{ inputs: number; findings: number }> {
    const endMs = performance.now() + milliseconds;
    let batch = 0;
    try {
      do await this.#batch(this.#seed + batch++);
      while (performance.now() < endMs && this.#findings < FINDINGS_MAX);
    } catch (error) {
      this.#tell(`the fuzzer failed: ${error instanceof Error ? error.stack : String(error)}`, this.#seed + batch - 1);
    } finally {
      await this.#leave();
    }
    const busy = `longest turn ${Math.round(this.#busiestMs)} ms`;
    const done = `${batch} batches, ${this.#inputs} inputs, ${this.#stages} stages, ${busy}`;
    console.log(`${this.#target.name}: ${done}: ${this.#findings === 0 ? "passed" : "FAILED"}`);
    return { inputs: this.#inputs, findings: this.#findings };
  }

  async #batch(seed: number): Promise<void> {
    const stage = await this.#standing();
    const chance = new Chance(seed);
    const inputs = Array.from({ length: this.#target.batch.inputs }, () => this.#target.make(chance, stage));
    const wrong = await playAll(inputs, stage, this.#target.batch.lanes);
    this.#inputs += inputs.length;
    for (const { input, text } of wrong.slice(0, FINDINGS_MAX)) this.#tell(`${text}\n  input: ${input.show()}`, seed);
    const problems = (await this.#oracle?.problems()) ?? [];
    if (problems.length > 0) {
      await this.#leave();
      const small = await smallest(this.#target, this.#probe, inputs);
      this.#tell(`${problems.join("\n  ")}\n  ${small}`, seed);
    } else if ((await stage.mend?.()) === false) {
      await this.#leave();
    }
  }

  async #standing(): Promise<Stage> {
    if (this.#stage !== undefined) return this.#stage;
    const stage = await this.#target.open(this.#probe);
    this.#stage = stage;
    this.#stages += 1;
    // What is loaded at the first use is no growth, and its time is not the inputs' doing.
    const chance = new Chance(1);
    const first = Array.from({ length: this.#target.batch.lanes }, () => this.#target.make(chance, stage));
    await playAll(first, stage, this.#target.batch.lanes);
    this.#oracle = await Oracle.of(stage);
    return stage;
  }

  async #leave(): Promise<void> {
    this.#busiestMs = Math.max(this.#busiestMs, this.#oracle?.busiestMs ?? 0);
    await this.#stage?.[Symbol.asyncDispose]();
    this.#stage = undefined;
    this.#oracle = undefined;
  }

  #tell(text: string, seed: number): void {
    this.#findings += 1;
    console.log(`FINDING in ${this.#target.name}: ${text}`);
    console.log(`  again: npm run fuzz -- --seed ${seed} --only ${this.#group}`);
  }
}
