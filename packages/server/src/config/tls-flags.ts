/** Flags of TLS, for clients and for members. What each does is told in `security-options.ts`. */

import { CIPHER_SUITE_NAMES } from "../tls/cipher-suites.js";
import type { Flag, FlagGroup, FlagsOf } from "./flag.js";
import { boolean, list, oneOf, type ReadValue, text, ValueError, wholeNumber } from "./values.js";

export interface TlsSettings {
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly clientCertAuth: boolean;
  readonly trustedCaFile: string | undefined;
  readonly autoTls: boolean;
  readonly clientCertFile: string | undefined;
  readonly clientKeyFile: string | undefined;
  readonly clientCrlFile: string | undefined;
  readonly clientCertAllowedHostname: readonly string[] | undefined;
  readonly peerCertFile: string | undefined;
  readonly peerKeyFile: string | undefined;
  readonly peerClientCertAuth: boolean;
  readonly peerTrustedCaFile: string | undefined;
  readonly peerAutoTls: boolean;
  readonly peerClientCertFile: string | undefined;
  readonly peerClientKeyFile: string | undefined;
  readonly peerCrlFile: string | undefined;
  readonly peerCertAllowedCn: readonly string[] | undefined;
  readonly peerCertAllowedHostname: readonly string[] | undefined;
  readonly peerSkipClientSanVerification: boolean;
  readonly selfSignedCertValidity: number;
  readonly tlsMinVersion: TlsVersion;
  /** Empty: the newest there is. */
  readonly tlsMaxVersion: TlsVersion | "";
  readonly cipherSuites: readonly string[] | undefined;
}

export type TlsVersion = "TLS1.2" | "TLS1.3";

/** etcd forgets these two in its configuration file; they have the place there that they would have had. */
const CLIENT = "client-transport-security";
const PEER = "peer-transport-security";

export const TLS_FLAGS: FlagsOf<TlsSettings> = {
  certFile: path("cert-file", "Client TLS", CLIENT, "certificate to show to clients"),
  keyFile: path("key-file", "Client TLS", CLIENT, "its private key"),
  trustedCaFile: path(
    "trusted-ca-file",
    "Client TLS",
    CLIENT,
    "authority of the certificates that clients then have to show",
  ),
  clientCertAuth: toggle(
    "client-cert-auth",
    "Client TLS",
    CLIENT,
    "let only those in who show a certificate; its common name is a user",
  ),
  autoTls: toggle("auto-tls", "Client TLS", CLIENT, "make a self-signed certificate at the start"),
  clientCrlFile: path("client-crl-file", "Client TLS", CLIENT, "certificates that are not accepted any more"),
  clientCertAllowedHostname: words(
    "client-cert-allowed-hostname",
    "Client TLS",
    `${CLIENT}.allowed-hostname`,
    "names (SAN) of which a client's certificate must have one",
  ),
  clientCertFile: path("client-cert-file", "Client TLS", CLIENT, "certificate that this node shows as a client", true),
  clientKeyFile: path("client-key-file", "Client TLS", CLIENT, "its private key", true),
  peerCertFile: path("peer-cert-file", "Member TLS", PEER, "certificate to show to other members"),
  peerKeyFile: path("peer-key-file", "Member TLS", PEER, "its private key"),
  peerTrustedCaFile: path(
    "peer-trusted-ca-file",
    "Member TLS",
    PEER,
    "authority of the certificates that members then have to show",
  ),
  peerClientCertAuth: toggle(
    "peer-client-cert-auth",
    "Member TLS",
    PEER,
    "let only members in that show a certificate",
  ),
  peerAutoTls: toggle("peer-auto-tls", "Member TLS", PEER, "make a self-signed certificate at the start"),
  peerCrlFile: path("peer-crl-file", "Member TLS", PEER, "certificates that are not accepted any more"),
  peerCertAllowedCn: words(
    "peer-cert-allowed-cn",
    "Member TLS",
    `${PEER}.allowed-cn`,
    "common names of which a member's certificate must have one",
  ),
  peerCertAllowedHostname: words(
    "peer-cert-allowed-hostname",
    "Member TLS",
    `${PEER}.allowed-hostname`,
    "names (SAN) of which a member's certificate must have one",
  ),
  peerClientCertFile: path("peer-client-cert-file", "Member TLS", PEER, "certificate to connect to members with", true),
  peerClientKeyFile: path("peer-client-key-file", "Member TLS", PEER, "its private key", true),
  peerSkipClientSanVerification: {
    ...toggle(
      "peer-skip-client-san-verification",
      "Member TLS",
      PEER,
      "accept a member's certificate whatever address it connects from",
    ),
    aliases: ["experimental-peer-skip-client-san-verification"],
  },
  selfSignedCertValidity: {
    name: "self-signed-cert-validity",
    group: "Every TLS",
    placeholder: "<years>",
    help: "how long self-signed certificates hold",
    read: wholeNumber(1, 100),
    fallback: 1,
  },
  tlsMinVersion: {
    name: "tls-min-version",
    group: "Every TLS",
    placeholder: "<version>",
    help: "oldest version to speak: TLS1.2 or TLS1.3",
    read: oneOf("TLS1.2", "TLS1.3"),
    fallback: "TLS1.2",
  },
  tlsMaxVersion: {
    name: "tls-max-version",
    group: "Every TLS",
    placeholder: "<version>",
    help: "newest version to speak: TLS1.2 or TLS1.3",
    read: oneOf("TLS1.2", "TLS1.3"),
    fallback: "",
    fallbackText: "the newest there is",
  },
  cipherSuites: {
    ...words("cipher-suites", "Every TLS", undefined, "suites of TLS 1.2 by Go's names, comma-separated"),
    read: cipherSuites,
  },
};

function cipherSuites(value: string): readonly string[] {
  const names = list(value);
  if (names.every((name) => CIPHER_SUITE_NAMES.includes(name))) return names;
  throw new ValueError(`names of ${CIPHER_SUITE_NAMES.join(", ")}`);
}

/** `peer-…` has the same key as its sibling of the clients, in a folder of its own. */
function keyIn(folder: string, name: string): string {
  return `${folder}.${folder === PEER ? name.replace("peer-", "") : name}`;
}

function path(
  name: string,
  group: FlagGroup,
  folder: string,
  help: string,
  isOfTheServerPair?: boolean,
): Flag<string | undefined> {
  const fallback = isOfTheServerPair === true ? "as the listener" : "none";
  const fileKey = keyIn(folder, name);
  return { name, group, placeholder: "<path>", help, read: text, fallback: undefined, fallbackText: fallback, fileKey };
}

function toggle(name: string, group: FlagGroup, folder: string, help: string): Flag<boolean> {
  const fileKey = keyIn(folder, name);
  return { name, group, placeholder: "<bool>", help, read: boolean, fallback: false, isSwitch: true, fileKey };
}

function words(
  name: string,
  group: FlagGroup,
  fileKey: string | undefined,
  help: string,
): Flag<readonly string[] | undefined> {
  const read: ReadValue<readonly string[]> = list;
  const flag = { name, group, placeholder: "<names>", help, read, fallback: undefined, fallbackText: "any" };
  return fileKey === undefined ? flag : { ...flag, fileKey };
}
