/** What can be asked of the auth store through the log. Passwords come as hashes only: the log is kept, and sent around. */
import type { Permission } from "./types.js";

/** Answered with "done". */
export type AuthChange =
  | { readonly kind: "auth-enable" }
  | { readonly kind: "auth-disable" }
  /** Without a hash the user has no password and can only show a certificate. */
  | { readonly kind: "user-add"; readonly name: string; readonly passwordHash: string | undefined }
  | { readonly kind: "user-delete"; readonly name: string }
  | { readonly kind: "user-change-password"; readonly name: string; readonly passwordHash: string }
  | { readonly kind: "user-grant-role"; readonly name: string; readonly role: string }
  | { readonly kind: "user-revoke-role"; readonly name: string; readonly role: string }
  | { readonly kind: "role-add"; readonly name: string }
  | { readonly kind: "role-delete"; readonly name: string }
  | { readonly kind: "role-grant-permission"; readonly name: string; readonly permission: Permission }
  | {
      readonly kind: "role-revoke-permission";
      readonly name: string;
      readonly key: Uint8Array;
      readonly rangeEnd: Uint8Array;
    };

/**
 * Gives a token. It goes through the log so that every member learns it; whoever proposes it has checked the password.
 */
export interface Authenticate {
  readonly kind: "authenticate";
  readonly user: string;
  /** The random part of a token that members remember; empty when the token itself says what it is worth (JWT). */
  readonly token: string;
  /** Revision of the auth store that the password was checked at. In another one the entry is refused: `authOldRevision`. */
  readonly checkedRevision: bigint;
}

export interface AuthenticateResult {
  readonly kind: "authenticate";
  /** Of the entry, which becomes part of the token. */
  readonly index: number;
  readonly authRevision: bigint;
  /** The store's, for the header. */
  readonly revision: bigint;
}
