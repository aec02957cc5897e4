/**
 * The servers that the client's suites run against: Kvorum inside this process, Kvorum as a process, one of three such
 * processes, and a real etcd. Processes are the built program, with real sockets and a real disk.
 */
import { createClient } from "@kvorum/client";
import { startNode } from "@kvorum/server";
import { afterAll } from "vitest";
import { Cluster } from "../robustness/cluster/cluster.js";
import { etcdMissing, startEtcd } from "../support/etcd.js";
import { startKvorum } from "../support/kvorum.js";
import { pick, seeded } from "../support/random.js";
import type { SuiteServer } from "./suite.js";

export interface ServerKind {
  readonly name: string;
  /** Why there is none, or undefined where there is. */
  readonly missing: string | undefined;
  start(): Promise<SuiteServer>;
}

export async function startEmbedded(): Promise<SuiteServer> {
  const node = await startNode();
  return { endpoint: node.endpoints[0] ?? "", stop: () => node.close() };
}

/**
 * The suite talks to one of the members; which one is up to the seed. It stays there: what was compacted at one member may be
 * readable at another for a moment, and a suite that asks here and there would have to allow for it everywhere.
 */
async function startThree(): Promise<SuiteServer> {
  const seed = Number(process.env["KVORUM_SEED"] ?? Date.now() % 1_000_000);
  const cluster = await Cluster.start({ program: "kvorum", size: 3, heartbeatMs: 50, electionMs: 500 });
  const member = pick(seeded(seed), cluster.members);
  console.log(`the suite talks to ${member.name} of three members, KVORUM_SEED=${seed}`);
  const endpoint = member.clientUrl;
  return {
    endpoint,
    connect: () => createClient({ endpoints: endpoint, syncMembers: false }),
    stop: () => cluster.close(),
  };
}

export const embedded: ServerKind = { name: "Kvorum", missing: undefined, start: startEmbedded };
export const oneProcess: ServerKind = { name: "a Kvorum process", missing: undefined, start: () => startKvorum() };
export const threeProcesses: ServerKind = { name: "three Kvorum processes", missing: undefined, start: startThree };
export const etcd: ServerKind = { name: "etcd", missing: etcdMissing(), start: () => startEtcd() };

/** A server that all suites of one file share: it starts with the first that runs and stops after the last. */
export function shared(start: () => Promise<SuiteServer>): () => Promise<SuiteServer> {
  let server: Promise<SuiteServer> | undefined;
  // Of the file and not of the suites: which of them run at all is up to whoever filters them.
  afterAll(async () => (await server)?.stop());
  return async () => {
    server ??= start();
    return { ...(await server), stop: async () => undefined };
  };
}
