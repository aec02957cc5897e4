/** Watches that stay for the whole run, and watches, streams and whole clients that come and go. */
import { isEtcdError, prefix, type Watch, type WatchOptions } from "@kvorum/client";
import { pick } from "../support/random.js";
import { type Actor, rest, type Scene, steadily, type Worker } from "./scene.js";

/** At each member, all the time. */
const STANDING = 15;
const COMING_EVERY_MS = 150;
const CLIENTS_EVERY_MS = 1_000;
/** A watch that comes goes after this many events or milliseconds. */
const EVENTS_MAX = 50;
const STAY_MS = [200, 3_000] as const;
/** A watch of the past begins at most so far back; sometimes that is compacted away. */
const PAST_REVISIONS_MAX = 12_000;

/** Never close, so that their member has to keep and resume them. */
export const standingWatches: Actor = async ({ workers, tally, signal }) => {
  const stand = async ({ client }: Worker, number: number): Promise<void> => {
    const startMs = performance.now();
    try {
      for await (const _ of client.watch(prefix(`key/0${number % 10}`), { signal }))
        tally.count("events of standing watches");
    } catch (error) {
      if (!signal.aborted) tally.failed("standing watch", error, startMs);
    }
  };
  await Promise.all(
    workers.flatMap((worker) => Array.from({ length: STANDING }, (_, number) => stand(worker, number))),
  );
};

/** Watches that share the stream of a client that stays. */
export const comingWatches: Actor = async (scene) => {
  const { workers, random, signal } = scene;
  const open = new Set<Promise<void>>();
  await steadily(COMING_EVERY_MS, signal, async () => {
    const visit = visitOf(scene, pick(random, workers));
    open.add(visit);
    visit.finally(() => open.delete(visit));
  });
  await Promise.all(open);
};

/** Clients with a connection, a login and a stream of their own, closed properly or in the middle of everything. */
export const comingClients: Actor = async (scene) => {
  const { cluster, workers, tally, random, signal } = scene;
  await steadily(CLIENTS_EVERY_MS, signal, async () => {
    const { member } = pick(random, workers);
    const client = cluster.worker(member);
    try {
      await tally.call("client that came and went", async () => void (await client.get("key/00000")));
      await visitOf(scene, { member, client });
    } finally {
      await client.close();
    }
  });
};

async function visitOf({ tally, random, signal }: Scene, { client }: Worker): Promise<void> {
  const startMs = performance.now();
  const leave = new AbortController();
  const stayMs = STAY_MS[0] + random() * (STAY_MS[1] - STAY_MS[0]);
  const staying = rest(stayMs, signal).then(() => leave.abort());
  const [past, wide, prevKv] = [random() < 0.2, random() < 0.5, random() < 0.3];
  try {
    const selector = wide ? prefix("key/") : `key/0${Math.floor(random() * 2_000)}`;
    const options: WatchOptions = {
      prevKv,
      signal: leave.signal,
      ...(past && { startRevision: await pastRevision(client, random) }),
    };
    tally.count("events of watches that went", await eventsOf(client.watch(selector, options)));
    tally.count(past ? "watches of the past that came and went" : "watches that came and went");
  } catch (error) {
    if (isEtcdError(error, "compacted") && past) tally.wanted("compacted");
    else if (!leave.signal.aborted) tally.failed("watch", error, startMs);
  } finally {
    leave.abort();
    await staying;
  }
}

async function pastRevision(client: Worker["client"], random: () => number): Promise<bigint> {
  const { header } = await client.list(prefix("account/"), { limit: 1, consistency: "serializable" });
  const back = BigInt(Math.floor(random() * PAST_REVISIONS_MAX));
  return header.revision > back ? header.revision - back : 1n;
}

/** Reads until it has enough or the signal of the watch ends it. */
async function eventsOf(watch: Watch<string>): Promise<number> {
  let events = 0;
  try {
    for await (const _ of watch) if (++events === EVENTS_MAX) break;
  } finally {
    await watch.close();
  }
  return events;
}
