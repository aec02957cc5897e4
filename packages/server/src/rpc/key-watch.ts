/** One watch inside the server: what a service that waits for a key pulls from, instead of a client's stream. */
import { type CallContext, RpcError, StatusCode } from "@kvorum/transport";
import { ServerError } from "../core/errors.js";
import type { WatchResponse } from "../core/watch/types.js";
import { requiresLeader } from "./guard.js";
import type { RpcParts } from "./parts.js";
import { Wakeup } from "./wakeup.js";

export interface WatchedRange {
  readonly key: Uint8Array;
  /** Empty for the single key. */
  readonly rangeEnd: Uint8Array;
  readonly startRevision: bigint;
}

/**
 * Responses with events, in order, for as long as they are asked for. Whether the caller may read the keys is checked once,
 * before the watch begins.
 *
 * Errors: `compacted`, `stopped`, `noLeader` for a caller that insists on one; the signal's reason when the call ends.
 */
export async function* watchKeys(
  { node, ends, auth }: Pick<RpcParts, "node" | "ends" | "auth">,
  range: WatchedRange,
  context: CallContext,
): AsyncGenerator<WatchResponse, void, undefined> {
  const { signal } = context;
  const { key, rangeEnd } = range;
  if (node.auth.enabled) {
    const identity = await auth?.identities.again(context);
    await node.authorize((users) => users.checkRead(identity, key, rangeEnd));
  }
  const wakeup = new Wakeup();
  const wake = (): void => wakeup.wake();
  let end: ServerError | undefined;
  const stream = node.watch.openStream(wake);
  const forget = ends.add(requiresLeader(context), (reason) => {
    end = reason;
    wake();
  });
  signal.addEventListener("abort", wake, { once: true });
  try {
    stream.create({ ...range, ...PLAIN });
    for (;;) {
      signal.throwIfAborted();
      if (end !== undefined) throw end;
      const response = stream.next();
      if (response === undefined) await wakeup.wait();
      else if (response.canceled) throw endOf(response);
      else if (response.events.length > 0) yield response;
    }
  } finally {
    signal.removeEventListener("abort", wake);
    forget();
    stream.close();
  }
}

const PLAIN = { watchId: 0, prevKv: false, progressNotify: false, noPut: false, noDelete: false, fragment: false };

function endOf({ compactRevision, cancelReason }: WatchResponse): Error {
  return compactRevision > 0n ? new ServerError("compacted") : new RpcError(StatusCode.UNKNOWN, cancelReason);
}
