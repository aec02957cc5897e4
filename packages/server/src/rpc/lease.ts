/** The Lease service. A lease that is gone is no error to the client that renews or asks: it reads TTL 0, or -1. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Lease, LeaseKeepAliveRequest, LeaseKeepAliveResponseSchema } from "@kvorum/proto";
import type { CallContext, ServiceImplementation } from "@kvorum/transport";
import type { AuthView } from "../core/auth/auth-view.js";
import type { Identity } from "../core/auth/types.js";
import type { ServerError } from "../core/errors.js";
import { requiresLeader } from "./guard.js";
import { headerOf } from "./header.js";
import type { RpcParts } from "./parts.js";
import { traceOf } from "./trace.js";
import { Inbox, Wakeup } from "./wakeup.js";

const NO_RANGE_END: Uint8Array = new Uint8Array();

type KeepAliveMessage = MessageInitShape<typeof LeaseKeepAliveResponseSchema>;

export function leaseService(parts: RpcParts): ServiceImplementation<typeof Lease> {
  const { node, auth, pickLeaseId } = parts;
  return {
    async leaseGrant(request, context) {
      const id = request.ID === 0n ? pickLeaseId() : request.ID;
      const command = { kind: "lease-grant", id, ttlSeconds: secondsOf(request.TTL) } as const;
      const result = await node.propose(command, auth?.identities.of(context), traceOf(context));
      return { header: headerOf(node, result.revision), ID: result.id, TTL: BigInt(result.ttlSeconds) };
    },

    async leaseRevoke({ ID }, context) {
      const command = { kind: "lease-revoke", id: ID, leaderTerm: 0 } as const;
      const result = await node.propose(command, auth?.identities.of(context), traceOf(context));
      return { header: headerOf(node, result.revision) };
    },

    leaseKeepAlive: (requests, context) => keepAlive(parts, requests, context),

    async leaseTimeToLive({ ID, keys }, context) {
      const lease = await node.leaseTimeToLive(ID, keys);
      // What is about to be shown counts, whatever hung on the lease before (CVE-2023-32082).
      await checkKeys(parts, context, (users, caller) => {
        for (const key of lease.keys) users.checkRead(caller, key, NO_RANGE_END);
      });
      return {
        header: headerOf(node),
        ID,
        TTL: BigInt(lease.ttlSeconds),
        grantedTTL: BigInt(lease.grantedTtlSeconds),
        keys: [...lease.keys],
      };
    },

    async leaseLeases(_request, context) {
      const ids = await node.leases();
      await checkKeys(parts, context, (users, caller) => {
        for (const id of ids) users.checkLease(caller, id, "read");
      });
      return { header: headerOf(node), leases: ids.map((ID) => ({ ID })) };
    },
  };
}

/** Errors: those of the check, which passes while authentication is off. */
async function checkKeys(
  { node, auth }: RpcParts,
  context: CallContext,
  check: (users: AuthView, caller: Identity | undefined) => void,
): Promise<void> {
  if (!node.auth.enabled) return;
  const caller = auth?.identities.of(context);
  await node.authorize((users) => check(users, caller));
}

/** One answer a request, in order; the end of requests ends the stream. */
async function* keepAlive(
  parts: RpcParts,
  requests: AsyncIterable<LeaseKeepAliveRequest>,
  context: CallContext,
): AsyncGenerator<KeepAliveMessage, void, undefined> {
  const { node, auth, ends, metrics } = parts;
  const wakeup = new Wakeup();
  const wake = (): void => wakeup.wake();
  let end: ServerError | undefined;
  const forget = ends.add(requiresLeader(context), (reason) => {
    end = reason;
    wake();
  });
  context.signal.addEventListener("abort", wake, { once: true });
  const inbox = new Inbox(requests, wake, () => {
    if (!context.signal.aborted) metrics.calls.streamFailures.of("receive", "lease-keepalive").add();
  });
  try {
    for (;;) {
      if (end !== undefined) throw end;
      context.signal.throwIfAborted();
      const request = inbox.take();
      if (request !== undefined) {
        // The stream may be older than what its user may do now; to renew a lease keeps the token alive as well.
        if (node.auth.enabled) await auth?.identities.find(context);
        await checkKeys(parts, context, (users, caller) => users.checkLease(caller, request.ID, "write"));
        // Filled before the renewal, so that the header's revision is never past the point where the lease was alive.
        const header = headerOf(node);
        const ttlSeconds = await node.renewLease(request.ID);
        yield { header, ID: request.ID, TTL: BigInt(ttlSeconds) };
      } else if (inbox.finished) return;
      else await wakeup.wait();
    }
  } finally {
    context.signal.removeEventListener("abort", wake);
    forget();
    inbox.close();
  }
}

/** Any int64 as a number; beyond 2^53 the exact value does not matter, it is refused either way. */
function secondsOf(ttl: bigint): number {
  const limit = BigInt(Number.MAX_SAFE_INTEGER);
  if (ttl > limit) return Number.MAX_SAFE_INTEGER;
  return ttl < 0n ? 0 : Number(ttl);
}
