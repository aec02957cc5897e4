/** The failpoints of production: nothing happens at any of them. */
import type { Failpoints } from "../env.js";

export const NO_FAILPOINTS: Failpoints = Object.freeze({ hit() {} });
