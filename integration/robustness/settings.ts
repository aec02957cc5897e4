/** How much the robustness tests do, from the environment; the defaults are for every change, the rest for a night. */
import { etcdctlMissing } from "../support/etcdctl.js";
import { type ProgramName, programMissing } from "./cluster/program.js";

/** Writes in each phase of a story. */
export const WRITES: number = Number(process.env["KVORUM_ROBUSTNESS_WRITES"] ?? 100);

/** Replays what the clients ask. When it happens is up to the machine. */
export const SEED: number = Number(process.env["KVORUM_SEED"] ?? Date.now() % 1_000_000);

/** The programs that clusters are made of. */
export const PROGRAMS: readonly ProgramName[] = (process.env["KVORUM_ROBUSTNESS_PROGRAMS"] ?? "etcd,kvorum").split(
  ",",
) as ProgramName[];

/** Every story and partition; otherwise a few of each. `scripts/campaigns/stories.mjs` plays all of them. */
export const IN_FULL: boolean = process.env["KVORUM_ROBUSTNESS"] === "full";

/** Every story on etcd as well; otherwise only those that show the harness and the checker to be fair. */
export const ALL_ON_ETCD: boolean = process.env["KVORUM_ROBUSTNESS_ETCD"] === "all";

/** Short enough that a change of leader costs a test little, long enough for a machine of two cores. */
export const TIMING = { heartbeatMs: 50, electionMs: 500 } as const;

/** Why nothing can be tested with this program, or undefined. */
export function missing(program: ProgramName): string | undefined {
  return programMissing(program) ?? etcdctlMissing();
}
