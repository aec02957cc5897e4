/** Chance for those who stand outside of the server and work on its simulated cluster: one stream for each concern of a seed. */
export { Chance } from "../../src/core/seeded/chance.js";
