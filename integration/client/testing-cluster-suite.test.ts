/** The client's suite against a member of a test cluster: what holds over sockets holds in memory and in virtual time. */
import { createTestCluster } from "@kvorum/client/testing";
import { clientSuite } from "./suite.js";

clientSuite("a test cluster", async () => {
  const cluster = await createTestCluster({ size: 1 });
  return {
    endpoint: cluster.members[0]?.endpoint ?? "",
    connect: () => cluster.client(),
    pass: (ms) => cluster.advance(ms),
    until: (promise) => cluster.until(promise),
    stop: () => cluster.close(),
  };
});
