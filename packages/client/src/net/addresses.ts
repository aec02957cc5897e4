/**
 * Endpoints as a caller writes them, made uniform, so that two spellings of one address compare equal. Names of DNS service
 * records (RFC 2782) are told apart here and looked up in `srv.ts`.
 */

import { describe } from "../checks.js";

/** What a caller gave: addresses to use as they are, and names to look up. */
export interface GivenEndpoints {
  readonly addresses: readonly string[];
  readonly services: readonly Service[];
}

/** The servers of a domain, as its DNS lists them. */
export interface Service {
  /** As it was written: `dns+srv://example.com`. */
  readonly text: string;
  /** `_etcd-client._tcp.example.com` */
  readonly recordName: string;
  /** Of the endpoints that are found. */
  readonly scheme: "http" | "https";
}

const SERVICE_SCHEMES = {
  "dns+srv": { label: "_etcd-client", scheme: "http" },
  "dns+srvs": { label: "_etcd-client-ssl", scheme: "https" },
} as const;

/**
 * Reads a list, or text with commas: `http://`, `https://` and `unix:` stay, a bare `host:port` is http. `dns+srv://domain`
 * asks for `_etcd-client._tcp.domain`, `dns+srvs://domain` for `_etcd-client-ssl._tcp.domain` and TLS; a path is the service
 * name that etcd's tools call `--discovery-srv-name` (`dns+srv://domain/blue`: `_etcd-client-blue._tcp.domain`).
 *
 * Errors: `TypeError` for an empty list, another scheme, or a service without a domain.
 */
export function parseGiven(endpoints: string | readonly string[]): GivenEndpoints {
  const list = typeof endpoints === "string" ? endpoints.split(",") : endpoints;
  if (!Array.isArray(list) || list.some((endpoint) => typeof endpoint !== "string")) {
    throw new TypeError(`endpoints must be a string or a list of strings, not ${describe(endpoints)}`);
  }
  const given = list.map((endpoint) => endpoint.trim()).filter((endpoint) => endpoint !== "");
  if (given.length === 0) throw new TypeError("endpoints must name at least one member");
  const addresses = new Set<string>();
  const services = new Map<string, Service>();
  for (const endpoint of given) {
    const service = parseService(endpoint);
    if (service === undefined) addresses.add(parseAddress(endpoint));
    else services.set(service.text, service);
  }
  return { addresses: [...addresses], services: [...services.values()] };
}

/** One address. Errors: `TypeError` for a scheme that cannot be spoken. */
export function parseAddress(endpoint: string): string {
  if (/^(https?:\/\/|unix:)/.test(endpoint)) return endpoint.replace(/\/+$/, "");
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(endpoint)) {
    throw new TypeError(
      `endpoint ${JSON.stringify(endpoint)}: the scheme must be http, https, unix, dns+srv or dns+srvs`,
    );
  }
  return `http://${endpoint}`;
}

/** For comparing: the host in lower case and the port written out. An address that is no URL is its own key. */
export function addressKey(address: string): string {
  if (!/^https?:/i.test(address) || !URL.canParse(address)) return address;
  const { protocol, hostname, port } = new URL(address);
  return `${protocol}//${hostname}:${port === "" ? (protocol === "https:" ? "443" : "80") : port}`;
}

function parseService(endpoint: string): Service | undefined {
  const parts = /^(dns\+srvs?):\/\/([^/]*)(?:\/([A-Za-z0-9-]*))?\/*$/.exec(endpoint);
  if (parts === null) return undefined;
  const [text, kind = "", domain = "", name = ""] = parts;
  if (domain === "") throw new TypeError(`endpoint ${JSON.stringify(endpoint)} names no domain`);
  const { label, scheme } = SERVICE_SCHEMES[kind as keyof typeof SERVICE_SCHEMES];
  return { text, recordName: `${label}${name === "" ? "" : `-${name}`}._tcp.${domain}`, scheme };
}
