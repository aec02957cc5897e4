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

/** What a read comes to. The operating system's error for a failed one says what went wrong and not where: this one says both. */
export async function naming<T>(path: string, read: Promise<T>): Promise<T> {
  try {
    return await read;
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** The same for a read that blocks. */
export function namingNow<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): DiskError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "EIO";
  return diskError(code, `cannot read '${path}'`, error);
}

/** True for this module's errors and for Node's own. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
