/**
 * A work queue: processes put jobs in and work on those of all, while they are killed, paused and cut off past their time. In the end
 * every job that is certain to have been put in was acknowledged once, or is a dead letter.
 *
 * A process that dies may have claimed or acknowledged without having been able to say so. Acknowledgements are in the servers'
 * history, with the results that they write; of claims the counts of attempts tell that they were made.
 */
import { prefix } from "@kvorum/client";
import { WorkQueue } from "@kvorum/concurrency/recipes";
import { pause } from "../../robustness/cluster/rpc.js";
import { judge } from "../model.js";
import { type WorkEnd, type WorkEvent, workQueueModel } from "../models/work-queue.js";
import type { WorkerEvent } from "./events.js";
import { processFaults, strikeProcesses } from "./process-faults.js";
import { ATTEMPTS_MAX, CONSUMERS, type Result } from "./queue-worker.js";
import { keepHistory, onStage, type Scene, type Stage } from "./stage.js";
import { LAST_MS, withUnsaidClaims } from "./unsaid-claims.js";

export interface WorkOptions {
  /** Processes. */
  readonly workers: number;
  readonly jobs: number;
  /** Of each kind of fault. */
  readonly rounds: number;
  readonly seconds: number;
}

const SPACE = "campaign/work/";
/** Without one job less, while the queue is worked empty. */
const DRAIN_STALL_MS = 60_000;

export async function playWork(scene: Scene, { jobs, rounds, seconds, workers }: WorkOptions): Promise<void> {
  const { direct, folder, outcome } = scene;
  await using queue = new WorkQueue(direct, `${SPACE}queue`, { maxAttempts: ATTEMPTS_MAX });
  const end = performance.now() + seconds * 1_000;
  const { events } = await onStage(scene, { story: "work", slots: workers, names: [] }, async (stage) => {
    const done = (): boolean =>
      (stage.witness.revisions.get("result") ?? 0) >= jobs &&
      processFaults(scene).every((name) => outcome.counted(name) >= rounds);
    await strikeProcesses(stage, rounds, () => performance.now() > end || done());
    await drain(stage, queue);
  });
  const told = events.filter(isWork);
  const acknowledged = await acknowledgements(direct, told, outcome.wrong.bind(outcome));
  const dead: WorkEvent[] = [];
  for await (const letter of queue.deadLetters()) {
    dead.push({
      kind: "dead",
      atMs: LAST_MS,
      worker: "campaign",
      job: await letter.value(),
      attempts: letter.attempts,
    });
  }
  const { filled, unsaid } = withUnsaidClaims([...told, ...acknowledged, ...dead]);
  const { violation } = judge(workQueueModel, filled);
  if (violation !== undefined) outcome.wrong(violation);
  const interrupted = processFaults(scene).reduce((sum, name) => sum + outcome.counted(name), 0);
  const most = CONSUMERS * workers * interrupted;
  if (unsaid > most) outcome.wrong(`${unsaid} claims were never told of, at most ${most} can have been cut short`);
  const count = (kind: WorkEvent["kind"]): number => filled.filter((event) => event.kind === kind).length;
  for (const kind of ["enqueued", "claimed", "acknowledged", "returned", "dead"] as const)
    outcome.count(kind, count(kind));
  outcome.count("claims that a process could not tell of", unsaid);
  outcome.count("acknowledgements that a process could not tell of", acknowledged.length);
  for (const name of processFaults(scene)) outcome.atLeast(name, rounds);
  outcome.atLeast("acknowledged", jobs);
  if (outcome.failed > 0) outcome.wrong(`the history is in ${keepHistory(folder, events)}`);
}

/** Lets the workers finish what there is, and put in nothing more. */
async function drain({ outcome, slots }: Stage, queue: WorkQueue): Promise<void> {
  for (const slot of slots) {
    slot.heal();
    slot.order({ do: "drain" });
  }
  let end = performance.now() + DRAIN_STALL_MS;
  let fewest = Number.POSITIVE_INFINITY;
  for (;;) {
    const { claimed, delayed, ready } = await queue.stats({ timeout: 30_000 });
    const left = claimed + delayed + ready;
    if (left === 0) return;
    if (left < fewest) {
      fewest = left;
      end = performance.now() + DRAIN_STALL_MS;
    }
    if (performance.now() > end) return outcome.wrong(`${ready} jobs are left, ${delayed} delayed, ${claimed} claimed`);
    // One that has just begun its life has not heard of it.
    for (const slot of slots) slot.order({ do: "drain" });
    await pause(200);
  }
}

function isWork(event: WorkerEvent): event is Extract<WorkerEvent, WorkEvent> {
  return "job" in event;
}

/** Those that nobody has told of. Every result was written once, and those who told of theirs have told the truth. */
async function acknowledgements(
  direct: Scene["direct"],
  told: readonly WorkEvent[],
  wrong: (problem: string) => void,
): Promise<WorkEnd[]> {
  const known = new Map(told.flatMap((event) => (event.kind === "acknowledged" ? [[event.job, event] as const] : [])));
  const unsaid: WorkEnd[] = [];
  let found = 0;
  for await (const { key, value, modRevision, version } of direct.scan(prefix(`${SPACE}result/`))) {
    const job = key.slice(`${SPACE}result/`.length);
    const { token, worker } = JSON.parse(value) as Result;
    found += known.has(job) ? 1 : 0;
    if (version !== 1n) wrong(`the result of ${job} was written ${version} times`);
    if (known.has(job) && known.get(job)?.revision !== modRevision) wrong(`${job} was not acknowledged as it was told`);
    if (!known.has(job)) {
      const end = {
        kind: "acknowledged",
        atMs: LAST_MS,
        worker,
        job,
        token: BigInt(token),
        revision: modRevision,
      } as const;
      unsaid.push(end);
    }
  }
  if (found < known.size) wrong(`${known.size - found} results of acknowledged jobs are missing`);
  return unsaid;
}
