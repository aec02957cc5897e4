/** Exactly-once writes against an embedded Kvorum node and against a real etcd. */
import { startNode } from "@kvorum/server";
import { etcdMissing, startEtcd } from "../support/etcd.js";
import { exactlyOnceSuite } from "./exactly-once-cases.js";

exactlyOnceSuite("Kvorum", async () => {
  const node = await startNode();
  return { endpoint: node.endpoints[0] ?? "", stop: () => node.close() };
});
exactlyOnceSuite("etcd", () => startEtcd(), etcdMissing());
