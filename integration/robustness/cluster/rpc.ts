/** One call to one member over a connection of its own, so that no back-off of an earlier failure delays it. */
import { type Channel, niceChannel, RpcError } from "@kvorum/transport";

/** Opens a channel for the work and closes it. */
export async function withChannel<T>(endpoint: string, work: (channel: Channel) => Promise<T>): Promise<T> {
  const channel = niceChannel(endpoint, { connectTimeoutMs: 1_000 });
  try {
    return await work(channel);
  } finally {
    await channel.close();
  }
}

/**
 * Repeats the work until it succeeds; between two attempts a moment passes. Only what a cluster may answer while it
 * recovers is repeated, everything else is thrown.
 */
export async function eventually<T>(what: string, timeoutMs: number, work: () => Promise<T | undefined>): Promise<T> {
  const end = performance.now() + timeoutMs;
  let last: unknown = NOT_HELD;
  while (performance.now() < end) {
    try {
      const result = await work();
      if (result !== undefined) return result;
      last = NOT_HELD;
    } catch (error) {
      if (!(error instanceof RpcError) && !(error instanceof NotYet)) throw error;
      last = error.message;
    }
    await pause(25);
  }
  throw new Error(`not within ${timeoutMs} ms: ${what} (${last})`);
}

const NOT_HELD = "it did not hold";

/** Thrown by work that should be tried again, with the reason. */
export class NotYet extends Error {}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
