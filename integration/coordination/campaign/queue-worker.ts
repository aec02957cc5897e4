/**
 * A process that puts jobs into a work queue and works on those of all. The acknowledgement writes the job's result in the same txn,
 * so that the servers' history tells of it even when the worker dies before it can.
 */
import { codec } from "@kvorum/client";
import { ClaimLostError, type Job, WorkQueue } from "@kvorum/concurrency/recipes";
import { pause } from "../../robustness/cluster/rpc.js";
import { sharedNowMs } from "../model.js";
import { expected, type Work } from "./work.js";

/** That take jobs, and each waits for one at most so long, in milliseconds, before it looks whether it is to end. */
export const CONSUMERS = 2;
const WAIT_MS = 500;
export const ATTEMPTS_MAX = 4;
const THINK_MS = 20;
/** Jobs that wait while more are put in, about: more would only show that putting in is quicker than working. */
const READY_MAX = 200;
/** Jobs between two looks at how many wait. */
const LOOK_EVERY = 20;
const NACK_SHARE = 0.1;
const DELAYED_SHARE = 0.1;

/** What an acknowledgement leaves behind. */
export interface Result {
  readonly worker: string;
  readonly token: string;
  readonly attempt: number;
}

const resultCodec = codec.json<Result>();

export async function workForever(work: Work): Promise<void> {
  const { client, job, orders } = work;
  const queue = new WorkQueue(client, `${job.space}queue`, { maxAttempts: ATTEMPTS_MAX, ttl: job.ttl });
  const consumers = Array.from({ length: CONSUMERS }, async () => {
    while (!orders.stop.aborted) await consume(work, queue);
  });
  await Promise.all([produce(work, queue), ...consumers]);
  await queue.close();
}

async function produce({ job, log, orders, random }: Work, queue: WorkQueue): Promise<void> {
  for (let number = 0; !orders.stop.aborted && !orders.drains; number++) {
    const name = `${job.worker}.${number}`;
    try {
      if (number % LOOK_EVERY === 0) await untilFewWait(orders, queue);
      if (orders.stop.aborted || orders.drains) return;
      log.note({ atMs: sharedNowMs(), kind: "enqueuing", job: name });
      await queue.enqueue(name, random() < DELAYED_SHARE ? { delayMs: 100 } : { priority: Math.floor(random() * 3) });
      log.note({ atMs: sharedNowMs(), kind: "enqueued", job: name });
    } catch (error) {
      expected(error, orders.stop);
    }
    await pause(random() * 2 * THINK_MS);
  }
}

async function untilFewWait(orders: Work["orders"], queue: WorkQueue): Promise<void> {
  while (!orders.stop.aborted && !orders.drains && (await queue.stats()).ready > READY_MAX) await pause(WAIT_MS);
}

async function consume(work: Work, queue: WorkQueue): Promise<void> {
  const { log, orders } = work;
  try {
    const job = await queue.claim({ timeout: WAIT_MS });
    const event = { job: job.value, token: job.fencingToken } as const;
    log.note({ ...event, atMs: sharedNowMs(), kind: "claimed", attempt: job.attempt });
    await finish(work, job);
  } catch (error) {
    if (!(error instanceof ClaimLostError)) expected(error, orders.stop);
  }
}

async function finish({ client, job: { space, worker }, log, random }: Work, job: Job<string>): Promise<void> {
  const event = { job: job.value, token: job.fencingToken } as const;
  await pause(random() * THINK_MS);
  if (random() < NACK_SHARE) {
    await job.nack();
    log.note({ ...event, atMs: sharedNowMs(), kind: "returned", revision: 0n });
    return;
  }
  const result = { worker, token: String(job.fencingToken), attempt: job.attempt };
  const then = [client.withCodec(resultCodec).op.put(`${space}result/${job.value}`, result)];
  const { revision } = await job.ack({ then });
  log.note({ ...event, atMs: sharedNowMs(), kind: "acknowledged", revision });
}
