/** What the processes of a simulation campaign run; bundled and started by `scripts/campaigns/simulation.mjs`. */
export { missing } from "../../../packages/server/testing/simulation/counters.js";
export { forbidGlobals } from "../../../packages/server/testing/simulation/forbidden-globals.js";
export { runSeed } from "./run-seed.js";
export { shrink } from "./shrink.js";
