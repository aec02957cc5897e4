/** The rules about addresses: what can be listened on, what has to be advertised, and which of them need certificates. */
import { isIP } from "node:net";
import { hostOf, isSecure, isUnix } from "../listener-url.js";
import { flagOf, type SettingKey, type Settings } from "./flags.js";
import { UsageError } from "./values.js";

export const DEFAULT_CLIENT_URL = "http://localhost:2379";

const LISTENED = ["listenClientUrls", "listenPeerUrls", "listenClientHttpUrls", "listenMetricsUrls"] as const;

/** Errors: `UsageError` naming the flag, the address and what is allowed. */
export function checkListenUrls(settings: Settings): void {
  if (settings.listenClientUrls !== undefined && settings.advertiseClientUrls === undefined) {
    throw new UsageError(
      `${flagOf("advertiseClientUrls")} is needed with ${flagOf("listenClientUrls")}: clients read it from the member list`,
    );
  }
  for (const key of LISTENED) {
    const urls = settings[key] ?? [];
    for (const url of urls) checkBindable(url, key);
    const certificates = key === "listenPeerUrls" ? PEER_CERTIFICATES : CLIENT_CERTIFICATES;
    const secure = urls.find(isSecure);
    if (secure !== undefined && !hasCertificate(settings, certificates)) {
      throw new UsageError(
        `${flagOf(key)}: ${secure} needs ${certificates.map(flagOf).slice(0, 2).join(" and ")}, or ${flagOf(certificates[2])}`,
      );
    }
  }
}

/** A name may resolve to anything, so what is listened on must be an IP address or localhost. */
function checkBindable(url: string, key: SettingKey): void {
  if (isUnix(url)) return;
  const host = hostOf(url);
  if (host !== "localhost" && isIP(host) === 0) {
    throw new UsageError(`${flagOf(key)}: "${url}" is not allowed, give an IP address or localhost to listen on`);
  }
}

const CLIENT_CERTIFICATES = ["certFile", "keyFile", "autoTls"] as const;
const PEER_CERTIFICATES = ["peerCertFile", "peerKeyFile", "peerAutoTls"] as const;

type Certificates = typeof CLIENT_CERTIFICATES | typeof PEER_CERTIFICATES;

function hasCertificate(settings: Settings, [cert, key, auto]: Certificates): boolean {
  return settings[auto] || (settings[cert] !== undefined && settings[key] !== undefined);
}

/** A line for every address that stays plain although there are certificates: etcd ignores them there, too. */
export function plainTextWarnings(settings: Settings): readonly string[] {
  // Metrics are often left plain on purpose, for a collector on the same machine.
  return LISTENED.filter((key) => key !== "listenMetricsUrls").flatMap((key) => {
    const certificates = key === "listenPeerUrls" ? PEER_CERTIFICATES : CLIENT_CERTIFICATES;
    if (!hasCertificate(settings, certificates)) return [];
    const urls = settings[key] ?? (key === "listenClientUrls" ? [DEFAULT_CLIENT_URL] : []);
    return urls
      .filter((url) => !isSecure(url))
      .map((url) => `${flagOf(key)}: ${url} is served without TLS, although there is a certificate`);
  });
}
