/** Locks, elections and transactions against an embedded Kvorum node. */
import { startNode } from "@kvorum/server";
import { barrierCases } from "./barrier-cases.js";
import { suite } from "./case.js";
import { counterCases } from "./counter-cases.js";
import { discoveryCases } from "./discovery-cases.js";
import { electionCases } from "./election-cases.js";
import { etcdctlCases } from "./etcdctl-cases.js";
import { faultCases } from "./fault-cases.js";
import { mutexCases } from "./mutex-cases.js";
import { queueCases } from "./queue-cases.js";
import { rwMutexCases } from "./rw-mutex-cases.js";
import { semaphoreCases } from "./semaphore-cases.js";
import { stmCases } from "./stm-cases.js";
import { workQueueCases } from "./work-queue-cases.js";

async function start(): Promise<{ endpoint: string; stop(): Promise<void> }> {
  const node = await startNode();
  const endpoint = node.endpoints[0];
  if (endpoint === undefined) throw new Error("the node listens nowhere");
  return { endpoint, stop: () => node.close() };
}

suite("concurrency on Kvorum", start, undefined, (fixture) => {
  mutexCases(fixture);
  rwMutexCases(fixture);
  semaphoreCases(fixture);
  electionCases(fixture);
  stmCases(fixture);
  counterCases(fixture);
  barrierCases(fixture);
  discoveryCases(fixture);
  etcdctlCases(fixture);
  queueCases(fixture);
  workQueueCases(fixture);
  faultCases(fixture);
});
