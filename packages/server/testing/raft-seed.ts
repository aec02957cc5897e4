/** One seed of the simulation of Raft alone, for those who hold it against the simulation of whole nodes. */
export { runSeed as runRaftSeed } from "../src/core/raft/testing/cluster-run.js";
