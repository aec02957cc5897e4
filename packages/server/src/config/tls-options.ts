/** The options of TLS from their flags, and the rules among them. Undefined where there is nothing to be secure with. */
import type { TlsOptions } from "../security-options.js";
import { flagOf, type SettingKey, type Settings } from "./flags.js";
import type { TlsVersion } from "./tls-flags.js";
import { UsageError } from "./values.js";

const NODE_VERSIONS = { "TLS1.2": "TLSv1.2", "TLS1.3": "TLSv1.3" } as const satisfies Record<TlsVersion, string>;

/** For the addresses of clients. Errors: `UsageError`. */
export function clientTls(settings: Settings): TlsOptions | undefined {
  checkVersions(settings);
  checkPair(settings, "certFile", "keyFile");
  checkPair(settings, "clientCertFile", "clientKeyFile");
  checkAuthority(settings, "clientCertAuth", "trustedCaFile");
  if (settings.certFile === undefined && !settings.autoTls) return undefined;
  return {
    ...common(settings),
    certFile: settings.certFile,
    keyFile: settings.keyFile,
    trustedCaFile: settings.trustedCaFile,
    clientCertAuth: settings.clientCertAuth,
    crlFile: settings.clientCrlFile,
    allowedHostnames: settings.clientCertAllowedHostname,
    clientCertFile: settings.clientCertFile,
    clientKeyFile: settings.clientKeyFile,
    autoTls: settings.autoTls && settings.certFile === undefined,
  };
}

/** For the addresses of members. One that serves in plain text may still have to reach others by TLS. */
export function peerTls(settings: Settings): TlsOptions | undefined {
  checkPair(settings, "peerCertFile", "peerKeyFile");
  checkPair(settings, "peerClientCertFile", "peerClientKeyFile");
  checkAuthority(settings, "peerClientCertAuth", "peerTrustedCaFile");
  if (settings.peerCertAllowedCn !== undefined && settings.peerCertAllowedHostname !== undefined) {
    throw new UsageError(
      `${flagOf("peerCertAllowedCn")} and ${flagOf("peerCertAllowedHostname")} exclude each other: give one of them`,
    );
  }
  const isAsked = settings.peerCertFile !== undefined || settings.peerAutoTls || reachesByTls(settings);
  if (!isAsked) return undefined;
  return {
    ...common(settings),
    certFile: settings.peerCertFile,
    keyFile: settings.peerKeyFile,
    trustedCaFile: settings.peerTrustedCaFile,
    clientCertAuth: settings.peerClientCertAuth,
    crlFile: settings.peerCrlFile,
    allowedCommonNames: settings.peerCertAllowedCn,
    allowedHostnames: settings.peerCertAllowedHostname,
    clientCertFile: settings.peerClientCertFile,
    clientKeyFile: settings.peerClientKeyFile,
    autoTls: settings.peerAutoTls && settings.peerCertFile === undefined,
    skipClientSanVerification: settings.peerSkipClientSanVerification,
  };
}

function reachesByTls({ initialCluster, peerTrustedCaFile }: Settings): boolean {
  return peerTrustedCaFile !== undefined || /=\s*https:/.test(initialCluster ?? "");
}

function common(settings: Settings): TlsOptions {
  return {
    selfSignedValidityYears: settings.selfSignedCertValidity,
    minVersion: NODE_VERSIONS[settings.tlsMinVersion],
    maxVersion: settings.tlsMaxVersion === "" ? undefined : NODE_VERSIONS[settings.tlsMaxVersion],
    cipherSuites: settings.cipherSuites,
  };
}

function checkVersions({ tlsMinVersion, tlsMaxVersion, cipherSuites }: Settings): void {
  if (tlsMaxVersion !== "" && tlsMaxVersion < tlsMinVersion) {
    throw new UsageError(`${flagOf("tlsMaxVersion")} is ${tlsMaxVersion}: give ${tlsMinVersion} or newer`);
  }
  if (cipherSuites !== undefined && tlsMinVersion === "TLS1.3") {
    throw new UsageError(
      `${flagOf("cipherSuites")} has no meaning with ${flagOf("tlsMinVersion")}=TLS1.3: leave it out`,
    );
  }
}

function checkPair(settings: Settings, certificate: SettingKey, key: SettingKey): void {
  const [given, missing] = settings[certificate] === undefined ? [key, certificate] : [certificate, key];
  if (settings[given] === undefined || settings[missing] !== undefined) return;
  throw new UsageError(`${flagOf(missing)} is needed with ${flagOf(given)}`);
}

/**
 * etcd would trust every authority that the system knows: whoever has bought a certificate gets in. Not even those that
 * members make for themselves help: nobody vouches for them.
 */
function checkAuthority(settings: Settings, auth: SettingKey, authority: SettingKey): void {
  if (settings[auth] !== true || settings[authority] !== undefined) return;
  throw new UsageError(`${flagOf(authority)} is needed with ${flagOf(auth)}: it says whose certificates are accepted`);
}

/** A line for a certificate that is made although one is given (etcd). */
export function tlsWarnings(settings: Settings): readonly string[] {
  const pairs = [["autoTls", "certFile"] as const, ["peerAutoTls", "peerCertFile"] as const];
  return pairs
    .filter(([auto, file]) => settings[auto] && settings[file] !== undefined)
    .map(([auto, file]) => `${flagOf(auto)} has no effect beside ${flagOf(file)}`);
}
