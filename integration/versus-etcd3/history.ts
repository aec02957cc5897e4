/** A watch over 1,500 stored puts whose connection is cut once, right after the server said that the watch was created. */
import { prefix } from "@kvorum/client";
import type { IKeyValue } from "etcd3";
import { cutAfterFirstMessage } from "./first-message.js";
import { type Place, until, withEtcd3, withKvorum } from "./place.js";

export const STORED = 1_500;

export interface History {
  /** Stored puts that were reported. */
  readonly reported: number;
  /** Errors that the watch raised. */
  readonly errors: number;
  /** How often the client connected. */
  readonly connections: number;
}

/** Stores the puts; resolves with the revision of the first. */
export async function storeHistory({ direct, space }: Place): Promise<bigint> {
  const first = await direct.put(`${space}0`, "stored");
  await Promise.all(Array.from({ length: STORED - 1 }, (_, i) => direct.put(`${space}${i + 1}`, "stored")));
  return first.header.revision;
}

/**
 * It has ended when a put made after the second connection is reported: whatever of the history is not there by then will
 * not come, for a watch reports in the order of revisions.
 */
export async function historyByEtcd3(place: Place, startRevision: bigint): Promise<History> {
  await using proxy = await cutAfterFirstMessage(place.endpoint);
  return await withEtcd3(proxy.endpoint, async (client) => {
    let [reported, errors, created, ended] = [0, 0, 0, false];
    const watcher = client.watch().prefix(place.space).startRevision(startRevision.toString()).watcher();
    watcher.on("connected", () => {
      created += 1;
    });
    watcher.on("error", () => {
      errors += 1;
    });
    watcher.on("put", (kv: IKeyValue) => {
      if (kv.value.toString() === "stored") reported += 1;
      else ended = true;
    });
    await until("the watch is created on both connections", () => created === 2);
    await place.direct.put(`${place.space}last`, "live");
    await until("the last put is reported", () => ended);
    await watcher.cancel();
    return { reported, errors, connections: proxy.connections() };
  });
}

export async function historyByKvorum(place: Place, startRevision: bigint): Promise<History> {
  await using proxy = await cutAfterFirstMessage(place.endpoint);
  return await withKvorum(proxy.endpoint, async (client) => {
    const keys = new Set<string>();
    let [reported, errors] = [0, 0];
    try {
      await using watch = client.watch(prefix(place.space), { startRevision });
      for await (const event of watch) {
        if (event.type !== "put") continue;
        if (event.kv.value !== "stored") break;
        keys.add(event.kv.key);
        reported += 1;
        if (reported === STORED) await place.direct.put(`${place.space}last`, "live");
      }
    } catch {
      errors += 1;
    }
    // A repeated event counts as a fault as well.
    return { reported: keys.size === reported ? reported : -1, errors, connections: proxy.connections() };
  });
}
