/** Whether what a node was told of its listeners, identities and HTTP surface can be meant. Files are not opened here. */
import type { AuthOptions, HttpOptions, KeepAliveOptions, TlsOptions } from "./security-options.js";

export interface SecurityOptions {
  readonly clientTls?: TlsOptions | undefined;
  readonly peerTls?: TlsOptions | undefined;
  readonly auth: AuthOptions;
  readonly http: HttpOptions;
  readonly keepAlive: KeepAliveOptions;
}

/** Timers of Node go no further. */
const MS_MAX = 2 ** 31 - 1;

/** Errors: `TypeError` or `RangeError` naming the option. */
export function checkSecurity({ clientTls, peerTls, auth, http, keepAlive }: SecurityOptions): void {
  if (clientTls !== undefined) checkTls("clientTls", clientTls);
  if (peerTls !== undefined) checkTls("peerTls", peerTls);
  checkAuth(auth);
  checkHttp(http);
  for (const key of ["minTimeMs", "intervalMs", "timeoutMs"] as const) checkMs(`keepAlive.${key}`, keepAlive[key]);
}

/** Milliseconds that a timer can wait, 0 included; undefined is the default. */
export function checkMs(key: string, ms: number | undefined): void {
  if (ms !== undefined && !(ms >= 0 && ms <= MS_MAX)) throw wrong(key, ms, `milliseconds from 0 to ${MS_MAX}`);
}

/** `unix` and `http` always, `https` and `unixs` where there is something to be secure with. */
export function checkUrl(key: string, url: string, tls: TlsOptions | undefined): void {
  const protocol = URL.canParse(url) ? new URL(url).protocol : "";
  if (protocol === "http:" || protocol === "unix:") return;
  if (protocol !== "https:" && protocol !== "unixs:") {
    throw new TypeError(`${key}: ${JSON.stringify(url)} is no http, https or unix URL`);
  }
  if (tls?.certFile === undefined && !tls?.autoTls) {
    throw new TypeError(`${key}: ${JSON.stringify(url)} needs a certificate: give certFile and keyFile, or autoTls`);
  }
}

export function wrong(key: string, value: unknown, expected: string): RangeError {
  return new RangeError(`${key} is ${value}: give ${expected}`);
}

function checkTls(key: string, tls: TlsOptions): void {
  for (const [first, second] of [["certFile", "keyFile"] as const, ["clientCertFile", "clientKeyFile"] as const]) {
    if ((tls[first] === undefined) !== (tls[second] === undefined)) {
      throw new TypeError(`${key}: ${first} and ${second} belong together: give both`);
    }
  }
  if (tls.allowedCommonNames !== undefined && tls.allowedHostnames !== undefined) {
    throw new TypeError(`${key}: allowedCommonNames and allowedHostnames exclude each other: give one of them`);
  }
  if (tls.clientCertAuth && tls.trustedCaFile === undefined) {
    throw new TypeError(`${key}: clientCertAuth needs trustedCaFile, which says whose certificates are accepted`);
  }
  const years = tls.selfSignedValidityYears ?? 1;
  if (!Number.isSafeInteger(years) || years < 1 || years > 100) {
    throw wrong(`${key}.selfSignedValidityYears`, years, "a whole number from 1 to 100");
  }
  const { minVersion = "TLSv1.2", maxVersion = "TLSv1.3" } = tls;
  for (const version of [minVersion, maxVersion]) {
    if (!["TLSv1.2", "TLSv1.3"].includes(version)) throw wrong(`${key}: the version`, version, "TLSv1.2 or TLSv1.3");
  }
  if (maxVersion < minVersion) throw wrong(`${key}.maxVersion`, maxVersion, `${minVersion} or newer`);
}

function checkAuth({ token = { kind: "simple" }, bcryptCost = 10 }: AuthOptions): void {
  if (token.kind !== "simple" && token.kind !== "jwt") {
    throw new TypeError(
      `auth.token.kind is ${JSON.stringify((token as { kind: unknown }).kind)}: give "simple" or "jwt"`,
    );
  }
  const { ttlMs } = token;
  if (ttlMs !== undefined && !(ttlMs >= 1 && ttlMs < Number.POSITIVE_INFINITY)) {
    throw wrong("auth.token.ttlMs", ttlMs, "milliseconds from 1 on");
  }
  if (token.kind === "jwt" && token.publicKeyFile === undefined && token.privateKeyFile === undefined) {
    throw new TypeError("auth.token has no key: give privateKeyFile to give tokens, publicKeyFile to verify them");
  }
  if (!Number.isSafeInteger(bcryptCost) || bcryptCost < 4 || bcryptCost > 31) {
    throw wrong("auth.bcryptCost", bcryptCost, "a whole number from 4 to 31");
  }
}

function checkHttp({ metrics = "basic", corsOrigins = [], hostWhitelist = [] }: HttpOptions): void {
  if (metrics !== "basic" && metrics !== "extensive") {
    throw new TypeError(`http.metrics is ${JSON.stringify(metrics)}: give "basic" or "extensive"`);
  }
  for (const [key, words] of Object.entries({ corsOrigins, hostWhitelist })) {
    if (words.includes("")) throw new TypeError(`http.${key} has an empty word`);
  }
}
