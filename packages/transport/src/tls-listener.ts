/**
 * TLS of a port: takes accepted connections, gives decrypted ones. The settings are asked for anew at each connection, so
 * that certificates, trust and revocations change without a restart; connections that stand keep what they began with.
 *
 * Everything that decides who gets in goes through `secureContextOptions`, whatever listener it is for. There are no
 * callbacks inside the handshake (names, ALPN, pre-shared keys): what they throw would escape as an uncaught error.
 */
import { constants } from "node:crypto";
import type { Socket } from "node:net";
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from "node:tls";
import type { TlsServerOptions } from "./server.js";

/** X.520 allows 64; what is far beyond names nobody. */
const COMMON_NAME_LENGTH_MAX = 1024;

/** What a port asks its owner about TLS. */
export interface TlsListener {
  /**
   * Settings for the next handshake: the same object for as long as nothing has changed. Whether client certificates are
   * asked for is decided by the first answer.
   */
  current(): Promise<TlsServerOptions>;
  /** Looks at a client whose handshake is done; the reason why it is not let in, or undefined. Default: all are. */
  admit?(socket: TLSSocket): Promise<string | undefined>;
  /** A connection was closed before it was served. */
  refused?(connection: RefusedConnection): void;
}

export interface RefusedConnection {
  /** Undefined for a unix socket. */
  readonly remoteAddress: string | undefined;
  /** The name that the client asked for; undefined where it sent none. */
  readonly serverName: string | undefined;
  readonly reason: string;
  /** The client went away by itself: a port scan, a health check of a load balancer. */
  readonly isHangUp: boolean;
}

/** The settings as node's TLS takes them. The one place where a listener's trust is put together. */
export function secureContextOptions(tls: TlsServerOptions): SecureContextOptions {
  return {
    cert: pem(tls.cert),
    key: pem(tls.key),
    ...(tls.ca !== undefined && { ca: pem(tls.ca) }),
    ...(tls.crl !== undefined && { crl: tls.crl.map(pem) }),
    minVersion: tls.minVersion ?? "TLSv1.2",
    ...(tls.maxVersion !== undefined && { maxVersion: tls.maxVersion }),
    ...(tls.ciphers !== undefined && { ciphers: tls.ciphers }),
    // Without tickets no session is resumed: it would bring back a client without a look at its certificate, which may
    // have been revoked meanwhile. Nor may a client start a second handshake on a connection.
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  };
}

export class TlsEntrance {
  readonly #listener: TlsListener;
  readonly #protocols: readonly string[];
  readonly #secured: (socket: TLSSocket, raw: Socket) => void;
  #server: Server | undefined;
  #current: TlsServerOptions | undefined;

  /**
   * `protocols` is what may be agreed on by ALPN, the preferred one first; `secured` gets each connection that is let in,
   * and the one that was accepted for it.
   */
  constructor(listener: TlsListener, protocols: readonly string[], secured: (socket: TLSSocket, raw: Socket) => void) {
    this.#listener = listener;
    this.#protocols = protocols;
    this.#secured = secured;
  }

  /** Starts the handshake. How long it may take is the caller's business, who closes the socket. */
  async accept(raw: Socket): Promise<void> {
    try {
      const server = this.#serverWith(await this.#listener.current());
      if (!raw.destroyed) server.emit("connection", raw);
    } catch (error) {
      this.#refuse(raw, error instanceof Error ? error.message : String(error));
    }
  }

  #serverWith(options: TlsServerOptions): Server {
    if (this.#server === undefined) this.#server = this.#createServer(options);
    else if (this.#current !== options) this.#server.setSecureContext(secureContextOptions(options));
    this.#current = options;
    return this.#server;
  }

  /** Never listens: it is handed its connections. */
  #createServer(options: TlsServerOptions): Server {
    const server = createServer({
      ...secureContextOptions(options),
      requestCert: options.ca !== undefined || options.requireClientCertificate === true,
      // Judged below, where the reason can be told.
      rejectUnauthorized: false,
      ALPNProtocols: [...this.#protocols],
      allowHalfOpen: true,
    });
    server.on("secureConnection", (socket) => {
      // A reset, or what HTTP/2 finds wrong later: an end like any other.
      socket.on("error", () => {});
      this.#judge(socket).catch((error: unknown) => this.#refuse(socket, String(error)));
    });
    server.on("tlsClientError", (error: NodeJS.ErrnoException, socket) => {
      socket.on("error", () => {});
      this.#refuse(socket, error.message, error.code === "ECONNRESET");
    });
    return server;
  }

  async #judge(socket: TLSSocket): Promise<void> {
    const reason = unverified(socket, this.#current) ?? (await this.#listener.admit?.(socket));
    if (reason !== undefined) return this.#refuse(socket, reason);
    const raw = acceptedSocketOf(socket);
    if (!socket.destroyed && raw !== undefined) this.#secured(socket, raw);
  }

  #refuse(socket: Socket | TLSSocket, reason: string, isHangUp = false): void {
    const serverName = "servername" in socket && typeof socket.servername === "string" ? socket.servername : undefined;
    this.#listener.refused?.({ remoteAddress: socket.remoteAddress, serverName, reason, isHangUp });
    socket.destroy();
  }
}

/** Common name of a certificate that was verified, the last one where there are several, as Go reads it. */
export function verifiedNameOf(socket: TLSSocket): string | undefined {
  if (!socket.authorized) return undefined;
  const names: string | readonly string[] | undefined = socket.getPeerCertificate().subject?.CN;
  const name = typeof names === "string" ? names : names?.at(-1);
  return name === undefined || name === "" || name.length > COMMON_NAME_LENGTH_MAX ? undefined : name;
}

function unverified(socket: TLSSocket, options: TlsServerOptions | undefined): string | undefined {
  if (options?.requireClientCertificate !== true || socket.authorized) return undefined;
  if (Object.keys(socket.getPeerCertificate()).length === 0) return "the client shows no certificate";
  return `the client's certificate is not accepted: ${String(socket.authorizationError)}`;
}

/** The connection below. Node keeps it under this name and tells it in no other way. */
function acceptedSocketOf(socket: TLSSocket): Socket | undefined {
  return (socket as unknown as { readonly _parent?: Socket })._parent;
}

function pem(material: string | Uint8Array): Buffer {
  return Buffer.from(material);
}
