/** The Lease service. A lease that is gone is no error to the client that renews or asks: it reads TTL 0, or -1. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Lease, LeaseKeepAliveRequest, LeaseKeepAliveResponseSchema } from "@kvorum/proto";
import type { CallContext, ServiceImplementation } from "@kvorum/transport";
import type { ServerError } from "../core/errors.js";
import { requiresLeader } from "./guard.js";
import { headerOf } from "./header.js";
import type { RpcParts } from "./parts.js";
import { Inbox, Wakeup } from "./wakeup.js";

type KeepAliveMessage = MessageInitShape<typeof LeaseKeepAliveResponseSchema>;

export function leaseService(parts: RpcParts): ServiceImplementation<typeof Lease> {
  const { node, pickLeaseId } = parts;
  return {
    async leaseGrant(request) {
      const id = request.ID === 0n ? pickLeaseId() : request.ID;
      const result = await node.propose({ kind: "lease-grant", id, ttlSeconds: secondsOf(request.TTL) });
      return { header: headerOf(node, result.revision), ID: result.id, TTL: BigInt(result.ttlSeconds) };
    },

    async leaseRevoke({ ID }) {
      const result = await node.propose({ kind: "lease-revoke", id: ID, leaderTerm: 0 });
      return { header: headerOf(node, result.revision) };
    },

    leaseKeepAlive: (requests, context) => keepAlive(parts, requests, context),

    async leaseTimeToLive({ ID, keys }) {
      const lease = await node.leaseTimeToLive(ID, keys);
      return {
        header: headerOf(node),
        ID,
        TTL: BigInt(lease.ttlSeconds),
        grantedTTL: BigInt(lease.grantedTtlSeconds),
        keys: [...lease.keys],
      };
    },

    async leaseLeases() {
      const ids = await node.leases();
      return { header: headerOf(node), leases: ids.map((ID) => ({ ID })) };
    },
  };
}

/** One answer a request, in order; the end of requests ends the stream. */
async function* keepAlive(
  { node, ends }: RpcParts,
  requests: AsyncIterable<LeaseKeepAliveRequest>,
  context: CallContext,
): AsyncGenerator<KeepAliveMessage, void, undefined> {
  const wakeup = new Wakeup();
  const wake = (): void => wakeup.wake();
  let end: ServerError | undefined;
  const forget = ends.add(requiresLeader(context), (reason) => {
    end = reason;
    wake();
  });
  context.signal.addEventListener("abort", wake, { once: true });
  const inbox = new Inbox(requests, wake);
  try {
    for (;;) {
      if (end !== undefined) throw end;
      context.signal.throwIfAborted();
      const request = inbox.take();
      if (request !== undefined) {
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
