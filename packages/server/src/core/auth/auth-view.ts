/** What the rest of the node is shown of users and permissions; `authorize.ts` implements it. */
import type { Operation } from "../mvcc/operations.js";
import type { Identity, Role, User } from "./types.js";

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
}
