/**
 * TLS of a node, one object for its client side and one for its peer side: every listener of a side asks the same one, so
 * that no listener can be without a trusted CA or a revocation list that another has.
 *
 * Read next: `material.ts` (the files), `names.ts` and `remote-address.ts` (who gets in beyond the chain of trust),
 * `self-signed.ts`, `cipher-suites.ts`; how handshakes are run is in `@kvorum/transport`.
 */
import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { checkServerIdentity, type PeerCertificate, type TLSSocket } from "node:tls";
import type { TlsClientOptions, TlsListener } from "@kvorum/transport";
import type { Clock, Logger } from "../env.js";
import { hostOf, isSecure, isUnix } from "../listener-url.js";
import type { TlsOptions } from "../security-options.js";
import { TlsMaterial, type TlsMaterialOptions } from "./material.js";
import { nameRefusal } from "./names.js";
import { RefusalLog } from "./refusals.js";
import { addressRefusal, type NameService, systemNames } from "./remote-address.js";
import { selfSigned } from "./self-signed.js";

export interface NodeTlsOptions {
  readonly side: "client" | "peer";
  readonly tls: TlsOptions;
  /** URLs that are listened on; a self-signed certificate names their hosts. */
  readonly urls: readonly string[];
  /** Where a self-signed certificate is kept, below `fixtures`. */
  readonly dataDir: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onReload?: TlsMaterialOptions["onReload"];
  /** Default: the system's DNS. */
  readonly names?: NameService | undefined;
}

export interface NodeTls {
  /** Undefined without a certificate. */
  readonly listener: TlsListener | undefined;
  /** For connections from this node to others, asked anew for each. */
  dial(): Promise<TlsClientOptions>;
}

/** Errors: an `Error` that names the file that cannot be used; `TypeError` for cipher suites that are none. */
export async function openTls(options: NodeTlsOptions): Promise<NodeTls> {
  const { side, clock, logger, onReload } = options;
  const isSelfSigned = options.tls.certFile === undefined && options.tls.autoTls === true;
  const tls = isSelfSigned ? { ...options.tls, ...(await ownCertificate(options)) } : options.tls;
  const material = await TlsMaterial.open({ tls, clock, logger, onReload });
  const refusals = new RefusalLog(clock, logger, side);
  const names = options.names ?? systemNames();
  const checksAddress = side === "peer" && tls.skipClientSanVerification !== true;
  const { server: first } = await material.current();
  const listener: TlsListener | undefined = first && {
    current: async () => (await material.current()).server ?? first,
    admit: (socket) => refusalOf(socket, tls, checksAddress ? names : undefined),
    refused: (connection) => refusals.refused(connection),
  };
  return {
    listener,
    dial: async () => {
      const { client } = await material.current();
      // Nobody vouches for a certificate that a member has signed itself.
      if (isSelfSigned) return { ...client, insecureSkipVerify: true };
      return { ...client, checkServerIdentity: (host, certificate) => identityError(host, certificate, tls) };
    },
  };
}

/** After the chain of trust: names and address. Without a certificate there is nothing to look at; one may be required before. */
async function refusalOf(
  socket: TLSSocket,
  tls: TlsOptions,
  names: NameService | undefined,
): Promise<string | undefined> {
  const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined;
  const isRequired = tls.clientCertAuth === true || tls.trustedCaFile !== undefined;
  const refusal = isRequired ? nameRefusal(certificate, tls) : undefined;
  if (refusal !== undefined || names === undefined || certificate === undefined) return refusal;
  const { remoteAddress } = socket;
  return remoteAddress === undefined ? undefined : addressRefusal(certificate, remoteAddress, names);
}

/** Members are held to the allowed names on both ends of a connection. */
function identityError(host: string, certificate: PeerCertificate, tls: TlsOptions): Error | undefined {
  const error = checkServerIdentity(host, certificate);
  if (error !== undefined) return error;
  const refusal = nameRefusal(new X509Certificate(certificate.raw), tls);
  return refusal === undefined ? undefined : new Error(refusal);
}

function ownCertificate({ side, tls, urls, dataDir, clock, logger }: NodeTlsOptions): ReturnType<typeof selfSigned> {
  return selfSigned({
    directory: join(dataDir, "fixtures", side),
    hosts: urls.filter((url) => isSecure(url) && !isUnix(url)).map(hostOf),
    uses: side === "peer" ? ["server", "client"] : ["server"],
    validityYears: tls.selfSignedValidityYears ?? 1,
    clock,
    logger,
  });
}
