/**
 * Who a certificate speaks for: names that a configuration allows, and the address that a member connects from. The rules
 * are etcd's.
 */
import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { TlsOptions } from "../security-options.js";

/** Why the certificate is not one of those allowed, or undefined. */
export function nameRefusal(certificate: X509Certificate | undefined, tls: TlsOptions): string | undefined {
  const { allowedCommonNames = [], allowedHostnames = [] } = tls;
  if (allowedCommonNames.length === 0 && allowedHostnames.length === 0) return undefined;
  if (certificate === undefined) return "client certificate authentication failed: there is no certificate";
  const commonName = commonNameOf(certificate);
  const isAllowed =
    allowedCommonNames.some((name) => name === commonName) ||
    allowedHostnames.some((host) => coversHost(certificate, host));
  if (isAllowed) return undefined;
  return allowedCommonNames.length > 0
    ? `client certificate authentication failed: common name ${JSON.stringify(commonName)} is not allowed`
    : "client certificate authentication failed: none of its host names is allowed";
}

/** The last common name of the subject, as Go reads it; empty without one. */
export function commonNameOf(certificate: X509Certificate): string {
  const { CN: names } = certificate.toLegacyObject().subject as { readonly CN?: string | readonly string[] };
  return (typeof names === "string" ? names : names?.at(-1)) ?? "";
}

/** Whether an alternative name of the certificate is this host. Its common name is no host, as in Go. */
export function coversHost(certificate: X509Certificate, host: string): boolean {
  return isIP(host) !== 0
    ? certificate.checkIP(host) !== undefined
    : certificate.checkHost(host, { subject: "never", partialWildcards: false }) !== undefined;
}

export interface AlternativeNames {
  readonly dns: readonly string[];
  readonly addresses: readonly string[];
}

/** Reads node's text, `DNS:a.test, IP Address:::1, DNS:"quoted, name"`. */
export function alternativeNamesOf(certificate: X509Certificate): AlternativeNames {
  const parts = [...(certificate.subjectAltName ?? "").matchAll(/(?:^|, )([^:,"]+):("(?:[^"\\]|\\.)*"|[^,]*)/g)];
  const named = (kind: string): readonly string[] =>
    parts.filter(([, label]) => label === kind).map(([, , value = ""]) => unquoted(value));
  return { dns: named("DNS"), addresses: named("IP Address") };
}

function unquoted(value: string): string {
  return value.startsWith('"') ? (JSON.parse(value) as string) : value;
}
