/**
 * Reads of what is stored, and their end: a member whose disk refuses one stops, because nobody knows what else it refuses.
 * Callers hear `etcdserver: server stopped`, as of every member that stops; the log has the cause, with its file.
 *
 * An apply is no such read. What it throws stops the member as it is, and must never become an answer that the other members
 * would not give.
 */
import { ServerError } from "../core/errors.js";
import { UnreadableError } from "../core/mvcc/backend.js";

/** What `run` returns. Errors: `stopped` where the backend cannot be read, after `fail` was told; else those of `run`. */
export function reading<T>(fail: (cause: unknown) => void, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw stoppedBy(error, fail);
  }
}

/** The same for what takes its time. */
export async function readingSlowly<T>(fail: (cause: unknown) => void, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw stoppedBy(error, fail);
  }
}

/** What a caller is told of an error of a read. */
export function stoppedBy(error: unknown, fail: (cause: unknown) => void): unknown {
  if (!(error instanceof UnreadableError)) return error;
  fail(error);
  return new ServerError("stopped");
}
