/**
 * The client side of the port: one channel is one endpoint. Which endpoint to ask, and whether to ask again, is the
 * caller's business; a channel only connects, calls and reports its state.
 */
import type { PeerCertificate } from "node:tls";
import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { Metadata, MetadataInit } from "./metadata.js";
import type { StreamMethod, UnaryMethod } from "./method.js";

export type ChannelState = "idle" | "connecting" | "ready" | "failed" | "closed";

export interface CallOptions {
  /** Aborting rejects with the signal's reason and cancels the call on the server. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds from now. Sent to the server as `grpc-timeout`; the call ends with DEADLINE_EXCEEDED. Default: none. */
  readonly timeoutMs?: number;
  /** The same frozen object of texts with every call costs the least. */
  readonly metadata?: MetadataInit;
  readonly onHeader?: (header: Metadata) => void;
  readonly onTrailer?: (trailer: Metadata) => void;
}

export interface Channel extends AsyncDisposable {
  /** The endpoint as it was given: `http://127.0.0.1:2379`. */
  readonly endpoint: string;
  readonly state: ChannelState;
  /** Calls the listener at each change of state; the answer removes it. */
  onStateChange(listener: (state: ChannelState) => void): () => void;

  /**
   * Sends one request and resolves with the answer.
   *
   * Errors: `RpcError` with the server's status, or UNAVAILABLE where there is no connection; the signal's reason on abort.
   */
  unary<I extends DescMessage, O extends DescMessage>(
    method: UnaryMethod<I, O>,
    request: MessageInitShape<I>,
    options?: CallOptions,
  ): Promise<MessageShape<O>>;

  /**
   * Opens a stream. It starts at the first `next()` of the answer; breaking out of the loop cancels it on the server.
   * `requests` is pulled as the connection takes messages, and its end half-closes the stream.
   */
  stream<I extends DescMessage, O extends DescMessage>(
    method: StreamMethod<I, O>,
    requests: AsyncIterable<MessageInitShape<I>>,
    options?: CallOptions,
  ): AsyncIterable<MessageShape<O>>;

  /** Ends all calls and the connection; idempotent. */
  close(): Promise<void>;
}

/** TLS material as PEM text or bytes. */
export interface TlsClientOptions {
  readonly ca?: string | Uint8Array;
  readonly cert?: string | Uint8Array;
  readonly key?: string | Uint8Array;
  /** Verify the certificate against this name instead of the endpoint's host. */
  readonly serverName?: string;
  /** Take whatever certificate the server shows: for tests, since anybody in between can read along. Default false. */
  readonly insecureSkipVerify?: boolean;
  /** Revoked certificates, one list each. Then every CA of the server's chain must have one. */
  readonly crl?: readonly (string | Uint8Array)[];
  /** Default `"TLSv1.2"`. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
  /** Default: the newest. */
  readonly maxVersion?: "TLSv1.2" | "TLSv1.3";
  /** In OpenSSL's words. Default: node's. */
  readonly ciphers?: string;
  /** Looks at a server's certificate in place of the check of its name. An error refuses it. */
  readonly checkServerIdentity?: (host: string, certificate: PeerCertificate) => Error | undefined;
}

export interface ChannelOptions {
  readonly tls?: TlsClientOptions;
  /** Milliseconds until a connection attempt is given up. Default 5,000. */
  readonly connectTimeoutMs?: number;
  /** HTTP/2 PING interval and answer time while a call is active. Default 10,000 and 5,000; false turns it off. */
  readonly keepAlive?: { readonly intervalMs?: number; readonly timeoutMs?: number } | false;
  /** Largest message to receive. Default 2^31 - 1. */
  readonly receiveBytesMax?: number;
  /** Largest message to send. Default 2 MiB + 512 KiB. */
  readonly sendBytesMax?: number;
}

/** An engine's client half. `http`, `https`, `unix` and `unixs` endpoints; no I/O before the first call. */
export type TransportFactory = (endpoint: string, options?: ChannelOptions) => Channel;
