/**
 * Cipher suites by the names that etcd's flag takes, which are Go's (those of IANA), in the words of OpenSSL. The suites
 * that Go knows and OpenSSL no longer has (RC4, 3DES) are not here.
 */
const SUITES: ReadonlyMap<string, string> = new Map([
  ["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"],
  ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"],
  ["TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"],
  ["TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"],
  ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"],
  ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"],
  ["TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", "ECDHE-ECDSA-AES128-SHA256"],
  ["TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", "ECDHE-RSA-AES128-SHA256"],
  ["TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"],
  ["TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"],
  ["TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"],
  ["TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"],
  ["TLS_RSA_WITH_AES_256_GCM_SHA384", "AES256-GCM-SHA384"],
  ["TLS_RSA_WITH_AES_128_GCM_SHA256", "AES128-GCM-SHA256"],
  ["TLS_RSA_WITH_AES_128_CBC_SHA256", "AES128-SHA256"],
  ["TLS_RSA_WITH_AES_256_CBC_SHA", "AES256-SHA"],
  ["TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA"],
]);

/** Of TLS 1.3. As in Go they cannot be chosen: they are on wherever 1.3 is. */
const SUITES_1_3 = ["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"] as const;

/** Shorter names that Go once had. */
const OLD_NAMES: ReadonlyMap<string, string> = new Map([
  ["TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"],
  ["TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"],
]);

/** Every name that `openSslCiphers` takes. */
export const CIPHER_SUITE_NAMES: readonly string[] = [...SUITES.keys(), ...SUITES_1_3, ...OLD_NAMES.keys()];

/**
 * The list as OpenSSL reads it, with the suites of TLS 1.3, without which node would not speak 1.3.
 *
 * Errors: `TypeError` with etcd's text, and the names that are allowed where one is not; also where only 1.3 is spoken.
 */
export function openSslCiphers(names: readonly string[], minVersion?: "TLSv1.2" | "TLSv1.3"): string {
  if (minVersion === "TLSv1.3") throw new TypeError("cipher suites cannot be configured when only TLS1.3 is enabled");
  const chosen = names.flatMap((name) => {
    if (SUITES_1_3.some((suite) => suite === name)) return [];
    const suite = SUITES.get(OLD_NAMES.get(name) ?? name);
    if (suite !== undefined) return [suite];
    throw new TypeError(`unexpected TLS cipher suite ${JSON.stringify(name)}: give ${CIPHER_SUITE_NAMES.join(", ")}`);
  });
  return [...SUITES_1_3, ...chosen].join(":");
}
