/**
 * Read-write locks and semaphores: processes read, write, downgrade and take permits, while they are killed, paused and cut off past
 * their time. Each name is judged by the model of its kind.
 */
import { judge } from "../model.js";
import { type RWMutexEvent, rwMutexModel } from "../models/rw-mutex.js";
import { type SemaphoreEvent, semaphoreModel } from "../models/semaphore.js";
import type { Sharing, WorkerEvent } from "./events.js";
import { processFaults, strikeProcesses } from "./process-faults.js";
import { PERMITS } from "./shared-worker.js";
import { keepHistory, onStage, type Scene } from "./stage.js";

export interface SharedOptions {
  /** Processes. */
  readonly workers: number;
  /** Times that something was held, of both kinds together. */
  readonly acquisitions: number;
  /** Of each kind of fault. */
  readonly rounds: number;
  readonly seconds: number;
}

const NAMES = ["r0", "r1", "s0", "s1"] as const;

export async function playShared(scene: Scene, options: SharedOptions): Promise<void> {
  const { acquisitions, rounds, seconds, workers } = options;
  const { folder, outcome } = scene;
  const end = performance.now() + seconds * 1_000;
  const { events } = await onStage(scene, { story: "shared", slots: workers, names: NAMES }, async (stage) => {
    const done = (): boolean =>
      stage.witness.places.size >= acquisitions * 1.2 &&
      processFaults(scene).every((name) => outcome.counted(name) >= rounds);
    await strikeProcesses(stage, rounds, () => performance.now() > end || done());
  });
  for (const name of NAMES) {
    const mine = events.filter((event) => "name" in event && event.name === name);
    const violation = name.startsWith("s")
      ? judge(semaphoreModel(PERMITS), mine.flatMap(toSemaphoreEvent)).violation
      : judge(rwMutexModel, mine.flatMap(toLockEvent)).violation;
    if (violation !== undefined) outcome.wrong(`${name}: ${violation}`);
  }
  const claims = events.filter((event): event is Sharing => event.kind === "shares");
  const held = (mode: Sharing["mode"]): number =>
    new Set(claims.filter((one) => one.mode === mode).map(({ token }) => token)).size;
  outcome.count("read locks", held("read"));
  outcome.count("write locks", held("write"));
  outcome.count("acquisitions of permits", held("permits"));
  outcome.count("acquisitions", new Set(claims.map(({ token }) => token)).size);
  outcome.count("claims", claims.length);
  for (const name of processFaults(scene)) outcome.atLeast(name, rounds);
  outcome.atLeast("acquisitions", acquisitions);
  outcome.atLeast("write locks", acquisitions / 20);
  outcome.atLeast("acquisitions of permits", acquisitions / 20);
  if (outcome.failed > 0) outcome.wrong(`the history is in ${keepHistory(folder, events)}`);
}

function toLockEvent(event: WorkerEvent): RWMutexEvent[] {
  const { atMs, worker } = event;
  if (event.kind === "ended") return [{ atMs, worker, kind: "end", token: event.token }];
  if (event.kind !== "shares" || event.mode === "permits") return [];
  return [{ atMs, worker, kind: "claim", mode: event.mode, token: event.token }];
}

function toSemaphoreEvent(event: WorkerEvent): SemaphoreEvent[] {
  if (event.kind !== "shares") return [];
  const { atMs, permits, token, worker } = event;
  return [{ atMs, worker, kind: "claim", permits, token }];
}
