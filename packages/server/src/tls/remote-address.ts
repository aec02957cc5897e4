/**
 * Whether a member's certificate speaks for the address that it connects from, as etcd checks it: one without alternative
 * names may come from anywhere; an address among them must be the remote one; else a DNS name must lead there, by the
 * name of the address or by the addresses of the name.
 *
 * Names are asked of DNS itself (c-ares), which also reads `/etc/hosts` for the names of an address. `getaddrinfo` would
 * wait in the few threads that files are read with.
 */
import type { X509Certificate } from "node:crypto";
import { Resolver } from "node:dns/promises";
import { alternativeNamesOf, coversHost } from "./names.js";

/** What is asked of DNS. Errors mean that there is no answer. */
export interface NameService {
  /** Names of an address. */
  reverse(address: string): Promise<readonly string[]>;
  /** Addresses of a name, of both families. */
  resolve(name: string): Promise<readonly string[]>;
}

/** Milliseconds for everything that is asked of DNS about one connection. */
const DNS_TIMEOUT_MS = 2000;
/** Names of one certificate that are looked up. */
const NAMES_MAX = 32;

export function systemNames(): NameService {
  const resolver = new Resolver({ timeout: DNS_TIMEOUT_MS, tries: 1 });
  return {
    reverse: (address) => resolver.reverse(address),
    resolve: async (name) => {
      const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
      return answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
    },
  };
}

/** Why the certificate does not speak for the address, in etcd's words, or undefined. */
export async function addressRefusal(
  certificate: X509Certificate,
  remoteAddress: string,
  names: NameService,
): Promise<string | undefined> {
  const { dns, addresses } = alternativeNamesOf(certificate);
  if (dns.length === 0 && addresses.length === 0) return undefined;
  const address = remoteAddress.replace(/^::ffff:(?=\d+\.)/, "");
  if (addresses.length > 0) {
    if (coversHost(certificate, address)) return undefined;
    if (dns.length === 0) {
      return `x509: certificate is valid for ${addresses.join(", ")}, not ${address}`;
    }
  }
  if (await leadsTo(address, dns.slice(0, NAMES_MAX), names)) return undefined;
  return `tls: ${JSON.stringify(address)} does not match any of DNSNames ${JSON.stringify(dns)}`;
}

async function leadsTo(address: string, dns: readonly string[], names: NameService): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), DNS_TIMEOUT_MS);
  });
  try {
    return await Promise.race([late, isNamed(address, dns, names)]);
  } finally {
    clearTimeout(timer);
  }
}

async function isNamed(address: string, dns: readonly string[], names: NameService): Promise<boolean> {
  const found = (await orNothing(names.reverse(address))).map((name) => name.replace(/\.$/, ""));
  if (found.some((name) => dns.some((pattern) => matches(name, pattern)))) return true;
  const plain = dns.filter((name) => !name.startsWith("*."));
  const answers = await Promise.all(plain.map((name) => orNothing(names.resolve(name))));
  return answers.some((addresses) => addresses.includes(address));
}

/** A wildcard covers any depth, as etcd has it here. */
function matches(name: string, pattern: string): boolean {
  return pattern.startsWith("*.") ? name.endsWith(pattern.slice(1)) : name === pattern;
}

async function orNothing(answer: Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await answer;
  } catch {
    return [];
  }
}
