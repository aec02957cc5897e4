/** Lists and exactly-once writes against an embedded Kvorum node and against a real etcd. */
import { startNode } from "@kvorum/server";
import { etcdMissing, startEtcd } from "../support/etcd.js";
import { exactlyOnceSuite } from "./exactly-once-cases.js";
import { listSuite } from "./list-cases.js";
import type { SuiteServer } from "./suite.js";

async function startKvorum(): Promise<SuiteServer> {
  const node = await startNode();
  return { endpoint: node.endpoints[0] ?? "", stop: () => node.close() };
}

for (const suite of [listSuite, exactlyOnceSuite]) {
  suite("Kvorum", startKvorum);
  suite("etcd", () => startEtcd(), etcdMissing());
}
