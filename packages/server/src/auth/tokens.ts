/** What the two kinds of tokens have in common: one is read, and one is made for whoever has shown a password. */
import { RpcError, StatusCode } from "@kvorum/transport";
import type { TokenSink } from "../core/auth/token-sink.js";
import type { Identity } from "../core/auth/types.js";
import type { Clock } from "../env.js";
import type { NodeApi } from "../node/api.js";
import type { TokenReader } from "../rpc/identify.js";
import type { AuthTokenOptions } from "../security-options.js";
import { JwtTokens } from "./jwt-tokens.js";
import { SimpleTokens } from "./simple-tokens.js";

/** What a login's entry in the log has come to. */
export interface Login extends Identity {
  readonly text: string;
  readonly index: number;
}

export interface Tokens {
  /** Hears of tokens that the log gives and takes; none where tokens speak for themselves. */
  readonly sink: TokenSink | undefined;
  /** What goes into the log with a login. */
  newText(): string;
  /** The token that the client gets. Errors: UNKNOWN on a member that can not sign. */
  tokenOf(login: Login): string | Promise<string>;
  readerFor(node: Pick<NodeApi, "auth" | "raftStatus">): TokenReader;
}

/** Errors: a `TypeError` that names what is wrong with a key of JSON web tokens. */
export function createTokens(options: AuthTokenOptions, clock: Clock): Tokens {
  return options.kind === "jwt" ? jwtTokens(new JwtTokens(options, clock)) : simpleTokens(options.ttlMs, clock);
}

function simpleTokens(ttlMs: number | undefined, clock: Clock): Tokens {
  const tokens = new SimpleTokens({ clock, ttlMs });
  return {
    sink: tokens,
    newText: () => tokens.newText(),
    tokenOf: ({ text, index }) => `${text}.${index}`,
    readerFor: (node) => {
      // The member knows who holds it, so whoever does is as good as the users are now.
      const identityOf = (user: string | undefined): Identity | undefined =>
        user === undefined ? undefined : { user, authRevision: node.auth.revision };
      return {
        identityOf: (token) => {
          const user = tokens.userOf(token, node.raftStatus.appliedIndex);
          return user instanceof Promise ? user.then(identityOf) : identityOf(user);
        },
      };
    },
  };
}

function jwtTokens(tokens: JwtTokens): Tokens {
  return {
    sink: undefined,
    newText: () => "",
    tokenOf: async (login) => {
      const token = await tokens.sign(login);
      if (token !== undefined) return token;
      throw new RpcError(StatusCode.UNKNOWN, "auth: token signing attempted with verify-only key");
    },
    readerFor: () => tokens,
  };
}
