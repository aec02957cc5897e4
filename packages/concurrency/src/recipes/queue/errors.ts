/** What the end of a claim can be: an answer about ownership, not about a request. */

/** The job is no longer this worker's: its session was lost, or it was given back. Nothing was written. Reason of `job.signal`. */
export class ClaimLostError extends Error {
  override readonly name = "ClaimLostError";
  /** The job's id. */
  readonly id: string;
  readonly fencingToken: bigint;

  constructor(id: string, fencingToken: bigint, why: string, cause?: unknown) {
    super(`the claim of job ${id} with token ${fencingToken} ${why}`, { cause });
    this.id = id;
    this.fencingToken = fencingToken;
  }
}
