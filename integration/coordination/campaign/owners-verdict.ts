/** Judges what processes said of locks and leaderships, each name by itself, by the models of both. */
import { judge } from "../model.js";
import { type ElectionEvent, electionModel } from "../models/election.js";
import { type MutexEvent, mutexModel } from "../models/mutex.js";
import type { WorkerEvent } from "./events.js";

/** A process that is certain to have ended, at a moment of the shared clock. */
export interface Death {
  readonly worker: string;
  readonly atMs: number;
}

/** What is wrong with each lock. */
export function judgeLocks(events: readonly WorkerEvent[]): string[] {
  return [...byName(events)].flatMap(([name, mine]) => {
    const { violation } = judge(mutexModel, mine.flatMap(toMutexEvent));
    return violation === undefined ? [] : [`lock ${name}: ${violation}`];
  });
}

/** What is wrong with each election. */
export function judgeElections(events: readonly WorkerEvent[], deaths: readonly Death[]): string[] {
  const died = deaths.map(({ atMs, worker }): ElectionEvent => ({ kind: "dies", atMs, worker }));
  return [...byName(events)].flatMap(([name, mine]) => {
    const { violation } = judge(electionModel, [...mine.flatMap(toElectionEvent), ...died]);
    return violation === undefined ? [] : [`election ${name}: ${violation}`];
  });
}

function byName(events: readonly WorkerEvent[]): ReadonlyMap<string, readonly WorkerEvent[]> {
  const names = new Map<string, WorkerEvent[]>();
  for (const event of events) {
    if (!("name" in event)) continue;
    const mine = names.get(event.name) ?? [];
    mine.push(event);
    names.set(event.name, mine);
  }
  return names;
}

function toMutexEvent(event: WorkerEvent): MutexEvent[] {
  const { atMs, worker } = event;
  if (event.kind === "claim") return [{ atMs, worker, kind: "claim", token: event.token }];
  if (event.kind === "ended") return [{ atMs, worker, kind: "end", token: event.token }];
  if (event.kind !== "write" || !event.guarded || event.revision === undefined) return [];
  return [
    {
      atMs,
      worker,
      kind: "write",
      token: event.token,
      accepted: event.status === "accepted",
      revision: event.revision,
    },
  ];
}

function toElectionEvent(event: WorkerEvent): ElectionEvent[] {
  const { atMs, worker } = event;
  if (event.kind === "claim") return [{ atMs, worker, kind: "claims", token: event.token }];
  if (event.kind === "began") return [{ atMs, worker, kind: "body-begins", token: event.token }];
  return event.kind === "ended" ? [{ atMs, worker, kind: "body-ends", token: event.token }] : [];
}
