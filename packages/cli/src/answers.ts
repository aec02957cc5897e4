/**
 * Sees the messages of streams as they arrive. The client hands on what they mean, and leaves out what is only shown to people:
 * the header that came with them.
 */
import type { ClientOptions } from "@kvorum/client";

type RpcMiddleware = NonNullable<ClientOptions["rpcMiddleware"]>[number];

/** @param listener is told the path of the method (`/etcdserverpb.Watch/Watch`) and each message that the server sends on its streams */
export function onStreamAnswers(listener: (path: string, message: unknown) => void): RpcMiddleware {
  return async function* (call, options) {
    if (!call.responseStream) return yield* call.next(call.request, options);
    for await (const answer of call.next(call.request, options)) {
      listener(call.method.path, answer);
      yield answer;
    }
    return undefined;
  };
}
