/** The client's suites against an embedded Kvorum node, in memory. */
import { startNode } from "@kvorum/server";
import { faultSuite } from "./faults.js";
import { clientSuite, type SuiteServer } from "./suite.js";

async function start(): Promise<SuiteServer> {
  const node = await startNode();
  return { endpoint: node.endpoints[0] ?? "", stop: () => node.close() };
}

clientSuite("Kvorum", start);
faultSuite("Kvorum", start);
