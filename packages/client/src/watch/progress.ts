/**
 * "Am I caught up?" A server answers a progress request only when all watches of the stream are, so it is asked until it
 * does. Before 3.4.25 and 3.5.8 etcd could answer ahead of the events (etcd issue 15220), so there it is not asked at all.
 */
import { Maintenance } from "@kvorum/proto";
import { sleep, systemClock } from "../clock.js";
import { EtcdError, TimeoutError } from "../errors.js";
import type { StoreContext } from "../kv/store.js";
import { DEFAULT_TIMEOUT_MS } from "../net/caller.js";
import type { CallOptions } from "../options.js";
import type { Subscriber } from "./watch-hub.js";

const ASK_AGAIN_MS = 100;

export async function fullyReported(
  context: StoreContext,
  subscriber: Subscriber,
  options: CallOptions,
): Promise<bigint> {
  options.signal?.throwIfAborted();
  const deadlineMs = systemClock.nowMs() + (options.timeout ?? DEFAULT_TIMEOUT_MS);
  const answered = new AbortController();
  let revision: bigint | undefined;
  let remove: (() => void) | undefined;
  const listener = (reached: bigint): void => {
    // The answer speaks for all watches that the server had when it gave it.
    if (context.watches.endpointOf(subscriber) === undefined) return;
    revision = reached;
    answered.abort();
  };
  try {
    while (systemClock.nowMs() < deadlineMs) {
      const endpoint = context.watches.endpointOf(subscriber);
      if (endpoint !== undefined) {
        await requireExactProgress(context, endpoint.address, options);
        remove?.();
        remove = context.watches.requestProgress(listener);
      }
      await sleep(systemClock, ASK_AGAIN_MS, answered.signal, options.signal).catch(() => undefined);
      if (revision !== undefined) return revision;
      options.signal?.throwIfAborted();
    }
  } finally {
    remove?.();
  }
  throw new TimeoutError("the watch did not catch up in time", {
    code: "DEADLINE_EXCEEDED",
    reason: "timeout",
    outcome: "not-applied",
  });
}

async function requireExactProgress(context: StoreContext, address: string, options: CallOptions): Promise<void> {
  const status = await context.caller.unary(Maintenance.method.status, {}, "read", { ...options, endpoint: address });
  if (progressIsExact(status.version)) return;
  throw new EtcdError(`etcd ${status.version} may answer a progress request ahead of the events`, {
    code: "UNIMPLEMENTED",
    reason: "not-supported",
    outcome: "not-applied",
    endpoint: address,
  });
}

/** Does a server of this version (`3.5.9`) answer progress requests only when they are true? */
export function progressIsExact(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  if (major !== 3) return major > 3;
  if (minor === 4) return patch >= 25;
  if (minor === 5) return patch >= 8;
  return minor > 5;
}
