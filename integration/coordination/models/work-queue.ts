/**
 * A work queue as it may be seen from outside: jobs with names, any number of workers that may die. The order of what happened to one
 * job is that of the cluster's revisions: a claim's token is the revision of the claim, and an acknowledgement has one as well.
 *
 * The sentences, each of which has a history that breaks it in `work-queue.test.ts`:
 * 1. Only what was enqueued is claimed, and a token is one claim's.
 * 2. Attempts count up by one: in the order of tokens a job's claims are the attempts 1, 2, 3, …
 * 3. A worker acknowledges, gives back and rejects only what it has claimed.
 * 4. An acknowledgement is accepted from the latest claim alone, and no claim comes after it.
 * 5. Every job ends once: acknowledged, or as a dead letter, and never both. None that was enqueued is left over.
 */
import { type Happening, type Model, Violation } from "../model.js";

export type WorkEvent = WorkEnqueue | WorkClaim | WorkEnd | WorkDead;

export interface WorkEnqueue extends Happening {
  /** `enqueuing`: about to; whether it comes to that is open until `enqueued`. */
  readonly kind: "enqueuing" | "enqueued";
  readonly job: string;
}

export interface WorkClaim extends Happening {
  readonly kind: "claimed";
  readonly job: string;
  readonly token: bigint;
  readonly attempt: number;
}

export interface WorkEnd extends Happening {
  /** Accepted by the cluster. */
  readonly kind: "acknowledged" | "returned" | "rejected";
  readonly job: string;
  readonly token: bigint;
  /** Of an acknowledgement; 0 for the others. */
  readonly revision: bigint;
}

/** Found among the dead letters when all was over. */
export interface WorkDead extends Happening {
  readonly kind: "dead";
  readonly job: string;
  readonly attempts: number;
}

export interface WorkState {
  readonly jobs: ReadonlyMap<string, JobHistory>;
}

interface JobHistory {
  readonly certain: boolean;
  readonly claims: readonly WorkClaim[];
  readonly acknowledged: WorkEnd | undefined;
  readonly dead: WorkDead | undefined;
}

const ENQUEUED: JobHistory = { certain: false, claims: [], acknowledged: undefined, dead: undefined };

export const workQueueModel: Model<WorkState, WorkEvent> = {
  name: "work queue",
  initial: { jobs: new Map() },
  step(state, event) {
    const job = state.jobs.get(event.job) ?? (event.kind === "enqueuing" ? ENQUEUED : undefined);
    if (job === undefined) return new Violation(`${event.job} was never enqueued and is ${event.kind}`);
    const next = stepJob(job, event);
    return next instanceof Violation ? next : { jobs: new Map(state.jobs).set(event.job, next) };
  },
  atRest(state) {
    for (const [name, job] of state.jobs) {
      const violation = judgeJob(name, job);
      if (violation !== undefined) return violation;
    }
    return undefined;
  },
};

function stepJob(job: JobHistory, event: WorkEvent): JobHistory | Violation {
  if (event.kind === "dead") return { ...job, dead: event };
  if (!("token" in event)) return { ...job, certain: job.certain || event.kind === "enqueued" };
  const { token, worker } = event;
  const claim = job.claims.find((each) => each.token === token);
  if (event.kind === "claimed") {
    if (claim !== undefined) return new Violation(`token ${token} of ${event.job} is ${claim.worker}'s as well`);
    return { ...job, claims: [...job.claims, event] };
  }
  if (claim?.worker !== worker) {
    return new Violation(`${event.job} is ${event.kind} with token ${token}, which ${worker} never claimed`);
  }
  if (event.kind !== "acknowledged") return job;
  if (job.acknowledged !== undefined) return new Violation(`${event.job} is acknowledged twice`);
  return { ...job, acknowledged: event };
}

function judgeJob(name: string, { acknowledged, certain, claims, dead }: JobHistory): Violation | undefined {
  const inOrder = [...claims].sort((a, b) => (a.token < b.token ? -1 : 1));
  for (const [index, { attempt, token }] of inOrder.entries()) {
    if (attempt !== index + 1) {
      return new Violation(`claim ${index + 1} of ${name}, with token ${token}, says that it is attempt ${attempt}`);
    }
  }
  const latest = inOrder.at(-1);
  if (acknowledged !== undefined && acknowledged.token !== latest?.token) {
    return new Violation(
      `${name} was acknowledged with token ${acknowledged.token}, and token ${latest?.token} is later`,
    );
  }
  if (acknowledged !== undefined && acknowledged.revision <= acknowledged.token) {
    return new Violation(`${name} was acknowledged at ${acknowledged.revision}, before its claim`);
  }
  if (acknowledged !== undefined && dead !== undefined) return new Violation(`${name} was acknowledged and is dead`);
  if (dead !== undefined && dead.attempts !== claims.length) {
    return new Violation(`${name} is dead after ${dead.attempts} attempts, and was claimed ${claims.length} times`);
  }
  if (certain && acknowledged === undefined && dead === undefined) return new Violation(`${name} is lost`);
  return undefined;
}
