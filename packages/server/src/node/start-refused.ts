/** Why a member does not start although its log is whole: who it is told to be, and who it is or was, do not agree. */
import type { Identity } from "./identity.js";

/** The message says what to do about it. Nothing was written. */
export class StartRefusedError extends Error {
  override readonly name = "StartRefusedError";
}

/**
 * A member that has lost its log must not come back under its old id: it has forgotten which entries it acknowledged and
 * whom it voted for, and the others count on both (Raft paper, figure 2).
 */
export function forgottenLogError({ clusterId, memberId }: Identity): StartRefusedError {
  return new StartRefusedError(
    `member ${hex(memberId)} has been started in cluster ${hex(clusterId)} before, and its log is not here. What it ` +
      "promised there is lost with the log, so it cannot come back under this id. Bring its data directory back, or remove " +
      `the member (member remove ${hex(memberId)}), add it again (member add), and start it with an empty data directory ` +
      "and --initial-cluster-state existing",
  );
}

export function refuseForgottenLog(identity: Identity): never {
  throw forgottenLogError(identity);
}

export function refuseRemoved({ clusterId, memberId }: Identity): never {
  throw new StartRefusedError(
    `member ${hex(memberId)} was removed from cluster ${hex(clusterId)}. To join again under a new id, remove its data ` +
      "directory, add it (member add), and start it with --initial-cluster-state existing",
  );
}

/** As ids are shown everywhere. */
export function hex(id: bigint): string {
  return id.toString(16);
}
