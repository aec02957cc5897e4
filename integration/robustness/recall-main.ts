/** What the processes of the recall run: every means by which a historic bug may be noticed; see `scripts/campaigns/recall.mjs`. */
export { runRaftSeed } from "../../packages/server/testing/raft-seed.js";
export { SCENARIOS } from "../../packages/server/testing/scenarios/index.js";
export { runSeed } from "./simulation/run-seed.js";
