/**
 * Middleware of the RPC level, as the nice-grpc family has it, around the channel of every endpoint: it sees single attempts
 * and their metadata, keepalives and probes, where `middleware.ts` sees calls.
 */
import { defaultEngine, type TransportFactory, withClientMiddleware } from "@kvorum/transport";

/** `ClientMiddleware` of nice-grpc-common: one for OpenTelemetry or Prometheus fits as it is. */
export type RpcMiddleware = Parameters<typeof withClientMiddleware>[1];

/** The options with a transport whose channels run the middleware, the first outermost; as they are where there is none. */
export function withRpcMiddleware<
  O extends { readonly transport?: TransportFactory; readonly rpcMiddleware?: readonly RpcMiddleware[] },
>(options: O): O {
  const { rpcMiddleware, transport = defaultEngine().channel } = options;
  if (rpcMiddleware === undefined || rpcMiddleware.length === 0) return options;
  const factory: TransportFactory = (endpoint, channelOptions) =>
    withClientMiddleware(transport(endpoint, channelOptions), ...rpcMiddleware);
  return { ...options, transport: factory };
}
