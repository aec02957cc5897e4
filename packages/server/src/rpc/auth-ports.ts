/**
 * What the services ask of the part of the edge that knows passwords and tokens; `packages/server/src/auth/` implements it.
 * Hashing takes long by design and so happens elsewhere than on the event loop; tokens live in memory beside it.
 */
import type { CallContext } from "@kvorum/transport";
import type { Identity } from "../core/auth/types.js";

export interface PasswordHasher {
  /** The bcrypt text of a password. Errors: RESOURCE_EXHAUSTED when too many wait. */
  hash(password: string): Promise<string>;
  /** Whether the password is the one that this hash was made of. Errors: as `hash`. */
  verify(hash: string, password: string): Promise<boolean>;
}

export interface Authenticator {
  /**
   * Checks the password and gives a token. `revision` is that of the store, for the header.
   *
   * Errors: `authNotEnabled`, `authFailed`, `noPasswordUser`, RESOURCE_EXHAUSTED while too many log in, and those of a proposal.
   */
  authenticate(
    request: { readonly name: string; readonly password: string },
    context: CallContext,
  ): Promise<{ readonly token: string; readonly revision: bigint }>;
}

export interface Identities {
  /**
   * Finds out who the call is of, for `of`; the guard does so before the handler runs. A promise only where it takes time.
   *
   * Errors: `invalidAuthToken`.
   */
  find(context: CallContext): void | Promise<void>;
  /** Who the guard found this call to be of; undefined while authentication is off, and for who showed nothing. */
  of(context: CallContext): Identity | undefined;
  /**
   * Looks again at what the call shows: the store has moved on since the guard looked. Errors: `invalidAuthToken`,
   * `authOldRevision`.
   */
  again(context: CallContext): Promise<Identity | undefined>;
}

export interface AuthPorts {
  readonly passwords: PasswordHasher;
  readonly authenticator: Authenticator;
  readonly identities: Identities;
}
