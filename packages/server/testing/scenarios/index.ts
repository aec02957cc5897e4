/** Every story, so that the test plays all of them and the recall finds one by its name. */
import { acknowledgedWriteOutlivesPower } from "./acknowledged-write-outlives-power.js";
import { grantedLeaseIsRenewableAtOnce } from "./granted-lease-is-renewable-at-once.js";
import { leaseRunsDownAcrossRestarts } from "./lease-runs-down-across-restarts.js";
import { renewalMeansTheLeaseExists } from "./renewal-means-the-lease-exists.js";
import { renewedLeaseOutlivesItsLeader } from "./renewed-lease-outlives-its-leader.js";
import type { Scenario } from "./scenario.js";
import { transactionFailsAsAWhole } from "./transaction-fails-as-a-whole.js";

export const SCENARIOS: readonly Scenario[] = [
  acknowledgedWriteOutlivesPower,
  grantedLeaseIsRenewableAtOnce,
  leaseRunsDownAcrossRestarts,
  renewalMeansTheLeaseExists,
  renewedLeaseOutlivesItsLeader,
  transactionFailsAsAWhole,
];
