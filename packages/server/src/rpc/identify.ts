/**
 * From a call to who asks: a token in its metadata, else the common name of the client's certificate, else nobody. A token
 * counts before a certificate, as in etcd. The guard looks before the handler runs; the handler asks for what was found.
 */
import type { CallContext } from "@kvorum/transport";
import type { AuthView } from "../core/auth/auth-view.js";
import type { Identity } from "../core/auth/types.js";
import { ServerError } from "../core/errors.js";
import type { Identities } from "./auth-ports.js";

/** Where tokens are known; `packages/server/src/auth/` implements it. */
export interface TokenReader {
  /** Who holds the token; undefined when it is unknown, has expired or is garbage. Throws nothing. */
  identityOf(token: string): Identity | undefined | Promise<Identity | undefined>;
}

/** etcd's name of the metadata; gateways and other proxies send the second one. */
const TOKEN_NAMES = ["token", "authorization"] as const;
const BEARER = "Bearer ";
/** What grpc-gateway makes of the `Accept` of a request that it passes on; etcd knows one by it. */
const GATEWAY_MARK = "grpcgateway-accept";

export interface CallIdentitiesParts {
  readonly auth: Pick<AuthView, "enabled" | "revision">;
  readonly tokens: TokenReader;
  /** Whether the name in a client's certificate is a user: where certificates are asked for (etcd's `--client-cert-auth`). */
  readonly certificates: boolean;
}

export class CallIdentities implements Identities {
  readonly #auth: Pick<AuthView, "enabled" | "revision">;
  readonly #tokens: TokenReader;
  readonly #certificates: boolean;
  readonly #found = new WeakMap<CallContext, Identity>();

  constructor({ auth, tokens, certificates }: CallIdentitiesParts) {
    this.#auth = auth;
    this.#tokens = tokens;
    this.#certificates = certificates;
  }

  find(context: CallContext): void | Promise<void> {
    if (!this.#auth.enabled) return;
    const identity = this.#look(context);
    if (identity instanceof Promise) return identity.then((found) => this.#remember(context, found));
    this.#remember(context, identity);
  }

  of(context: CallContext): Identity | undefined {
    return this.#auth.enabled ? this.#found.get(context) : undefined;
  }

  async again(context: CallContext): Promise<Identity | undefined> {
    await this.find(context);
    return this.of(context);
  }

  #remember(context: CallContext, identity: Identity | undefined): void {
    if (identity === undefined) this.#found.delete(context);
    else this.#found.set(context, identity);
  }

  /** Errors: `invalidAuthToken`; a token that does not count is not made up for by a certificate. */
  #look(context: CallContext): Identity | undefined | Promise<Identity | undefined> {
    const token = tokenOf(context);
    if (token === undefined) return this.#certified(context);
    const identity = this.#tokens.identityOf(token);
    return identity instanceof Promise ? identity.then(known) : known(identity);
  }

  /** A gateway's certificate says who the gateway is, not who asks through it (CVE-2018-16886). */
  #certified({ certificateName, metadata }: CallContext): Identity | undefined {
    if (!this.#certificates || certificateName === undefined || certificateName === "") return undefined;
    if (metadata.get(GATEWAY_MARK) !== undefined) return undefined;
    return { user: certificateName, authRevision: this.#auth.revision };
  }
}

/** The token of a call, if it shows any; empty text and bytes are tokens that nobody has. */
function tokenOf({ metadata }: Pick<CallContext, "metadata">): string | undefined {
  for (const name of TOKEN_NAMES) {
    const value = metadata.get(name);
    if (value === undefined) continue;
    if (typeof value !== "string") return "";
    return value.startsWith(BEARER) ? value.slice(BEARER.length) : value;
  }
  return undefined;
}

function known(identity: Identity | undefined): Identity {
  if (identity === undefined) throw new ServerError("invalidAuthToken");
  return identity;
}
