/**
 * `@kvorum/transport`: the port that client, server and peers are written against. Read `method.ts`, `channel.ts` and
 * `server.ts`; `nice/` is engine one.
 */
export { type BehindMux, behindMux } from "./behind-mux.js";
export type {
  CallOptions,
  Channel,
  ChannelOptions,
  ChannelState,
  TlsClientOptions,
  TransportFactory,
} from "./channel.js";
export { withClientMiddleware } from "./client-middleware.js";
export { messageSlab } from "./codec.js";
export { defaultEngine, ENGINE_VARIABLE, engineNamed, leanEngine, niceEngine, type RpcEngine } from "./engine.js";
export { lateImport } from "./late-import.js";
export { leanChannel } from "./lean/channel.js";
export { createLeanServer } from "./lean/rpc-server.js";
export { type Metadata, type MetadataInit, type MetadataValue, metadataOf } from "./metadata.js";
export { type Method, type MethodKind, methodPath, type StreamMethod, type UnaryMethod } from "./method.js";
export { PortMux, type PortMuxOptions } from "./mux.js";
export { niceChannel } from "./nice/channel.js";
export { createNiceServer } from "./nice/server.js";
export { listenPrivately, type PrivateListener } from "./private-socket.js";
export { type ReadyIterator, readyIterator } from "./ready-iterator.js";
export type {
  CallContext,
  ListenAddress,
  PrivateAddress,
  RpcServer,
  RpcServerOptions,
  ServiceImplementation,
  SocketEngine,
  TlsServerOptions,
} from "./server.js";
export { RpcError, type RpcErrorOptions, StatusCode, type StatusName } from "./status.js";
export { type RefusedConnection, secureContextOptions, type TlsListener, verifiedNameOf } from "./tls-listener.js";
