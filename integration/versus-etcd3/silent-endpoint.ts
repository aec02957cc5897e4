/**
 * Twenty reads, where the first of two endpoints accepts connections and never says a word. Both clients are told to give up
 * a connection attempt after 500 ms, each by its own documented option.
 */
import { createClient } from "@kvorum/client";
import { Etcd3 } from "etcd3";
import { startProxy } from "../support/proxy.js";
import type { Place } from "./place.js";

export const READS = 20;
export const PATIENCE_MS = 3_000;
const CONNECT_MS = 500;

export interface SilentEndpoint {
  /** Reads that had an answer within three seconds. */
  readonly answered: number;
}

export async function silentEndpointBeforeEtcd3(place: Place): Promise<SilentEndpoint> {
  return await besideSilence(place, async (endpoints) => {
    const client = new Etcd3({ hosts: endpoints, dialTimeout: CONNECT_MS });
    try {
      return await answersOf(() => client.get(`${place.space}a`).exec());
    } finally {
      client.close();
    }
  });
}

export async function silentEndpointBeforeKvorum(place: Place): Promise<SilentEndpoint> {
  return await besideSilence(place, async (endpoints) => {
    await using client = createClient({ endpoints, connectTimeout: CONNECT_MS });
    return await answersOf(() => client.get(`${place.space}a`));
  });
}

async function besideSilence(
  place: Place,
  body: (endpoints: string[]) => Promise<SilentEndpoint>,
): Promise<SilentEndpoint> {
  const silent = await startProxy(place.endpoint);
  silent.blackHole();
  try {
    return await body([silent.endpoint, place.endpoint]);
  } finally {
    await silent.close();
  }
}

async function answersOf(read: () => PromiseLike<unknown>): Promise<SilentEndpoint> {
  let answered = 0;
  const reads = Array.from({ length: READS }, () =>
    read().then(
      () => {
        answered += 1;
      },
      () => undefined,
    ),
  );
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS);
  });
  await Promise.race([Promise.all(reads), patience]);
  clearTimeout(timer);
  return { answered };
}
