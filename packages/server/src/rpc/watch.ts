/** The Watch service: one call is one stream of the core, and what a client asks of it is put into effect here. */
import { type Watch, type WatchCreateRequest, WatchCreateRequest_FilterType, type WatchRequest } from "@kvorum/proto";
import type { CallContext, ServiceImplementation } from "@kvorum/transport";
import { ServerError } from "../core/errors.js";
import type { WatchCreate, WatchStream } from "../core/watch/types.js";
import type { RpcParts } from "./parts.js";
import { type TakeRequest, WatchCall } from "./watch-call.js";
import { WatchMessages } from "./watch-messages.js";

/** The empty key, which watches read as the lowest one. */
const LOWEST_KEY: Uint8Array = Uint8Array.of(0);

export function watchService(parts: RpcParts): ServiceImplementation<typeof Watch> {
  const messages = new WatchMessages(parts.node);
  return {
    watch: (requests, context) => {
      const refuse: Refuse = (create) => refusalOf(parts, context, create);
      const take: TakeRequest = (request, stream) => takeRequest(request, stream, refuse);
      return new WatchCall({ parts, messages, requests, context, take });
    },
  };
}

/** Why the watch must not be, if it must not; a promise only where that takes time to know. */
type Refuse = (create: WatchCreate) => undefined | Promise<string | undefined>;

async function takeRequest({ requestUnion }: WatchRequest, stream: WatchStream, refuse: Refuse): Promise<void> {
  // A union of a later version is ignored, as etcd does.
  if (requestUnion.case === "createRequest") {
    const create = watchCreate(requestUnion.value);
    const refusal = Number.isSafeInteger(create.watchId) ? await refuse(create) : ID_OUT_OF_RANGE;
    if (refusal === undefined) stream.create(create);
    else stream.refuse(refusal);
  } else if (requestUnion.case === "cancelRequest") cancel(stream, requestUnion.value.watchId);
  else if (requestUnion.case === "progressRequest") stream.requestProgress();
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
