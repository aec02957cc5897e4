/** A process that stands in many elections at once, each with `lead()`, and notes while it leads that it does. */
import { Election, type Leadership } from "@kvorum/concurrency";
import { pause } from "../../robustness/cluster/rpc.js";
import { sharedNowMs } from "../model.js";
import { Records } from "./guarded.js";
import { claim, expected, type Work } from "./work.js";

/**
 * Before the name of the only process that stands in an election: deposed, it leads again at once, and must not before its work of
 * the last time is over.
 */
export const SOLO = "solo ";
const CLAIM_EVERY_MS = 40;
/** After a loss the old leader still writes, so many milliseconds after it has heard of it: its work ends late. */
const LATE_MS = 100;

export async function campaignForever(work: Work): Promise<void> {
  const { names, worker } = work.job;
  const open = names.filter((name) => !name.startsWith(SOLO) || worker.startsWith(name.slice(SOLO.length)));
  await Promise.all(open.map((name) => stand(work, name)));
}

async function stand(work: Work, name: string): Promise<void> {
  const { client, job, log, orders } = work;
  const election = new Election(client, `${job.space}election/${name}`, { ttl: job.ttl });
  const records = new Records(work);
  while (!orders.stop.aborted) {
    try {
      await election.lead(job.worker, (leadership) => serve(work, name, records, leadership), {
        signal: orders.stop,
        backoff: { baseMs: 20, capMs: 500 },
      });
    } catch (error) {
      log.note({ atMs: sharedNowMs(), kind: "gave up", name, why: expected(error, orders.stop) });
      await pause(50);
    }
  }
}

/** Ends when the leadership does, or when it is told to. */
async function serve(work: Work, name: string, records: Records, leadership: Leadership<string>): Promise<void> {
  const { fencingToken: token, signal } = leadership;
  work.log.note({ atMs: sharedNowMs(), kind: "began", name, token });
  claim(work, name, leadership);
  const claims = setInterval(() => claim(work, name, leadership), CLAIM_EVERY_MS);
  try {
    const was = await records.read(name);
    const written = await records.write(name, leadership, "guarded", was.guarded);
    const resigned = await untilOver(work, name, signal);
    if (resigned || work.orders.stop.aborted || written.status !== "accepted") return;
    await pause(LATE_MS);
    await records.write(name, leadership, "guarded", written.id);
  } finally {
    clearInterval(claims);
    work.log.note({ atMs: sharedNowMs(), kind: "ended", name, token });
  }
}

/** True when it was told to resign. */
function untilOver({ orders }: Work, name: string, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const forget = orders.onResign(name, () => resolve(true));
    const over = (): void => {
      forget();
      resolve(false);
    };
    if (signal.aborted) over();
    else signal.addEventListener("abort", over, { once: true });
  });
}
