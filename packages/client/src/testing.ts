/**
 * `@kvorum/client/testing`: a cluster for the tests of applications, in their process and in virtual time. Needs `@kvorum/server`.
 * Read `test-cluster/api.ts`. (The folder `testing/` beside it is for this package's own unit tests.)
 */
export type {
  Participant,
  TestClientOptions,
  TestCluster,
  TestClusterOptions,
  TestMember,
  UntilOptions,
} from "./test-cluster/api.js";
export { connectionBroke, type Disturbance, type TestCall } from "./test-cluster/disturbances.js";
export { createTestCluster } from "./test-cluster/test-cluster.js";
export type { TimeMode } from "./test-cluster/virtual-time.js";
