/** What every part of the load is given, and how it waits. */
import type { Client } from "@kvorum/client";
import type { SoakCluster } from "./cluster.js";
import type { SoakMember } from "./member.js";
import type { Plan } from "./plan.js";
import type { Tally } from "./tally.js";

export interface Scene {
  readonly cluster: SoakCluster;
  /** One client a member, which asks it alone; of the user who works, in the order of the members. */
  readonly workers: readonly Worker[];
  readonly root: Client;
  readonly plan: Plan;
  readonly tally: Tally;
  /** In [0, 1), seeded. */
  readonly random: () => number;
  /** Aborts when the load is to end. */
  readonly signal: AbortSignal;
}

export interface Worker {
  readonly member: SoakMember;
  readonly client: Client;
}

/** A part of the load: works until the signal aborts, then ends what it has open. */
export type Actor = (scene: Scene) => Promise<void>;

/** Resolves after the time, or when the signal aborts. */
export function rest(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}

/** Does the work at a steady rate until the signal aborts: what takes longer than a period delays the next one. */
export async function steadily(everyMs: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    const startMs = performance.now();
    await work();
    await rest(Math.max(0, everyMs - (performance.now() - startMs)), signal);
  }
}

/** A value of at least `least` and fewer than `most` characters. */
export function text(random: () => number, least: number, most: number): string {
  const length = least + Math.floor(random() * (most - least));
  return String.fromCharCode(97 + Math.floor(random() * 26)).repeat(length);
}
