/** Lists and exactly-once writes against an embedded Kvorum node and against a real etcd. */
import { startNode } from "@kvorum/server";
import { etcdMissing, etcdVersion, startEtcd } from "../support/etcd.js";
import { exactlyOnceSuite } from "./exactly-once-cases.js";
import { listSuite } from "./list-cases.js";
import type { SuiteServer } from "./suite.js";

async function startKvorum(): Promise<SuiteServer> {
  const node = await startNode();
  return { endpoint: node.endpoints[0] ?? "", stop: () => node.close() };
}

listSuite("Kvorum", startKvorum);
// RangeStream came with etcd 3.7.
listSuite("etcd", () => startEtcd(), etcdMissing(), !/^(2|3\.[0-6])\./.test(etcdVersion() ?? ""));
exactlyOnceSuite("Kvorum", startKvorum);
exactlyOnceSuite("etcd", () => startEtcd(), etcdMissing());
