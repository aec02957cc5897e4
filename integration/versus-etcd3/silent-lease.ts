/**
 * When is the loss of a lease reported, on a network that falls silent without closing a connection? All three times are
 * taken by one clock, in one process.
 */
import type { Client, Lease } from "@kvorum/client";
import { startProxy } from "../support/proxy.js";
import { type Place, withEtcd3, withKvorum } from "./place.js";

export const TTL_SECONDS = 2;

export interface SilentLease {
  /** Milliseconds from when the server ended the lease to the report; negative where the report came first. */
  readonly afterServerMs: number;
  /** Milliseconds from the last answer that the client got to the report. */
  readonly afterAnswerMs: number;
}

export async function silentLeaseByEtcd3(place: Place): Promise<SilentLease> {
  const proxy = await startProxy(place.endpoint);
  try {
    return await withEtcd3(proxy.endpoint, async (client) => {
      const key = `${place.space}etcd3`;
      const lease = client.lease(TTL_SECONDS);
      await lease.put(key).value("held");
      await new Promise<void>((resolve) => lease.once("keepaliveSucceeded", () => resolve()));
      const answeredAt = performance.now();
      proxy.blackHole();
      const lost = new Promise<number>((resolve) => lease.on("lost", () => resolve(performance.now())));
      return await times(place.direct, key, answeredAt, lost);
    });
  } finally {
    await proxy.close();
  }
}

export async function silentLeaseByKvorum(place: Place): Promise<SilentLease> {
  const proxy = await startProxy(place.endpoint);
  try {
    return await withKvorum(proxy.endpoint, async (client) => {
      const key = `${place.space}kvorum`;
      const lease = await renewedLease(client);
      await client.put(key, "held", { lease });
      const answeredAt = performance.now();
      proxy.blackHole();
      const lost = new Promise<number>((resolve) => {
        lease.signal.addEventListener("abort", () => resolve(performance.now()), { once: true });
      });
      const found = await times(place.direct, key, answeredAt, lost);
      // Let the client say good-bye at once, and not after its timeout.
      proxy.forward();
      proxy.cut();
      return found;
    });
  } finally {
    await proxy.close();
  }
}

async function times(direct: Client, key: string, answeredAt: number, lost: Promise<number>): Promise<SilentLease> {
  const [endedAt, reportedAt] = await Promise.all([deletionOf(direct, key), lost]);
  return { afterServerMs: reportedAt - endedAt, afterAnswerMs: reportedAt - answeredAt };
}

async function deletionOf(direct: Client, key: string): Promise<number> {
  await using watch = direct.watch(key, { only: "delete" });
  await watch.ready;
  if ((await direct.get(key)) === undefined) throw new Error("the lease ended before it was watched");
  for await (const event of watch) if (event.type === "delete") return performance.now();
  throw new Error("the watch ended");
}

/** A lease after its first renewal. One that a busy machine lets run out before that says nothing of the network. */
async function renewedLease(client: Client): Promise<Lease> {
  for (let tries = 1; ; tries++) {
    const lease = await client.lease.keep({ ttl: TTL_SECONDS });
    if (await isRenewed(lease)) return lease;
    if (tries === 3) throw new Error("no lease of three was renewed, with nothing in its way");
  }
}

async function isRenewed(lease: Lease): Promise<boolean> {
  for (let before = lease.remaining(); before > 0; ) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    const now = lease.remaining();
    if (now > before) return true;
    before = now;
  }
  return false;
}
