/** A lock that is handed from contender to contender as fast as that goes: taken, given back, asked for again. */
import { createClient } from "@kvorum/client";
import { createSession, Mutex } from "@kvorum/concurrency";
import { Etcd3, EtcdLockFailedError } from "etcd3";

export interface Contender {
  /** Resolves with what gives it back. */
  lock(): Promise<() => Promise<unknown>>;
  close(): Promise<void>;
}

export interface Locks {
  readonly name: string;
  /** Connected, and with whatever is opened once for many locks. */
  open(endpoint: string, name: string): Promise<Contender>;
}

export interface LockResult {
  readonly perSecond: number;
  /** From asking to having. */
  readonly p99WaitMs: number;
}

export interface LockOptions {
  readonly endpoint: string;
  readonly name: string;
  readonly contenders: number;
  readonly seconds: number;
}

const TTL = 10;
/** Between two attempts at a lock that is taken: npm etcd3 has no lock that waits. */
const RETRY_MS = { least: 10, most: 30 } as const;

export const kvorumLocks: Locks = {
  name: "kvorum",
  async open(endpoints, name) {
    const client = createClient({ endpoints, syncMembers: false });
    const session = await createSession(client, { ttl: TTL });
    const mutex = new Mutex(session, name);
    return {
      lock: async () => {
        const lock = await mutex.lock();
        return () => lock.unlock();
      },
      close: () => client.close(),
    };
  },
};

export const etcd3Locks: Locks = {
  name: "etcd3",
  async open(hosts, name) {
    const client = new Etcd3({ hosts });
    await client.get(name);
    return {
      lock: async () => {
        for (;;) {
          try {
            const lock = await client.lock(name).ttl(TTL).acquire();
            return () => lock.release();
          } catch (error) {
            if (!(error instanceof EtcdLockFailedError)) throw error;
            await pause(RETRY_MS.least + Math.random() * (RETRY_MS.most - RETRY_MS.least));
          }
        }
      },
      close: async () => client.close(),
    };
  },
};

/** Errors: `Error` when two had the lock at once. */
export async function measureLocks(
  locks: Locks,
  { endpoint, name, contenders, seconds }: LockOptions,
): Promise<LockResult> {
  const all = await Promise.all(Array.from({ length: contenders }, () => locks.open(endpoint, name)));
  const waits: number[] = [];
  let [handOvers, inside] = [0, 0];
  const startMs = performance.now();
  const endMs = startMs + seconds * 1_000;
  const contend = async ({ lock }: Contender): Promise<void> => {
    for (let askedMs = startMs; askedMs < endMs; askedMs = performance.now()) {
      const unlock = await lock();
      const hadMs = performance.now();
      // Those that are still in the line when the time is up go through it as well: they have waited, but it is not their rate.
      waits.push(hadMs - askedMs);
      if (hadMs < endMs) handOvers += 1;
      inside += 1;
      if (inside > 1) throw new Error(`${locks.name}: ${inside} contenders hold the lock at once`);
      await pause(0);
      inside -= 1;
      await unlock();
    }
  };
  try {
    await Promise.all(all.map(contend));
  } finally {
    await Promise.all(all.map((contender) => contender.close()));
  }
  waits.sort((a, b) => a - b);
  return { perSecond: handOvers / seconds, p99WaitMs: waits[Math.floor(waits.length * 0.99)] ?? Number.NaN };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => (ms === 0 ? setImmediate(resolve) : setTimeout(resolve, ms)));
}
