/** Every story, so that the test plays all of them and the recall finds one by its name. */
import { acknowledgedWriteOutlivesPower } from "./acknowledged-write-outlives-power.js";
import { grantedLeaseIsRenewableAtOnce } from "./granted-lease-is-renewable-at-once.js";
import { growthKeepsTheQuorum } from "./growth-keeps-the-quorum.js";
import { learnerStaysALearner } from "./learner-stays-a-learner.js";
import { leaseRunsDownAcrossRestarts } from "./lease-runs-down-across-restarts.js";
import { messageForAnotherIsDropped } from "./message-for-another-is-dropped.js";
import { renewalMeansTheLeaseExists } from "./renewal-means-the-lease-exists.js";
import { renewedLeaseOutlivesItsLeader } from "./renewed-lease-outlives-its-leader.js";
import { roleOutlivesRestart } from "./role-outlives-restart.js";
import type { Scenario } from "./scenario.js";
import { transactionFailsAsAWhole } from "./transaction-fails-as-a-whole.js";

export const SCENARIOS: readonly Scenario[] = [
  acknowledgedWriteOutlivesPower,
  grantedLeaseIsRenewableAtOnce,
  leaseRunsDownAcrossRestarts,
  renewalMeansTheLeaseExists,
  renewedLeaseOutlivesItsLeader,
  transactionFailsAsAWhole,
  roleOutlivesRestart,
  learnerStaysALearner,
  growthKeepsTheQuorum,
  messageForAnotherIsDropped,
];
