/** A process that shares: it reads and writes under read-write locks, and takes permits of semaphores, in several lanes at once. */
import { createSession, type Lock, RWMutex, Semaphore, type Session, type WriteLock } from "@kvorum/concurrency";
import { pause } from "../../robustness/cluster/rpc.js";
import { sharedNowMs } from "../model.js";
import type { Sharing } from "./events.js";
import { expected, type Work } from "./work.js";

/** Of each name. */
const LANES = 2;
/** Of every semaphore. */
export const PERMITS = 4;
const WRITE_SHARE = 0.4;
const DOWNGRADE_SHARE = 0.3;
const CLAIM_EVERY_MS = 10;
const HOLD_MS = 40;

/** Names that begin with `s` are semaphores, the others locks. */
export async function shareForever(work: Work): Promise<void> {
  const { names } = work.job;
  await Promise.all(names.flatMap((name) => Array.from({ length: LANES }, () => shareLane(work, name))));
}

async function shareLane(work: Work, name: string): Promise<void> {
  const { client, job, log, orders, random } = work;
  let session: Session | undefined;
  while (!orders.stop.aborted) {
    try {
      if (session?.state !== "active" && session?.state !== "suspect") {
        session = await createSession(client, { ttl: job.ttl });
      }
      if (name.startsWith("s")) await usePermits(work, name, session);
      else await readOrWrite(work, name, session);
    } catch (error) {
      log.note({ atMs: sharedNowMs(), kind: "gave up", name, why: expected(error, orders.stop) });
    }
    await pause(random() * 10);
  }
  await session?.close();
}

async function usePermits(work: Work, name: string, session: Session): Promise<void> {
  const { job, orders, random } = work;
  const permits = 1 + Math.floor(random() * 3);
  const semaphore = new Semaphore(session, `${job.space}lock/${name}`, PERMITS);
  await hold(work, name, await semaphore.acquire(permits, { signal: orders.stop }), { mode: "permits", permits });
}

async function readOrWrite(work: Work, name: string, session: Session): Promise<void> {
  const { job, orders, random } = work;
  const mutex = new RWMutex(session, `${job.space}lock/${name}`);
  if (random() >= WRITE_SHARE) {
    await hold(work, name, await mutex.readLock({ signal: orders.stop }), { mode: "read", permits: 1 });
    return;
  }
  const written: WriteLock = await mutex.writeLock({ signal: orders.stop });
  const downgrades = random() < DOWNGRADE_SHARE;
  await hold(work, name, written, { mode: "write", permits: 1 }, !downgrades);
  if (downgrades) await hold(work, name, await written.downgrade(), { mode: "read", permits: 1 });
}

/** Claims again and again for a while, and gives up what is held if it is the end of it. */
async function hold(
  work: Work,
  name: string,
  lock: Lock,
  what: Pick<Sharing, "mode" | "permits">,
  gives = true,
): Promise<void> {
  const { log, random } = work;
  const token = lock.fencingToken;
  const claim = (): void => {
    const atMs = sharedNowMs();
    if (lock.held) log.note({ atMs, kind: "shares", name, token, ...what });
  };
  claim();
  const claims = setInterval(claim, CLAIM_EVERY_MS);
  await pause(random() * HOLD_MS);
  claim();
  clearInterval(claims);
  if (!gives) return;
  log.note({ atMs: sharedNowMs(), kind: "ended", name, token });
  await lock.unlock();
}
