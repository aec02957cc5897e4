/**
 * The server side of the port. An implementation is an object with one function a method, shaped by the method's kind:
 * a promise for a unary answer, an async iterable for a stream. What is not implemented answers UNIMPLEMENTED.
 */
import type { Socket } from "node:net";
import type { DescMessage, DescMethod, DescService, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { ServerMiddleware } from "nice-grpc-common";
import type { Introduction } from "./introduction.js";
import type { Metadata, MetadataInit } from "./metadata.js";
import type { Partings } from "./partings.js";
import type { PingPolicyOptions } from "./ping-policy.js";

export interface CallContext {
  /** Aborts when the client cancels, its deadline passes, its connection ends or the server closes by force. */
  readonly signal: AbortSignal;
  readonly metadata: Metadata;
  /** The peer's address as far as the engine knows it, `127.0.0.1:40712`, or `unknown`. */
  readonly peer: string;
  /**
   * Common name of the client's certificate, where the port has verified one. It comes from the port and from nowhere
   * else: nothing that a client sends in a call can set it.
   */
  readonly certificateName?: string | undefined;
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

/** Where an engine listens for the muxes of its own process alone; see `listenPrivately`. */
export interface PrivateAddress {
  readonly path: string;
  /** Each connection begins with it and with who is at its other end; see `introduction.ts`. */
  readonly introductionKey: Uint8Array;
  /** Tells the engine which connections the muxes have closed. */
  readonly partings: Partings;
}

/** An engine that takes connections which somebody of its own process has accepted, and decrypted if need be. */
export interface SocketEngine {
  /**
   * Serves the connection, which stands at the client's first byte; it is the engine's from now on. `introduction` says who
   * is at the other end. `pings`: how often the client may ping, and is sent away otherwise; default: as often as it likes.
   */
  accept(socket: Socket, introduction: Introduction, pings?: PingPolicyOptions): void;
}

/** An address as people write it: `127.0.0.1:2379`, `[::1]:2379`, `/run/kvorum.sock`. */
export function addressText(address: ListenAddress): string {
  if ("path" in address) return address.path;
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** TLS material of a listener, as PEM text or bytes. */
export interface TlsServerOptions {
  readonly cert: string | Uint8Array;
  readonly key: string | Uint8Array;
  /** Verify client certificates against this CA, or several. */
  readonly ca?: string | Uint8Array;
  /** Default false: a client may show none, and one that is not verified counts as none. */
  readonly requireClientCertificate?: boolean;
  /** Revoked certificates, one list each. Then every CA of a client's chain must have one. */
  readonly crl?: readonly (string | Uint8Array)[];
  /** Default `"TLSv1.2"`. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
  /** Default: the newest. */
  readonly maxVersion?: "TLSv1.2" | "TLSv1.3";
  /** In OpenSSL's words. Default: node's. */
  readonly ciphers?: string;
}

/** Told the encoded size of every message, in bytes. */
export interface MessageTraffic {
  received(bytes: number): void;
  sent(bytes: number): void;
}

export interface RpcServerOptions {
  /** Largest request message. Default 2 MiB (etcd: max-request-bytes + 512 KiB). */
  readonly receiveBytesMax?: number;
  /**
   * Values that a request message may have, of all messages inside it together; one with more is refused before it is
   * decoded, with INTERNAL as what cannot be decoded is. Default: any number.
   */
  readonly requestValuesMax?: number;
  /** Largest answer message. Default 2^31 - 1. */
  readonly sendBytesMax?: number;
  /** Streams a connection may have open at once. Default 10,000. */
  readonly concurrentStreamsMax?: number;
  /** HTTP/2 PING interval and answer time: a connection whose other end has vanished ends. Default: none. */
  readonly keepAlive?: { readonly intervalMs: number; readonly timeoutMs: number };
  /** Default: nobody is told. */
  readonly traffic?: MessageTraffic;
}

export interface RpcServer extends AsyncDisposable {
  add<S extends DescService>(service: S, implementation: ServiceImplementation<S>): void;
  /** Middleware in nice-grpc's shape; the first one added runs outermost. Call before `listen`. */
  use(middleware: ServerMiddleware): void;
  /** Plain text: TLS is the business of a `PortMux` in front. */
  listen(address: ListenAddress | PrivateAddress): Promise<{ readonly address: ListenAddress }>;
  /**
   * Stops accepting, lets running calls finish for `graceMs` (default 0: none), then cancels what is left. Idempotent.
   */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}
