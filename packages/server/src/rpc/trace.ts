/**
 * The id by which the log knows a request: that of the entry it was proposed as, which is unique in the cluster and travels
 * with the entry, so that every member that applies it knows it too. The node leaves it in the call's own context, as a
 * number; text is made of it only for a line that is written.
 */
import type { CallContext } from "@kvorum/transport";
import type { Trace } from "../node/api.js";

interface TracedContext extends CallContext, Trace {}

/** For `NodeApi.propose`. A property of the context, because a map or an object beside it would cost every write something. */
export function traceOf(context: CallContext): Trace {
  return context as TracedContext;
}
