/** What each kind of fault does when it strikes; a fault without a strike does not compile. */
import { DISK_STRIKES } from "./disk-strikes.js";
import { MEMBERSHIP_STRIKES } from "./membership-strikes.js";
import { NETWORK_STRIKES } from "./network-strikes.js";
import { OPERATOR_STRIKES } from "./operator-strikes.js";
import type { Fault } from "./plan.js";
import { PROCESS_STRIKES } from "./process-strikes.js";
import type { Strike } from "./strike.js";

export const STRIKES: Readonly<Record<Fault, Strike>> = {
  ...PROCESS_STRIKES,
  ...NETWORK_STRIKES,
  ...DISK_STRIKES,
  ...OPERATOR_STRIKES,
  ...MEMBERSHIP_STRIKES,
  /** Clocks differ from the beginning on (`Simulation.addMachine`). */
  "clock drift": () => {},
};
