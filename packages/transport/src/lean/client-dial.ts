/** Opens the socket of a channel: TCP or unix, plain or with TLS. */
import { connect, type Socket } from "node:net";
import { checkServerIdentity, type PeerCertificate, type SecureContext, connect as tlsConnect } from "node:tls";
import type { TlsClientOptions } from "../channel.js";
import { clientSecureContext, type EndpointAddress, isServerName } from "../endpoint.js";

/** What HTTP/2 over TLS is called in the handshake (RFC 9113 §3.2). */
const HTTP2_PROTOCOL = "h2";
/** Whose certificate a unix socket shows, unless something else is asked for. */
const LOCAL_NAME = "localhost";

export class Dialer {
  /** As it stands in `:authority`. */
  readonly authority: string;
  readonly secure: boolean;
  readonly #where: { readonly host: string; readonly port: number } | { readonly path: string };
  readonly #tls: TlsClientOptions;
  /** The name that the certificate must have. */
  readonly #name: string;
  readonly #context: SecureContext | undefined;

  /** Errors: node's own for TLS material that is none. */
  constructor(address: EndpointAddress, tls: TlsClientOptions = {}) {
    const { secure } = address;
    const host = "path" in address ? LOCAL_NAME : address.hostname.replace(/^\[(.*)\]$/, "$1");
    this.#where = "path" in address ? { path: address.path } : { host, port: address.port };
    this.#tls = tls;
    this.#name = tls.serverName ?? host;
    this.#context = secure ? clientSecureContext(tls) : undefined;
    this.secure = secure;
    this.authority = tls.serverName ?? ("path" in address ? LOCAL_NAME : `${address.hostname}:${address.port}`);
  }

  /**
   * Begins to connect. `connected` is called when bytes can be sent to the right server; errors are the socket's, and that
   * of a server which wants to speak something else is given to its `destroy`.
   */
  dial(connected: () => void): Socket {
    if (this.#context === undefined) return connect({ ...this.#where, noDelay: true }, connected);
    const { insecureSkipVerify, checkServerIdentity: check = checkServerIdentity } = this.#tls;
    const name = this.#name;
    const socket = tlsConnect({
      ...this.#where,
      secureContext: this.#context,
      ALPNProtocols: [HTTP2_PROTOCOL],
      ...(isServerName(name) && { servername: name }),
      rejectUnauthorized: insecureSkipVerify !== true,
      checkServerIdentity: (_host: string, certificate: PeerCertificate) => check(name, certificate),
    });
    socket.setNoDelay(true);
    socket.once("secureConnect", () => {
      const { alpnProtocol } = socket;
      // A server that says nothing may be one that knows no other protocol.
      if (alpnProtocol === HTTP2_PROTOCOL || typeof alpnProtocol !== "string") connected();
      else socket.destroy(new Error(`the server wants to speak ${alpnProtocol}, not HTTP/2`));
    });
    return socket;
  }
}

/** What a failed attempt says; a name with several addresses has an error for each. */
export function dialError(error: Error): string {
  if (error.message !== "" || !(error instanceof AggregateError)) return error.message;
  return error.errors.map((one: unknown) => (one instanceof Error ? one.message : String(one))).join("; ");
}
