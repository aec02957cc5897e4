/**
 * A process that takes locks in turn, one contender for each name. Inside it reads two records, may be told to park there, and
 * writes both, without asking the clock before: what protects the one is the condition of its txn, and nothing the other.
 */
import { createSession, type Lock, Mutex, type Session } from "@kvorum/concurrency";
import { sharedNowMs } from "../model.js";
import { Records } from "./guarded.js";
import { claim, expected, type Work } from "./work.js";

/** Milliseconds between two claims of a holder. */
const CLAIM_EVERY_MS = 10;
/** Of the attempts: those with little patience, and those with none. */
const SHORT_SHARE = 0.08;
const TRY_SHARE = 0.08;
const SHORT_MS = 30;
const THINK_MS = 4;

export async function contendForever(work: Work): Promise<void> {
  await Promise.all(work.job.names.map((name) => contend(work, name)));
}

async function contend(work: Work, name: string): Promise<void> {
  const { client, job, log, orders, random } = work;
  const records = new Records(work);
  let session: Session | undefined;
  while (!orders.stop.aborted) {
    try {
      if (session?.state !== "active" && session?.state !== "suspect") {
        session = await createSession(client, { ttl: job.ttl });
      }
      const lock = await attempt(new Mutex(session, `${job.space}lock/${name}`), work);
      if (lock === undefined) log.note({ atMs: sharedNowMs(), kind: "gave up", name, why: "nothing free" });
      else await hold(work, name, records, lock);
    } catch (error) {
      log.note({ atMs: sharedNowMs(), kind: "gave up", name, why: expected(error, orders.stop) });
    }
    await pause(random() * THINK_MS);
  }
  await session?.close();
}

function attempt(mutex: Mutex, { orders, random }: Work): Promise<Lock | undefined> {
  const kind = random();
  if (kind < TRY_SHARE) return mutex.tryLock({ signal: orders.stop });
  return mutex.lock({ signal: orders.stop, ...(kind < TRY_SHARE + SHORT_SHARE && { timeout: SHORT_MS }) });
}

async function hold(work: Work, name: string, records: Records, lock: Lock): Promise<void> {
  claim(work, name, lock);
  const claims = setInterval(() => claim(work, name, lock), CLAIM_EVERY_MS);
  try {
    const was = await records.read(name);
    claim(work, name, lock);
    const parked = await work.orders.parkIfAsked(name, lock.fencingToken);
    claim(work, name, lock);
    const { status } = await records.write(name, lock, "guarded", was.guarded);
    if (parked) work.orders.tell({ kind: "went on", name, refused: status === "refused" });
    await records.write(name, lock, "unguarded", was.unguarded);
    claim(work, name, lock);
  } finally {
    clearInterval(claims);
    work.log.note({ atMs: sharedNowMs(), kind: "ended", name, token: lock.fencingToken });
    await lock.unlock();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
