/**
 * A login: from a name and a password to a token. The password is checked here, before anything goes to the log, against
 * the users as they are at one revision; the entry is refused at another one, and then the check is made again.
 *
 * Nothing tells a user that does not exist from a wrong password, neither the answer nor the time that it takes.
 */
import type { CallContext } from "@kvorum/transport";
import type { User } from "../core/auth/types.js";
import { ServerError } from "../core/errors.js";
import type { NodeApi } from "../node/api.js";
import type { Authenticator } from "../rpc/auth-ports.js";
import { traceOf } from "../rpc/trace.js";
import type { LoginBackoff } from "./login-backoff.js";
import type { Passwords } from "./passwords.js";
import type { Tokens } from "./tokens.js";

/** Each costs the time of a password: users that change all the time are not worth more. */
const ATTEMPTS_MAX = 10;

export interface LoginDeskParts {
  readonly node: Pick<NodeApi, "auth" | "propose" | "linearizableBarrier">;
  readonly passwords: Pick<Passwords, "verify" | "verifyNothing">;
  readonly tokens: Pick<Tokens, "newText" | "tokenOf">;
  readonly backoff: LoginBackoff;
}

export class LoginDesk implements Authenticator {
  readonly #parts: LoginDeskParts;

  constructor(parts: LoginDeskParts) {
    this.#parts = parts;
  }

  /** Errors: those of the port; `tooManyLogins` also for who has guessed too often. */
  async authenticate(
    { name, password }: { readonly name: string; readonly password: string },
    context: CallContext,
  ): Promise<{ readonly token: string; readonly revision: bigint }> {
    const { node, tokens } = this.#parts;
    const { peer, signal } = context;
    // A member that lags behind may not know yet of a new password, or that there are users at all.
    await node.linearizableBarrier();
    for (let attempt = 1; ; attempt++) {
      if (!node.auth.enabled) throw new ServerError("authNotEnabled");
      const checkedRevision = node.auth.revision;
      await this.#checkPassword(name, password, hostOf(peer));
      signal.throwIfAborted();
      const text = tokens.newText();
      try {
        const command = { kind: "authenticate", user: name, token: text, checkedRevision } as const;
        const entry = await node.propose(command, undefined, traceOf(context));
        const { index, authRevision, revision } = entry;
        return { token: await tokens.tokenOf({ user: name, text, index, authRevision }), revision };
      } catch (error) {
        if (!isOldRevision(error) || attempt === ATTEMPTS_MAX) throw error;
      }
    }
  }

  async #checkPassword(name: string, password: string, host: string): Promise<void> {
    const { node, backoff } = this.#parts;
    const user = node.auth.user(name);
    if (await backoff.attempt(name, host, () => this.#fits(user, password))) return;
    throw new ServerError(user !== undefined && user.passwordHash === undefined ? "noPasswordUser" : "authFailed");
  }

  #fits(user: User | undefined, password: string): Promise<boolean> {
    const { passwords } = this.#parts;
    if (user?.passwordHash === undefined) return passwords.verifyNothing(password);
    return passwords.verify(user.passwordHash, password);
  }
}

function isOldRevision(error: unknown): boolean {
  return error instanceof ServerError && error.reason === "authOldRevision";
}

/** The peer without its port, which is another one in every connection. */
function hostOf(peer: string): string {
  return peer.replace(/:\d+$/, "");
}
