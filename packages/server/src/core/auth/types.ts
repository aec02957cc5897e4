/**
 * The nouns of authentication and authorization: who asks, users, roles and permissions, and what the rest of the node is
 * shown of them. The rules are etcd's (authentication guide, "role-based access control").
 *
 * Read next: `auth-store.ts` (the replicated state), `authorize.ts` (who may do what).
 */
import type { Command } from "../apply/command.js";
import type { Operation } from "../mvcc/operations.js";

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
 * The node itself, where it asks for what only root may: etcd's "with root". Users may be told apart from it by nothing,
 * so the edge makes it never out of a request.
 */
export const NODE_IDENTITY: Identity = { user: ROOT_USER, authRevision: 0n };

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

/**
 * The users as they are on this member now. The object stays valid for the life of the node, also across a snapshot.
 *
 * Every `check…` passes while authentication is off. While it is on: `userEmpty` without an identity, `permissionDenied`
 * for a user that is gone or lacks the permission. Those that concern keys refuse an identity that is older than the store
 * with `authOldRevision`, those that concern only the user do not (etcd).
 */
export interface AuthView {
  readonly enabled: boolean;
  /** 1 at first; one more with every change of users, roles and permissions, and when authentication is switched off. */
  readonly revision: bigint;
  /** Ascending, by bytes. */
  readonly userNames: readonly string[];
  readonly roleNames: readonly string[];
  user(name: string): User | undefined;
  role(name: string): Role | undefined;
  /** Whether the identity's user has role root. False for nobody; says nothing about `enabled`. */
  isAdmin(identity: Identity | undefined): boolean;
  /** Any user. Its name need not exist: a token or a certificate vouches for it (etcd). */
  checkUser(identity: Identity | undefined): void;
  /** A user with role root. */
  checkAdmin(identity: Identity | undefined): void;
  /** A range, put, deletion or transaction with all that is in it. */
  checkOperation(identity: Identity | undefined, operation: Operation): void;
  /** Reads of a range that are not operations: watches. The key may not be empty. */
  checkRead(identity: Identity | undefined, key: Uint8Array, rangeEnd: Uint8Array): void;
  /** Every key that hangs on the lease now; one without keys, or no lease at all, needs only a user. */
  checkLease(identity: Identity | undefined, leaseId: bigint, access: "read" | "write"): void;
  /** What an entry of the log is checked for when it is applied. */
  checkCommand(identity: Identity | undefined, command: Command): void;
}
