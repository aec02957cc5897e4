/** Where a channel connects to, and its TLS material, for every engine. */
import { isIP } from "node:net";
import { resolve } from "node:path";
import { createSecureContext, type SecureContext } from "node:tls";
import type { TlsClientOptions } from "./channel.js";

export const connectTimeoutMsDefault = 5_000;
export const keepAliveIntervalMsDefault = 10_000;
export const keepAliveTimeoutMsDefault = 5_000;
/** What an etcd server takes at most, with room for the rest of the message. */
export const sendBytesMaxDefault: number = 2 * 1024 * 1024 + 512 * 1024;

export type EndpointAddress = { readonly secure: boolean } & (
  | {
      /** As it stands in a URL: an IPv6 address has its brackets. */
      readonly hostname: string;
      readonly port: number;
    }
  | { /** Of a unix socket, absolute. */ readonly path: string }
);

/** Errors: `TypeError` where the endpoint is not `http`, `https`, `unix` or `unixs`. */
export function parseEndpointAddress(endpoint: string): EndpointAddress {
  const unix = /^unix(s?):(?:\/\/)?(.+)$/.exec(endpoint);
  if (unix !== null) return { secure: unix[1] === "s", path: resolve(unix[2] ?? "") };

  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:") || url.hostname === "") {
    throw new TypeError(
      `endpoint must be http://host:port, https://host:port, unix:path or unixs:path, got ${JSON.stringify(endpoint)}`,
    );
  }
  const secure = url.protocol === "https:";
  const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port);
  return { secure, hostname: url.hostname, port };
}

/** Errors: node's own for TLS material that is none. */
export function clientSecureContext(tls: TlsClientOptions = {}): SecureContext {
  const { ca, cert, key, crl, minVersion = "TLSv1.2", maxVersion, ciphers } = tls;
  return createSecureContext({
    ...(ca !== undefined && { ca: pem(ca) }),
    ...(cert !== undefined && { cert: pem(cert) }),
    ...(key !== undefined && { key: pem(key) }),
    ...(crl !== undefined && { crl: crl.map(pem) }),
    minVersion,
    ...(maxVersion !== undefined && { maxVersion }),
    ...(ciphers !== undefined && { ciphers }),
  });
}

/**
 * Whether a server may be asked for this name in the handshake. RFC 6066 forbids addresses, Node warns of them, and no
 * other client of etcd does it; a certificate is verified against an address all the same.
 */
export function isServerName(name: string): boolean {
  return isIP(name) === 0;
}

function pem(material: string | Uint8Array): Buffer {
  return Buffer.from(material);
}
