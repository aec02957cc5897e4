/**
 * `@kvorum/server/testing`: a cluster of real members on simulated machines, as `@kvorum/client/testing` builds on it. It is made
 * for that package and may change with any version; tests of applications use the client's.
 */
export { Chance } from "./core/seeded/chance.js";
export {
  clientUrl,
  type SimulatedClient,
  SimulatedCluster,
  type SimulatedClusterOptions,
} from "./simulation/simulated-cluster.js";
export type { World } from "./simulation/world.js";
