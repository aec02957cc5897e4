/**
 * What stands around every handler: a learner refuses what only a full member may answer, a client that insists on a leader
 * (metadata `hasleader: true`) is refused at once while none is known, and while authentication is on, who may not call the
 * method does not reach its handler (`access.ts`). `observe.ts` stands around this and counts.
 *
 * A wrapper instead of a middleware, because it costs a unary call nothing but two function calls, on every engine.
 */
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { RangeRequest } from "@kvorum/proto";
import { type CallContext, methodPath, type ServiceImplementation } from "@kvorum/transport";
import { ServerError } from "../core/errors.js";
import type { NodeApi } from "../node/api.js";
import { accessTo, checkAccess } from "./access.js";
import type { Identities } from "./auth-ports.js";
import type { RpcParts } from "./parts.js";

type Handler = (request: unknown, context: CallContext) => unknown;
/** Throws when the call is refused; a promise only where it takes time to know. */
type Check = (request: unknown, context: CallContext) => void | Promise<void>;

/** True when the client wants an error rather than a wait while there is no leader. */
export function requiresLeader(context: CallContext): boolean {
  return context.metadata.get("hasleader") === "true";
}

/** The same implementation, guarded. */
export function guard<S extends DescService>(
  service: S,
  implementation: ServiceImplementation<S>,
  { node, auth }: Pick<RpcParts, "node" | "auth">,
): ServiceImplementation<S> {
  const handlers = implementation as Readonly<Record<string, Handler | undefined>>;
  const guarded: Record<string, Handler> = {};
  for (const method of service.methods) {
    const handler = handlers[method.localName];
    if (handler === undefined) continue;
    const authorize = authorizer(method, { node, auth });
    const check: Check = (request, context) => {
      if (node.isLearner && !servedByLearner(method, request)) throw new ServerError("notSupportedForLearner");
      checkLeader(node, context);
      return node.auth.enabled ? authorize(request, context) : undefined;
    };
    guarded[method.localName] = answersWithStream(method)
      ? aroundStream(handler, check)
      : aroundUnary(handler, check, auth?.identities);
  }
  return guarded as ServiceImplementation<S>;
}

function aroundUnary(handler: Handler, check: Check, identities: Identities | undefined): Handler {
  const afterwards = async (checked: Promise<void>, request: unknown, context: CallContext): Promise<unknown> => {
    await checked;
    try {
      return await handler(request, context);
    } catch (error) {
      // The users have changed since the guard looked, and the call had no effect. What it shows may still be worth the
      // same (a token is, a JWT of an older revision is not): then the client need not hear of it.
      if (!isOldRevision(error) || !(await isRenewed(identities, context))) throw error;
      return handler(request, context);
    }
  };
  return (request, context) => {
    const checked = check(request, context);
    return checked === undefined ? handler(request, context) : afterwards(checked, request, context);
  };
}

async function isRenewed(identities: Identities | undefined, context: CallContext): Promise<boolean> {
  const before = identities?.of(context);
  const now = await identities?.again(context);
  return before !== undefined && now !== undefined && now.authRevision > before.authRevision;
}

function isOldRevision(error: unknown): boolean {
  return error instanceof ServerError && error.reason === "authOldRevision";
}

function aroundStream(handler: Handler, check: Check): Handler {
  const afterwards = async function* (checked: Promise<void>, request: unknown, context: CallContext) {
    await checked;
    yield* handler(request, context) as AsyncIterable<unknown>;
  };
  return (request, context) => {
    const checked = check(request, context);
    return checked === undefined ? handler(request, context) : afterwards(checked, request, context);
  };
}

/** Finds out who asks, for the handler too, and whether such a one may. A method without a class is for root alone. */
function authorizer(method: DescMethod, { node, auth }: Pick<RpcParts, "node" | "auth">): Check {
  const access = accessTo(method) ?? "root";
  if (access === "open" || access === "watch") return () => {};
  return async (request, context) => {
    await auth?.identities.find(context);
    const identity = auth?.identities.of(context);
    await node.authorize((users) => checkAccess(access, users, identity, request));
  };
}

function checkLeader(node: NodeApi, context: CallContext): void {
  if (requiresLeader(context) && node.raftStatus.lead === 0n) throw new ServerError("noLeader");
}

/** Its log may lie behind, and nobody counts on it: it tells its status, a stale range, and its data as a whole (etcd). */
function servedByLearner(method: DescMethod, request: unknown): boolean {
  const path = methodPath(method);
  if (path === "/etcdserverpb.KV/Range") return (request as RangeRequest).serializable;
  return path === "/etcdserverpb.Maintenance/Status" || path === "/etcdserverpb.Maintenance/Snapshot";
}

function answersWithStream(method: DescMethod): boolean {
  return method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming";
}
