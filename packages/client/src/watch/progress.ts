/**
 * "Am I caught up?" A server answers a progress request only when all watches of the stream are, so it is asked until it
 * does. It keeps silent as well while a watch starts after the newest revision, as every idle one does that was resumed; so it
 * is also asked where it stands, which may be no further than what was reported. Before 3.4.25 and 3.5.8 etcd could answer a
 * progress request ahead of the events (etcd issue 15220), so there only the second is done.
 */
import { Maintenance } from "@kvorum/proto";
import { sleep } from "../clock.js";
import { EtcdError, TimeoutError } from "../errors.js";
import type { StoreContext } from "../kv/store.js";
import { type Caller, DEFAULT_TIMEOUT_MS } from "../net/caller.js";
import type { CallOptions } from "../options.js";
import type { Subscription } from "./subscription.js";

const ASK_AGAIN_MS = 100;

export async function fullyReported(
  context: StoreContext,
  subscription: Subscription,
  options: CallOptions,
): Promise<bigint> {
  const { hub } = subscription;
  options.signal?.throwIfAborted();
  const deadlineMs = hub.clock.nowMs() + (options.timeout ?? DEFAULT_TIMEOUT_MS);
  const answered = new AbortController();
  let revision: bigint | undefined;
  const remove = hub.listen((reached, synced) => {
    // The answer speaks for all watches that the server had when it gave it.
    if (hub.endpointOf(subscription) === undefined) return;
    if (!synced && subscription.reported < reached) return;
    revision = synced ? reached : subscription.reported;
    answered.abort();
  });
  try {
    while (hub.clock.nowMs() < deadlineMs) {
      const endpoint = hub.endpointOf(subscription);
      const version = endpoint && (await versionOf(context.caller, endpoint.address, options));
      const exact = version === undefined || progressIsExact(version);
      if (version !== undefined) hub.ask(exact);
      await sleep(hub.clock, ASK_AGAIN_MS, answered.signal, options.signal).catch(() => undefined);
      if (revision !== undefined) return revision;
      options.signal?.throwIfAborted();
      if (!exact) throw notSupported(version, endpoint?.address);
    }
  } finally {
    remove();
  }
  throw new TimeoutError("the watch did not catch up in time", {
    code: "DEADLINE_EXCEEDED",
    reason: "timeout",
    outcome: "not-applied",
  });
}

/** The version of the server there, such as `3.5.9`. */
export async function versionOf(caller: Caller, address: string, options: CallOptions = {}): Promise<string> {
  const status = await caller.unary(Maintenance.method.status, {}, "read", { ...options, endpoint: address });
  return status.version;
}

function notSupported(version: string, endpoint: string | undefined): EtcdError {
  return new EtcdError(`etcd ${version} may answer a progress request ahead of the events`, {
    code: "UNIMPLEMENTED",
    reason: "not-supported",
    outcome: "not-applied",
    endpoint,
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
