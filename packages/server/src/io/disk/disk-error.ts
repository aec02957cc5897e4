/** Errors of a disk carry the operating system's code, whichever disk they come from. */
export class DiskError extends Error {
  override readonly name = "DiskError";
  /** An errno name such as `ENOENT` or `ENOSPC`. */
  readonly code: string;

  constructor(code: string, message: string, cause?: unknown) {
    super(`${code}: ${message}`, cause === undefined ? {} : { cause });
    this.code = code;
  }
}

export function diskError(code: string, message: string, cause?: unknown): DiskError {
  return new DiskError(code, message, cause);
}

/** True for this module's errors and for Node's own. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
