/** Opens the session of a lock or a campaign. */
import type { Client } from "@kvorum/client";
import { createSession, type Session } from "@kvorum/concurrency";
import type { Context } from "./command.js";

/**
 * A session that outlives the signal which ends the command: what it holds is given up in order before it is closed.
 *
 * @param ttl seconds; default: the library's
 *
 * Errors: as of `createSession`; the reason of the command's signal while it opens.
 */
export async function openSession(context: Context, client: Client, ttl?: number): Promise<Session> {
  const { signal } = context;
  signal.throwIfAborted();
  const opening = new AbortController();
  const giveUp = (): void => opening.abort(signal.reason);
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    return await createSession(client, { ...(ttl !== undefined && { ttl }), signal: opening.signal });
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}
