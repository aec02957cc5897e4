/**
 * The Watch service: one core stream a call. One loop serves both directions, so responses leave in the order the core
 * hands them out, and are pulled only as fast as the connection takes them; what the client does not read stays in the
 * core, bounded there.
 */
import { type Watch, type WatchCreateRequest, WatchCreateRequest_FilterType, type WatchRequest } from "@kvorum/proto";
import type { CallContext, ServiceImplementation } from "@kvorum/transport";
import { ServerError } from "../core/errors.js";
import type { WatchCreate, WatchResponse, WatchStream } from "../core/watch/types.js";
import { requiresLeader } from "./guard.js";
import type { CallMeasures } from "./metrics/call-measures.js";
import type { RpcParts } from "./parts.js";
import { Inbox, Wakeup } from "./wakeup.js";
import { type WatchMessage, WatchMessages } from "./watch-messages.js";

/** The empty key, which watches read as the lowest one. */
const LOWEST_KEY: Uint8Array = Uint8Array.of(0);

export function watchService(parts: RpcParts): ServiceImplementation<typeof Watch> {
  const messages = new WatchMessages(parts.node);
  return { watch: (requests, context) => serveStream(parts, messages, requests, context) };
}

async function* serveStream(
  { node, auth, ends, metrics, observing }: RpcParts,
  messages: WatchMessages,
  requests: AsyncIterable<WatchRequest>,
  context: CallContext,
): AsyncGenerator<WatchMessage, void, undefined> {
  const wakeup = new Wakeup();
  const wake = (): void => wakeup.wake();
  let end: ServerError | undefined;
  const finish = (reason: ServerError): void => {
    end ??= reason;
    wake();
  };
  const canceled = (): void => finish(new ServerError("watchCanceled"));
  const stream = node.watch.openStream(wake);
  const forget = ends.add(requiresLeader(context), finish);
  context.signal.addEventListener("abort", canceled, { once: true });
  const inbox = new Inbox(requests, wake, () => {
    if (!context.signal.aborted) metrics.calls.streamFailures.of("receive", "watch").add();
  });
  try {
    if (context.signal.aborted) canceled();
    for (;;) {
      if (end !== undefined) throw end;
      await takeRequests(stream, inbox, (create) => refusalOf({ node, auth }, context, create));
      const response = stream.next();
      // A client that has sent its last request still gets its events, so the end of requests is no end of the stream.
      if (response === undefined) await wakeup.wait();
      else {
        const startMs = observing.clock.nowMs();
        yield messages.of(response);
        countSend(metrics.calls, response, (observing.clock.nowMs() - startMs) / 1000);
      }
    }
  } finally {
    context.signal.removeEventListener("abort", canceled);
    forget();
    inbox.close();
    stream.close();
  }
}

/** How long the connection took the response: it asks for the next one when it has room. */
function countSend(calls: CallMeasures, { events, created, canceled }: WatchResponse, seconds: number): void {
  if (events.length > 0) {
    calls.watchSend.observe(seconds);
    calls.watchSendPerEvent.observe(seconds / events.length);
  } else (created || canceled ? calls.watchControlSend : calls.watchProgressSend).observe(seconds);
}

/** Why the watch must not be, if it must not; a promise only where that takes time to know. */
type Refuse = (create: WatchCreate) => undefined | Promise<string | undefined>;

/** While the stream is full, requests wait too: each of them may put another response into it. */
async function takeRequests(stream: WatchStream, inbox: Inbox<WatchRequest>, refuse: Refuse): Promise<void> {
  while (!stream.full) {
    const request = inbox.take();
    if (request === undefined) return;
    const { requestUnion } = request;
    // A union of a later version is ignored, as etcd does.
    if (requestUnion.case === "createRequest") {
      const create = watchCreate(requestUnion.value);
      const refusal = Number.isSafeInteger(create.watchId) ? await refuse(create) : ID_OUT_OF_RANGE;
      if (refusal === undefined) stream.create(create);
      else stream.refuse(refusal);
    } else if (requestUnion.case === "cancelRequest") cancel(stream, requestUnion.value.watchId);
    else if (requestUnion.case === "progressRequest") stream.requestProgress();
  }
}

/** Ids of watches are numbers here; one that a number can not hold would be taken for another. */
const ID_OUT_OF_RANGE = "mvcc: watch ID is beyond 2^53 - 1";

/** What etcd tells apart; every other reason not to let a watch through is a denial. */
const REFUSALS: ReadonlyMap<string, string> = new Map([
  ["userEmpty", "InvalidArgument"],
  ["authOldRevision", "InvalidArgument"],
  ["invalidAuthToken", "Unauthenticated"],
]);

/**
 * Each watch of a stream is checked when it is created, with the token as it is worth then. One that runs goes on when its
 * user loses the permission (etcd too); the next one is refused. The text is that of a Go error, which clients look for.
 */
function refusalOf(
  { node, auth }: Pick<RpcParts, "node" | "auth">,
  context: CallContext,
  { key, rangeEnd }: WatchCreate,
): undefined | Promise<string | undefined> {
  if (!node.auth.enabled) return undefined;
  const check = async (): Promise<undefined> => {
    const caller = await auth?.identities.again(context);
    await node.authorize((users) => users.checkRead(caller, key, rangeEnd));
  };
  return check().catch((error: unknown) => {
    if (!(error instanceof ServerError)) throw error;
    const code = REFUSALS.get(error.reason);
    const { message } = code === undefined ? new ServerError("permissionDenied") : error;
    return `rpc error: code = ${code ?? "PermissionDenied"} desc = ${message}`;
  });
}

function cancel(stream: WatchStream, watchId: bigint): void {
  const id = Number(watchId);
  if (Number.isSafeInteger(id)) stream.cancel(id);
}

/** Copies the keys: the watch lives longer than the message they are views of. */
function watchCreate(request: WatchCreateRequest): WatchCreate {
  return {
    watchId: Number(request.watchId),
    key: request.key.length === 0 ? LOWEST_KEY : request.key.slice(),
    rangeEnd: request.rangeEnd.slice(),
    startRevision: request.startRevision,
    prevKv: request.prevKv,
    progressNotify: request.progressNotify,
    noPut: request.filters.includes(WatchCreateRequest_FilterType.NOPUT),
    noDelete: request.filters.includes(WatchCreateRequest_FilterType.NODELETE),
    fragment: request.fragment,
  };
}
