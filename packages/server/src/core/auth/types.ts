/**
 * The nouns of authentication and authorization: who asks, users, roles and permissions. The rules are etcd's
 * (authentication guide, "role-based access control").
 *
 * Read next: `auth-store.ts` (the replicated state), `authorize.ts` (who may do what), `auth-view.ts` (what others see).
 */
/**
 * Who asks, as the core sees it. The edge finds it out from a token or a client certificate (`rpc/identify.ts`); it travels
 * with a proposal through the log, because what a user may do is checked where the request arrives and again where it is
 * applied: in between the users may have changed.
 */
export interface Identity {
  readonly user: string;
  /**
   * Revision of the auth store that the identity was made from. A request whose identity is older than the store is
   * refused (`authOldRevision`): the user may have lost a permission meanwhile.
   */
  readonly authRevision: bigint;
}

/** The user and the role that may do everything (etcd's names). */
export const ROOT_USER = "root";
export const ROOT_ROLE = "root";

/**
 * The node itself, where it asks for what only root may (etcd's "with root"): however users change meanwhile, it is never of
 * an older revision. The edge never gives it to a request.
 */
export const NODE_IDENTITY: Identity = { user: ROOT_USER, authRevision: 2n ** 63n - 1n };

export type PermissionType = "read" | "write" | "readwrite";

/** On the keys of a range, which is given as in requests (`core/mvcc/operations.ts`). */
export interface Permission {
  readonly type: PermissionType;
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
}

export interface User {
  readonly name: string;
  /** The text that bcrypt made of it; undefined for a user without one, who can only show a certificate. */
  readonly passwordHash: string | undefined;
  /** Names, ascending; not every one need be a role that exists: `root` needs none. */
  readonly roles: readonly string[];
}

export interface Role {
  readonly name: string;
  /** By key, then by range end. */
  readonly permissions: readonly Permission[];
}
