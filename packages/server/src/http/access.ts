/**
 * Who may come by HTTP at all, before any path is looked at. A browser on the machine of an administrator reaches a node
 * that the internet does not, so a page from elsewhere must not be able to use it:
 *
 * - DNS rebinding (CVE-2018-1099): a page's own name is made to point at the node. In plain text the `Host` of a request must
 *   be a name that the node answers to; TLS proves the name by itself.
 * - Cross-site requests (CVE-2018-1098): what a browser sends for a page of another site is refused unless the site is in the
 *   list of origins, whatever its content type, because forms and plain text are sent without asking first.
 *
 * The texts and codes are etcd's where it has them.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { isIP } from "node:net";
import type { TLSSocket } from "node:tls";
import { verifiedNameOf } from "@kvorum/transport";
import { type Answer, text } from "./answer.js";
import { isGatewayPath } from "./gateway/routes.js";

export interface AccessOptions {
  /** Origins whose pages may use the node; `*` is every page. */
  readonly corsOrigins: readonly string[];
  /** Names that plain-text requests may address; `*` is any. */
  readonly hostWhitelist: readonly string[];
  /** Any address in numbers passes too: rebinding needs a name. */
  readonly allowAddresses: boolean;
  /** Whether a client certificate would be an identity elsewhere: the gateway refuses its bearer then. */
  readonly refusesCertificates: () => boolean;
}

const METHODS = "POST, GET, OPTIONS, PUT, DELETE";
const HEADERS = "accept, content-type, authorization";
export const LOOPBACK_NAMES: readonly string[] = ["localhost", "127.0.0.1", "::1"];

export class AccessRules {
  readonly #origins: ReadonlySet<string>;
  readonly #hosts: ReadonlySet<string>;
  readonly #options: AccessOptions;

  constructor(options: AccessOptions) {
    this.#options = options;
    this.#origins = new Set(options.corsOrigins.map((origin) => origin.toLowerCase()));
    this.#hosts = new Set(options.hostWhitelist.map((host) => host.toLowerCase()));
  }

  /** Why the request is not let in, or undefined. */
  refusalOf(request: IncomingMessage, path: string): Answer | undefined {
    if (!isEncrypted(request) && !this.#knowsHost(request)) return misdirected(hostOf(request));
    if (!isGatewayPath(path) || request.method === "OPTIONS") return undefined;
    if (this.#options.refusesCertificates() && certificateNameOf(request) !== "") return text(400, CERTIFICATE_IGNORED);
    const origin = foreignOriginOf(request);
    if (origin !== undefined && !this.#allows(origin)) {
      return text(403, `requests from pages of ${origin} are not allowed (--cors)\n`);
    }
    return undefined;
  }

  /** Lets the listed pages read the answer. */
  setCorsHeaders(request: IncomingMessage, response: ServerResponse): void {
    const { origin } = request.headers;
    if (this.#origins.has("*")) addCors(response, "*");
    else if (this.#origins.size > 0) {
      // Whoever keeps an answer must not give it to another origin.
      response.setHeader("Vary", "Origin");
      if (origin !== undefined && this.#allows(origin)) addCors(response, origin);
    }
  }

  #allows(origin: string): boolean {
    return this.#origins.has("*") || this.#origins.has(origin.toLowerCase());
  }

  #knowsHost(request: IncomingMessage): boolean {
    const host = hostOf(request).toLowerCase();
    if (this.#hosts.has("*") || this.#hosts.has(host)) return true;
    return this.#options.allowAddresses && isIP(host) !== 0;
  }
}

const CERTIFICATE_IGNORED =
  "CommonName of client sending a request against gateway will be ignored and not used as expected\n";

function misdirected(host: string): Answer {
  return text(
    421,
    `This node does not answer to the host name ${JSON.stringify(host)}.\n\n` +
      "Either use TLS, which proves the name, or add it to the names that the node answers to:\n" +
      `  kvorum --host-whitelist ${JSON.stringify(host)}\n\n` +
      "Requests are checked like this so that no page can reach the node by DNS rebinding (CVE-2018-5702).\n",
  );
}

function addCors(response: ServerResponse, origin: string): void {
  response.setHeader("Access-Control-Allow-Methods", METHODS);
  response.setHeader("Access-Control-Allow-Origin", origin);
  response.setHeader("Access-Control-Allow-Headers", HEADERS);
}

/** Without the port; an IPv6 address without its brackets; empty when the request names none. */
function hostOf({ headers }: IncomingMessage): string {
  const host = headers.host ?? "";
  const bracketed = /^\[([^\]]*)\](?::\d*)?$/.exec(host)?.[1];
  return bracketed ?? host.replace(/:\d*$/, "");
}

/**
 * The origin of a page on another site that sent the request, as far as browsers tell: `Origin`, else `Referer`. Whatever is
 * no page of this very host counts as another site, the `null` of sandboxed pages too. Other programs send neither.
 */
function foreignOriginOf(request: IncomingMessage): string | undefined {
  const { origin, referer } = request.headers;
  const sender = origin ?? (referer !== undefined && URL.canParse(referer) ? new URL(referer).origin : referer);
  if (sender === undefined) {
    const site = request.headers["sec-fetch-site"];
    return site === "cross-site" || site === "same-site" ? "another site" : undefined;
  }
  const own = `${isEncrypted(request) ? "https" : "http"}://${request.headers.host ?? ""}`;
  return sender.toLowerCase() === own.toLowerCase() ? undefined : sender;
}

function isEncrypted({ socket }: IncomingMessage): boolean {
  return (socket as TLSSocket).encrypted === true;
}

/** Common name of a verified client certificate; empty without one. */
function certificateNameOf(request: IncomingMessage): string {
  return isEncrypted(request) ? (verifiedNameOf(request.socket as TLSSocket) ?? "") : "";
}
