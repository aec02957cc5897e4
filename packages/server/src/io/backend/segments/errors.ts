/** Why a backend cannot be opened or used. All of them stop the member. */

/** Something that was durable is damaged or missing. */
export class BackendCorruptError extends Error {
  override readonly name = "BackendCorruptError";
  readonly file: string;
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly reason: string;

  constructor(file: string, offset: number, reason: string, cause?: unknown) {
    super(
      `the backend's file ${file} is damaged at byte ${offset}: ${reason}. Bring the data directory back from a backup; a ` +
        "member of several can be removed from the cluster instead and added again with an empty data directory",
      cause === undefined ? {} : { cause },
    );
    this.file = file;
    this.offset = offset;
    this.reason = reason;
  }
}

/** The files are whole but another version's. */
export class BackendMismatchError extends Error {
  override readonly name = "BackendMismatchError";
}

/** A disk failed earlier: what the files hold is not known, so nothing more is written to them. */
export class BackendFailedError extends Error {
  override readonly name = "BackendFailedError";

  constructor(cause: unknown) {
    super("the backend failed earlier and takes nothing more", { cause });
  }
}
