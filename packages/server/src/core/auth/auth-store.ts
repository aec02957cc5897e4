/**
 * Users, roles and whether they count: replicated state, changed only by entries of the log and kept in table `auth`. The
 * rules and the order in which they are looked at are etcd's, for the first one that is broken names the error.
 *
 * The revision counts the changes. Who was let in at an older one may have lost a permission since, so it stands in every
 * identity and is compared when an entry is applied (`authorize.ts`).
 */
import { compareBytes, EMPTY_BYTES, equalBytes, isFromKey } from "../bytes.js";
import { ServerError } from "../errors.js";
import type { WriteBuffer } from "../mvcc/write-buffer.js";
import { encodeUtf8 } from "../wire-format.js";
import {
  decodeRole,
  decodeState,
  decodeUser,
  encodeRole,
  encodeState,
  encodeUser,
  ROLE_TAG,
  roleKey,
  STATE_KEY,
  USER_TAG,
  userKey,
} from "./auth-record.js";
import type { AuthChange, Authenticate } from "./command.js";
import { type Grants, mergeGrants } from "./grants.js";
import type { TokenSink } from "./token-sink.js";
import { type Permission, ROOT_ROLE, ROOT_USER, type Role, type User } from "./types.js";

/** Longest name of a user or a role, in bytes of UTF-8: it is a key of the backend. */
export const NAME_BYTES_MAX = 1024;

const FIRST_REVISION = 1n;

type RoleGrant = Extract<AuthChange, { kind: "user-grant-role" | "user-revoke-role" }>;
type PermissionRevocation = Extract<AuthChange, { kind: "role-revoke-permission" }>;

export class AuthStore {
  readonly #buffer: WriteBuffer;
  readonly #tokens: TokenSink | undefined;
  readonly #users = new Map<string, User>();
  readonly #roles = new Map<string, Role>();
  /** By user; forgotten with every change. */
  readonly #grants = new Map<string, Grants>();
  #enabled = false;
  #revision = FIRST_REVISION;

  constructor(buffer: WriteBuffer, tokens?: TokenSink) {
    this.#buffer = buffer;
    this.#tokens = tokens;
    for (const { key, value } of buffer.range("auth", EMPTY_BYTES, undefined)) this.#restore(key[0], value);
  }

  get enabled(): boolean {
    return this.#enabled;
  }

  get revision(): bigint {
    return this.#revision;
  }

  get userNames(): readonly string[] {
    return inOrder(this.#users.keys());
  }

  get roleNames(): readonly string[] {
    return inOrder(this.#roles.keys());
  }

  user(name: string): User | undefined {
    return this.#users.get(name);
  }

  role(name: string): Role | undefined {
    return this.#roles.get(name);
  }

  grantsOf(user: User): Grants {
    let grants = this.#grants.get(user.name);
    if (grants === undefined) {
      grants = mergeGrants(user.roles.flatMap((name) => this.#roles.get(name) ?? []));
      this.#grants.set(user.name, grants);
    }
    return grants;
  }

  /** Errors: those of the command, each without effect. */
  apply(change: AuthChange): void {
    switch (change.kind) {
      case "auth-enable":
        this.#enable();
        break;
      case "auth-disable":
        this.#disable();
        break;
      case "user-add":
        this.#addUser(change.name, change.passwordHash);
        break;
      case "user-delete":
        this.#deleteUser(change.name);
        break;
      case "user-change-password":
        this.#changePassword(change.name, change.passwordHash);
        break;
      case "user-grant-role":
        this.#grantRole(change);
        break;
      case "user-revoke-role":
        this.#revokeRole(change);
        break;
      case "role-add":
        this.#addRole(change.name);
        break;
      case "role-delete":
        this.#deleteRole(change.name);
        break;
      case "role-grant-permission":
        this.#grantPermission(change.name, change.permission);
        break;
      case "role-revoke-permission":
        this.#revokePermission(change);
        break;
    }
  }

  /**
   * Makes the token of entry `index` known to this member.
   *
   * Errors: `authNotEnabled`; `authOldRevision` when anything has changed since the password was checked, perhaps the
   * password; `authFailed`.
   */
  authenticate({ user, token, checkedRevision }: Authenticate, index: number): void {
    if (!this.#enabled) throw new ServerError("authNotEnabled");
    if (checkedRevision !== this.#revision) throw new ServerError("authOldRevision");
    if (this.#users.get(user)?.passwordHash === undefined) throw new ServerError("authFailed");
    if (token !== "") this.#tokens?.onToken(user, token, index);
  }

  /** Once more changes nothing. The role itself need not exist, only be granted. */
  #enable(): void {
    if (this.#enabled) return;
    const root = this.#users.get(ROOT_USER);
    if (root === undefined) throw new ServerError("rootUserNotExist");
    if (!root.roles.includes(ROOT_ROLE)) throw new ServerError("rootRoleNotExist");
    this.#enabled = true;
    this.#saveState();
  }

  #disable(): void {
    if (!this.#enabled) return;
    this.#enabled = false;
    this.#changed();
    this.#tokens?.onAllInvalidated();
  }

  #addUser(name: string, passwordHash: string | undefined): void {
    if (name === "") throw new ServerError("userEmpty");
    checkName(name);
    if (this.#users.has(name)) throw new ServerError("userExists");
    this.#saveUser({ name, passwordHash, roles: [] });
    this.#changed();
  }

  #deleteUser(name: string): void {
    if (this.#enabled && name === ROOT_USER) throw new ServerError("invalidAuthManagement");
    this.#existingUser(name);
    this.#users.delete(name);
    this.#buffer.delete("auth", userKey(name));
    this.#changed();
    this.#tokens?.onUserInvalidated(name);
  }

  /** A user without a password stays without, and that is no error (etcd). */
  #changePassword(name: string, passwordHash: string): void {
    const user = this.#existingUser(name);
    this.#saveUser({ ...user, passwordHash: user.passwordHash === undefined ? undefined : passwordHash });
    this.#changed();
    this.#tokens?.onUserInvalidated(name);
  }

  /** A role that the user has already is no error, and no change. */
  #grantRole({ name, role }: RoleGrant): void {
    const user = this.#existingUser(name);
    if (role !== ROOT_ROLE) this.#existingRole(role);
    if (user.roles.includes(role)) return;
    this.#saveUser({ ...user, roles: inOrder([...user.roles, role]) });
    this.#changed();
  }

  #revokeRole({ name, role }: RoleGrant): void {
    if (this.#enabled && name === ROOT_USER && role === ROOT_ROLE) throw new ServerError("invalidAuthManagement");
    const user = this.#existingUser(name);
    if (!user.roles.includes(role)) throw new ServerError("roleNotGranted");
    this.#saveUser(without(user, role));
    this.#changed();
  }

  #addRole(name: string): void {
    if (name === "") throw new ServerError("roleEmpty");
    checkName(name);
    if (this.#roles.has(name)) throw new ServerError("roleExists");
    this.#saveRole({ name, permissions: [] });
    this.#changed();
  }

  #deleteRole(name: string): void {
    if (this.#enabled && name === ROOT_ROLE) throw new ServerError("invalidAuthManagement");
    this.#existingRole(name);
    this.#roles.delete(name);
    this.#buffer.delete("auth", roleKey(name));
    for (const user of this.#users.values()) if (user.roles.includes(name)) this.#saveUser(without(user, name));
    this.#changed();
  }

  #grantPermission(name: string, permission: Permission): void {
    if (!isRange(permission)) throw new ServerError("invalidAuthManagement");
    const role = this.#existingRole(name);
    // Copies: what was decoded is a view into its whole entry.
    const kept = { ...permission, key: permission.key.slice(), rangeEnd: permission.rangeEnd.slice() };
    const known = role.permissions.findIndex((other) => sameRange(other, permission));
    const permissions = known < 0 ? [...role.permissions, kept].sort(byKey) : role.permissions.with(known, kept);
    this.#saveRole({ name, permissions });
    this.#changed();
  }

  #revokePermission(revocation: PermissionRevocation): void {
    const { name, permissions } = this.#existingRole(revocation.name);
    const left = permissions.filter((permission) => !sameRange(permission, revocation));
    if (left.length === permissions.length) throw new ServerError("permissionNotGranted");
    this.#saveRole({ name, permissions: left });
    this.#changed();
  }

  #existingUser(name: string): User {
    const user = this.#users.get(name);
    if (user === undefined) throw new ServerError("userNotFound");
    return user;
  }

  #existingRole(name: string): Role {
    const role = this.#roles.get(name);
    if (role === undefined) throw new ServerError("roleNotFound");
    return role;
  }

  #saveUser(user: User): void {
    this.#users.set(user.name, user);
    this.#buffer.put("auth", userKey(user.name), encodeUser(user));
  }

  #saveRole(role: Role): void {
    this.#roles.set(role.name, role);
    this.#buffer.put("auth", roleKey(role.name), encodeRole(role));
  }

  #changed(): void {
    this.#revision++;
    this.#grants.clear();
    this.#saveState();
  }

  #saveState(): void {
    this.#buffer.put("auth", STATE_KEY, encodeState({ enabled: this.#enabled, revision: this.#revision }));
  }

  #restore(tag: number | undefined, value: Uint8Array): void {
    if (tag === USER_TAG) {
      const user = decodeUser(value);
      this.#users.set(user.name, user);
    } else if (tag === ROLE_TAG) {
      const role = decodeRole(value);
      this.#roles.set(role.name, role);
    } else {
      const { enabled, revision } = decodeState(value);
      this.#enabled = enabled;
      this.#revision = revision;
    }
  }
}

/** One that no table can hold is refused as etcd refuses what its log cannot. */
function checkName(name: string): void {
  if (encodeUtf8(name).length > NAME_BYTES_MAX) throw new ServerError("requestTooLarge");
}

/** In the order of their UTF-8, as etcd lists them; that of JavaScript's strings differs beyond the basic plane. */
function inOrder(names: Iterable<string>): readonly string[] {
  const encoded = Array.from(names, (name) => ({ name, bytes: Uint8Array.from(encodeUtf8(name)) }));
  return encoded.sort((a, b) => compareBytes(a.bytes, b.bytes)).map(({ name }) => name);
}

function without(user: User, role: string): User {
  return { ...user, roles: user.roles.filter((name) => name !== role) };
}

type RangeOfKeys = Pick<Permission, "key" | "rangeEnd">;

function isRange({ key, rangeEnd }: RangeOfKeys): boolean {
  if (key.length === 0) return false;
  return rangeEnd.length === 0 || isFromKey(rangeEnd) || compareBytes(key, rangeEnd) < 0;
}

function sameRange(a: RangeOfKeys, b: RangeOfKeys): boolean {
  return equalBytes(a.key, b.key) && equalBytes(a.rangeEnd, b.rangeEnd);
}

/** Ranges from the same key stay in the order in which they were granted, as in etcd. */
function byKey(a: RangeOfKeys, b: RangeOfKeys): number {
  return compareBytes(a.key, b.key);
}
