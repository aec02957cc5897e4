/**
 * The part of a node that knows passwords and tokens, for as long as the node lives: its keys are read and its tokens are
 * listened for before the member starts, and its services are given once there is one.
 *
 * Read next: `rpc/identify.ts` (who asks), `rpc/access.ts` (who may), `authenticate.ts` (a login), `passwords.ts` (the thread
 * that hashes), `tokens.ts` (the two kinds of tokens).
 */
import type { TokenSink } from "../core/auth/token-sink.js";
import type { Clock } from "../env.js";
import type { NodeApi } from "../node/api.js";
import type { AuthPorts } from "../rpc/auth-ports.js";
import { CallIdentities } from "../rpc/identify.js";
import type { AuthOptions } from "../security-options.js";
import { LoginDesk } from "./authenticate.js";
import { LoginBackoff } from "./login-backoff.js";
import { Passwords } from "./passwords.js";
import { createTokens, type Tokens } from "./tokens.js";

export class NodeAuth {
  readonly #tokens: Tokens;
  readonly #passwords: Passwords;
  readonly #backoff: LoginBackoff;

  /** Errors: a `TypeError` that names what is wrong with a key of JSON web tokens. */
  constructor({ token = { kind: "simple" }, bcryptCost }: AuthOptions, clock: Clock) {
    this.#tokens = createTokens(token, clock);
    this.#passwords = new Passwords(bcryptCost);
    this.#backoff = new LoginBackoff(clock);
  }

  /** Goes into the member's state machine. */
  get tokenSink(): TokenSink | undefined {
    return this.#tokens.sink;
  }

  /** `certificates`: whether the name in a client's certificate is a user. */
  portsFor(node: NodeApi, { certificates }: { readonly certificates: boolean }): AuthPorts {
    const [tokens, passwords, backoff] = [this.#tokens, this.#passwords, this.#backoff];
    return {
      passwords,
      authenticator: new LoginDesk({ node, passwords, tokens, backoff }),
      identities: new CallIdentities({ auth: node.auth, tokens: tokens.readerFor(node), certificates }),
    };
  }

  /** Ends the thread that hashes. Idempotent. */
  close(): Promise<void> {
    return this.#passwords.close();
  }
}
