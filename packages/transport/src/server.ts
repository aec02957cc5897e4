/**
 * The server side of the port. An implementation is an object with one function a method, shaped by the method's kind:
 * a promise for a unary answer, an async iterable for a stream. What is not implemented answers UNIMPLEMENTED.
 */
import type { DescMessage, DescMethod, DescService, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { ServerMiddleware } from "nice-grpc-common";
import type { Metadata, MetadataInit } from "./metadata.js";

export interface CallContext {
  /** Aborts when the client cancels, its deadline passes, its connection ends or the server closes by force. */
  readonly signal: AbortSignal;
  readonly metadata: Metadata;
  /** The peer's address as far as the engine knows it; for logs only. */
  readonly peer: string;
  /** The method's path: `/etcdserverpb.KV/Range`. */
  readonly path: string;
  sendHeader(header?: MetadataInit): void;
  setTrailer(trailer: MetadataInit): void;
}

type Awaitable<T> = T | Promise<T>;

type Handler<M extends DescMethod> = M extends {
  methodKind: "unary";
  input: infer I extends DescMessage;
  output: infer O extends DescMessage;
}
  ? (request: MessageShape<I>, context: CallContext) => Awaitable<MessageInitShape<O>>
  : M extends {
        methodKind: "server_streaming";
        input: infer I extends DescMessage;
        output: infer O extends DescMessage;
      }
    ? (request: MessageShape<I>, context: CallContext) => AsyncIterable<MessageInitShape<O>>
    : M extends {
          methodKind: "client_streaming";
          input: infer I extends DescMessage;
          output: infer O extends DescMessage;
        }
      ? (requests: AsyncIterable<MessageShape<I>>, context: CallContext) => Awaitable<MessageInitShape<O>>
      : M extends {
            methodKind: "bidi_streaming";
            input: infer I extends DescMessage;
            output: infer O extends DescMessage;
          }
        ? (requests: AsyncIterable<MessageShape<I>>, context: CallContext) => AsyncIterable<MessageInitShape<O>>
        : never;

export type ServiceImplementation<S extends DescService> = {
  readonly [K in keyof S["method"]]?: Handler<S["method"][K]>;
};

/** `{ host, port }` (port 0 picks a free one) or a unix socket path. */
export type ListenAddress = { readonly host: string; readonly port: number } | { readonly path: string };

/** An address as people write it: `127.0.0.1:2379`, `[::1]:2379`, `/run/kvorum.sock`. */
export function addressText(address: ListenAddress): string {
  if ("path" in address) return address.path;
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** TLS material of a listener. */
export interface TlsServerOptions {
  readonly cert: string | Uint8Array;
  readonly key: string | Uint8Array;
  /** Verify client certificates against this CA. */
  readonly ca?: string | Uint8Array;
  readonly requireClientCertificate?: boolean;
}

export interface RpcServerOptions {
  /** Largest request message. Default 2 MiB (etcd: max-request-bytes + 512 KiB). */
  readonly receiveBytesMax?: number;
  /** Largest answer message. Default 2^31 - 1. */
  readonly sendBytesMax?: number;
  /** Streams a connection may have open at once. Default 10,000. */
  readonly concurrentStreamsMax?: number;
  /** Serve TLS. Default: plain text. */
  readonly tls?: TlsServerOptions;
  /** HTTP/2 PING interval and answer time: a connection whose other end has vanished ends. Default: none. */
  readonly keepAlive?: { readonly intervalMs: number; readonly timeoutMs: number };
}

export interface RpcServer extends AsyncDisposable {
  add<S extends DescService>(service: S, implementation: ServiceImplementation<S>): void;
  /** Middleware in nice-grpc's shape; the first one added runs outermost. Call before `listen`. */
  use(middleware: ServerMiddleware): void;
  listen(address: ListenAddress): Promise<{ readonly address: ListenAddress }>;
  /**
   * Stops accepting, lets running calls finish for `graceMs` (default 0: none), then cancels what is left. Idempotent.
   */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}
