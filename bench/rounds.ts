/**
 * Plays the workloads of a group: one round each to warm up, then rounds in which the subjects take turns, so that a
 * machine that changes its speed favours none of them. Every other round begins with the last.
 */
import type { Group, Settings, Subject, Workload } from "./plan.js";
import type { Readings } from "./readings.js";
import { type WorkloadResult, workloadResult } from "./results.js";

export interface Play {
  readonly settings: Settings;
  /** Whether to play the workload with this name. */
  wanted(name: string): boolean;
  /** Told as soon as a workload is done. */
  done(result: WorkloadResult): void;
}

const WARM_SECONDS = 2;

export async function playGroup<S extends Subject>(group: Group<S>, play: Play): Promise<void> {
  if (!group.names(play.settings).some(play.wanted)) return;
  const { subjects, workloads, close } = await group.open(play.settings);
  try {
    for (const workload of workloads) {
      if (!play.wanted(workload.name)) continue;
      const rounds = await playWorkload(workload, subjects, play.settings);
      const names = subjects.map(({ name }) => name);
      play.done(workloadResult(group.title, workload, names, rounds));
    }
  } finally {
    await close();
  }
}

/** Readings of each subject, by round. */
async function playWorkload<S extends Subject>(
  workload: Workload<S>,
  subjects: readonly S[],
  { rounds, seconds, quick }: Settings,
): Promise<Readings[][]> {
  for (const subject of subjects) await workload.prepare?.(subject);
  const readings = subjects.map((): Readings[] => []);
  const order = subjects.map((_, index) => index);
  const once = workload.once === true;
  const { warmSeconds = WARM_SECONDS } = workload;
  if (!once) for (const subject of subjects) await workload.measure(subject, quick ? seconds : warmSeconds);
  for (let round = 0; round < (once ? 1 : rounds); round++) {
    for (const index of round % 2 === 0 ? order : order.toReversed()) {
      readings[index]?.push(await workload.measure(subjects[index] as S, seconds));
    }
  }
  return readings;
}
