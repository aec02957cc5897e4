/** Why a log cannot be opened or written. All of them stop the member. */

/** Data that was acknowledged is damaged or missing. Names the file and the offset, and the two ways out. */
export class WalCorruptError extends Error {
  override readonly name = "WalCorruptError";
  readonly file: string;
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly reason: string;

  constructor(file: string, offset: number, reason: string, cause?: unknown) {
    super(
      `write-ahead log ${file} is damaged at byte ${offset}: ${reason}. What is lost here was acknowledged, so this member ` +
        "does not start with it. Bring the data directory back from a backup; a member of several can be removed from the " +
        "cluster instead and added again with an empty data directory",
      cause === undefined ? {} : { cause },
    );
    this.file = file;
    this.offset = offset;
    this.reason = reason;
  }
}

/** The log is whole but belongs to another member or was written by another version. */
export class WalMismatchError extends Error {
  override readonly name = "WalMismatchError";
}

/** A write or a sync failed earlier: what the file holds is unknown, so nothing more is written to it. */
export class WalFailedError extends Error {
  override readonly name = "WalFailedError";

  constructor(cause: unknown) {
    super("the write-ahead log failed earlier and takes no more writes", { cause });
  }
}
