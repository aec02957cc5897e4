/** The names of the failpoints, for the tests of real processes, which import nothing of a package but its face and this folder. */
export { FAILPOINT_SITES, type FailpointSite } from "../src/failpoint-sites.js";
