/** Every story, so that the test plays all of them and the recall finds one by its name. */
import { acknowledgedWriteOutlivesPower } from "./acknowledged-write-outlives-power.js";
import { defragmentationMeetsSnapshot, snapshotsInQuickSuccession } from "./backend-is-replaced-alone.js";
import { backendMarkMatchesItsData } from "./backend-mark-matches-its-data.js";
import {
  deleteAtTheCompactedRevision,
  interruptedCompactionKeepsDeletes,
  revisionNeverDecreases,
} from "./compaction-keeps-the-newest.js";
import { deletedStaysDeleted } from "./deleted-stays-deleted.js";
import { eachEventOnce } from "./each-event-once.js";
import { failedSnapshotIsSentAgain } from "./failed-snapshot-is-sent-again.js";
import { failedSyncIsFinal } from "./failed-sync-is-final.js";
import { frameIsNotKept } from "./frame-is-not-kept.js";
import { futureWatchGetsNothingOlder } from "./future-watch-gets-nothing-older.js";
import { grantedLeaseIsRenewableAtOnce } from "./granted-lease-is-renewable-at-once.js";
import { growthKeepsTheQuorum } from "./growth-keeps-the-quorum.js";
import { lateAnswersConfirmNothing } from "./late-answers-confirm-nothing.js";
import { learnerStaysALearner } from "./learner-stays-a-learner.js";
import { leaseRunsDownAcrossRestarts } from "./lease-runs-down-across-restarts.js";
import { logCoversTheBackend } from "./log-covers-the-backend.js";
import { messageForAnotherIsDropped } from "./message-for-another-is-dropped.js";
import { newLeaderReadsWhatWasCommitted } from "./new-leader-reads-what-was-committed.js";
import { oldRecordShortensNothing } from "./old-record-shortens-nothing.js";
import { ordinaryUse } from "./ordinary-use.js";
import { permissionsComeWithTheSnapshot } from "./permissions-come-with-the-snapshot.js";
import { progressStandsBehindEvents } from "./progress-stands-behind-events.js";
import { renewalMeansTheLeaseExists } from "./renewal-means-the-lease-exists.js";
import { renewalOutlivesItsLeader } from "./renewal-outlives-its-leader.js";
import { renewedLeaseOutlivesItsLeader } from "./renewed-lease-outlives-its-leader.js";
import { returnDisturbsNobody } from "./return-disturbs-nobody.js";
import { roleOutlivesRestart } from "./role-outlives-restart.js";
import type { Scenario } from "./scenario.js";
import { slowWatchHearsOfCompaction } from "./slow-watch-hears-of-compaction.js";
import { snapshotOutlivesPower } from "./snapshot-outlives-power.js";
import { staleAppendTakesNothingAway } from "./stale-append-takes-nothing-away.js";
import { stallIsNoSilence } from "./stall-is-no-silence.js";
import { stopLetsASnapshotIn } from "./stop-lets-a-snapshot-in.js";
import { tornLogIsMended } from "./torn-log-is-mended.js";
import { transactionFailsAsAWhole } from "./transaction-fails-as-a-whole.js";
import { voteOutlivesPower } from "./vote-outlives-power.js";
import { watchOutlivesASnapshot } from "./watch-outlives-a-snapshot.js";

export const SCENARIOS: readonly Scenario[] = [
  ordinaryUse,
  acknowledgedWriteOutlivesPower,
  backendMarkMatchesItsData,
  deletedStaysDeleted,
  snapshotOutlivesPower,
  defragmentationMeetsSnapshot,
  snapshotsInQuickSuccession,
  watchOutlivesASnapshot,
  progressStandsBehindEvents,
  eachEventOnce,
  slowWatchHearsOfCompaction,
  futureWatchGetsNothingOlder,
  revisionNeverDecreases,
  deleteAtTheCompactedRevision,
  interruptedCompactionKeepsDeletes,
  grantedLeaseIsRenewableAtOnce,
  leaseRunsDownAcrossRestarts,
  renewalMeansTheLeaseExists,
  renewedLeaseOutlivesItsLeader,
  transactionFailsAsAWhole,
  roleOutlivesRestart,
  learnerStaysALearner,
  growthKeepsTheQuorum,
  messageForAnotherIsDropped,
  failedSyncIsFinal,
  lateAnswersConfirmNothing,
  logCoversTheBackend,
  returnDisturbsNobody,
  stallIsNoSilence,
  tornLogIsMended,
  frameIsNotKept,
  newLeaderReadsWhatWasCommitted,
  staleAppendTakesNothingAway,
  voteOutlivesPower,
  failedSnapshotIsSentAgain,
  renewalOutlivesItsLeader,
  permissionsComeWithTheSnapshot,
  stopLetsASnapshotIn,
  oldRecordShortensNothing,
];
