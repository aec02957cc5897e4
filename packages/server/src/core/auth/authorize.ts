/**
 * Who may do what. One walk over a request with everything in it serves every place that asks: the edge before it reads or
 * proposes, the state machine again when the entry is applied, for the users may have changed in between. What the walk
 * does not look at is not protected, so there is only this one (etcd's holes CVE-2026-33343 and CVE-2026-44283 were checks
 * of single requests that those inside transactions did not get).
 */
import { byteString } from "../bytes.js";
import { ServerError } from "../errors.js";
import type { Lessor } from "../lease/lessor.js";
import type { KeyRangeSet } from "../mvcc/key-range-set.js";
import type { Operation, PutOperation } from "../mvcc/operations.js";
import { keyRange } from "../mvcc/tree-index.js";
import type { AuthStore } from "./auth-store.js";
import type { AuthView } from "./auth-view.js";
import type { Grants } from "./grants.js";
import { type Identity, ROOT_ROLE, type Role, type User } from "./types.js";

/** What a lease has to do with permissions. */
type LeaseKeys = Pick<Lessor, "keysOf">;

export interface AuthorizerParts {
  readonly auth: AuthStore;
  readonly lessor: LeaseKeys;
}

/**
 * Whether these grants cover the operation. Reads need "read" on their whole range, and so do compares, and previous pairs
 * of puts and deletions; these need "write" themselves. Both branches of a transaction count, whichever will be taken.
 */
export function covers(grants: Grants, leases: LeaseKeys, operation: Operation): boolean {
  switch (operation.kind) {
    case "range":
      return grants.read.covers(keyRange(operation.key, operation.rangeEnd));
    case "put":
      return coversPut(grants, leases, operation);
    case "delete-range": {
      const range = keyRange(operation.key, operation.rangeEnd);
      return grants.write.covers(range) && (!operation.prevKv || grants.read.covers(range));
    }
    case "txn": {
      const inside = (child: Operation): boolean => covers(grants, leases, child);
      return (
        operation.compare.every(({ key, rangeEnd }) => grants.read.covers(keyRange(key, rangeEnd))) &&
        operation.success.every(inside) &&
        operation.failure.every(inside)
      );
    }
  }
}

/** Whoever hangs a key on a lease can end it with all its keys, so it must be allowed to write those (etcd). */
function coversPut({ read, write }: Grants, leases: LeaseKeys, { key, lease, prevKv }: PutOperation): boolean {
  const name = byteString(key);
  if (!write.has(name) || (prevKv && !read.has(name))) return false;
  return lease === 0n || hasAll(write, leases.keysOf(lease));
}

function hasAll(set: KeyRangeSet, keys: Iterable<string>): boolean {
  for (const key of keys) if (!set.has(key)) return false;
  return true;
}

/** Looks at the parts of the state machine anew in every call, since a snapshot replaces them. */
export class Authorizer implements AuthView {
  readonly #parts: () => AuthorizerParts;

  constructor(parts: () => AuthorizerParts) {
    this.#parts = parts;
  }

  get enabled(): boolean {
    return this.#store.enabled;
  }

  get revision(): bigint {
    return this.#store.revision;
  }

  get userNames(): readonly string[] {
    return this.#store.userNames;
  }

  get roleNames(): readonly string[] {
    return this.#store.roleNames;
  }

  user(name: string): User | undefined {
    return this.#store.user(name);
  }

  role(name: string): Role | undefined {
    return this.#store.role(name);
  }

  isAdmin(identity: Identity | undefined): boolean {
    return identity !== undefined && isRoot(this.#store.user(identity.user));
  }

  checkUser(identity: Identity | undefined): void {
    if (this.enabled) known(identity);
  }

  checkAdmin(identity: Identity | undefined): void {
    if (!this.enabled || this.isAdmin(known(identity))) return;
    throw new ServerError("permissionDenied");
  }

  checkOperation(identity: Identity | undefined, operation: Operation): void {
    if (!this.enabled) return;
    this.#checkKeys(identity, (grants) => covers(grants, this.#parts().lessor, operation));
  }

  checkRead(identity: Identity | undefined, key: Uint8Array, rangeEnd: Uint8Array): void {
    if (!this.enabled) return;
    this.#checkKeys(identity, ({ read }) => read.covers(keyRange(key, rangeEnd)));
  }

  checkLease(identity: Identity | undefined, leaseId: bigint, access: "read" | "write"): void {
    if (!this.enabled) return;
    const { lessor } = this.#parts();
    const [first] = lessor.keysOf(leaseId);
    if (first === undefined) known(identity);
    else this.#checkKeys(identity, (grants) => hasAll(grants[access], lessor.keysOf(leaseId)));
  }

  get #store(): AuthStore {
    return this.#parts().auth;
  }

  #checkKeys(identity: Identity | undefined, permits: (grants: Grants) => boolean): void {
    const store = this.#store;
    const { user: name, authRevision } = known(identity);
    if (authRevision < store.revision) throw new ServerError("authOldRevision");
    const user = store.user(name);
    if (isRoot(user)) return;
    if (user === undefined || !permits(store.grantsOf(user))) throw new ServerError("permissionDenied");
  }
}

function known(identity: Identity | undefined): Identity {
  if (identity === undefined || identity.user === "") throw new ServerError("userEmpty");
  return identity;
}

function isRoot(user: User | undefined): boolean {
  return user?.roles.includes(ROOT_ROLE) ?? false;
}
