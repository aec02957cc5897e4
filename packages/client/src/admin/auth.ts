/**
 * Users, roles and what roles may do. Reads of this service need the role `root` once auth is on; everything here is sent
 * again only where it is certain that it was not applied. `permission.ts` is how a permission is written.
 */
import { Auth } from "@kvorum/proto";
import type { Selector } from "../keys.js";
import type { Caller } from "../net/caller.js";
import type { CallOptions } from "../options.js";
import {
  type GrantedPermission,
  type Permission,
  permissionRange,
  toPermission,
  wirePermission,
} from "./permission.js";

/** How a user proves who it is: with a password, or only with a certificate whose common name is the user's. */
export type UserCredentials = { readonly password: string } | { readonly noPassword: true };

export interface AuthStatus {
  readonly enabled: boolean;
  /** Goes up with every change of users, roles and permissions. */
  readonly revision: bigint;
}

/**
 * Errors of every call: `PermissionDeniedError` for whoever is not root, `EtcdError` with etcd's reason (`user-exists`,
 * `role-not-found`, `root-role-missing`, ...), `signal.reason`, and `not-supported` from a server without auth.
 */
export interface AuthApi {
  /** Turns auth on. Needs a user `root` that has the role `root`: `root-user-missing` and `root-role-missing` otherwise. */
  enable(options?: CallOptions): Promise<void>;
  disable(options?: CallOptions): Promise<void>;
  /** Since etcd 3.5; `not-supported` before. */
  status(options?: CallOptions): Promise<AuthStatus>;

  userAdd(name: string, credentials: UserCredentials, options?: CallOptions): Promise<void>;
  userDelete(name: string, options?: CallOptions): Promise<void>;
  /** The user's roles. A user may ask for itself. */
  userGet(name: string, options?: CallOptions): Promise<{ readonly roles: string[] }>;
  userList(options?: CallOptions): Promise<string[]>;
  /** Tokens of the user are no good any more. */
  userChangePassword(name: string, password: string, options?: CallOptions): Promise<void>;
  userGrantRole(name: string, role: string, options?: CallOptions): Promise<void>;
  userRevokeRole(name: string, role: string, options?: CallOptions): Promise<void>;

  roleAdd(name: string, options?: CallOptions): Promise<void>;
  /** Users that have it lose it. */
  roleDelete(name: string, options?: CallOptions): Promise<void>;
  roleGet(name: string, options?: CallOptions): Promise<{ readonly permissions: GrantedPermission[] }>;
  roleList(options?: CallOptions): Promise<string[]>;
  /**
   * `roleGrantPermission("reader", { access: "read", on: prefix("a/") })`. Granting the same range again replaces the access.
   * Keys are the server's: no namespace is put in front.
   */
  roleGrantPermission(role: string, permission: Permission, options?: CallOptions): Promise<void>;
  /** Takes exactly this key or range back; `permission-not-granted` when it was not granted as such. */
  roleRevokePermission(role: string, on: Selector, options?: CallOptions): Promise<void>;
}

export class AuthClient implements AuthApi {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  async enable(options?: CallOptions): Promise<void> {
    await this.#caller.unary(Auth.method.authEnable, {}, "admin", options);
  }

  async disable(options?: CallOptions): Promise<void> {
    await this.#caller.unary(Auth.method.authDisable, {}, "admin", options);
  }

  async status(options?: CallOptions): Promise<AuthStatus> {
    const { enabled, authRevision } = await this.#caller.unary(Auth.method.authStatus, {}, "read", options);
    return { enabled, revision: authRevision };
  }

  async userAdd(name: string, credentials: UserCredentials, options?: CallOptions): Promise<void> {
    const request =
      "password" in credentials
        ? { name, password: somePassword(credentials.password) }
        : { name, options: { noPassword: true } };
    await this.#caller.unary(Auth.method.userAdd, request, "admin", options);
  }

  async userDelete(name: string, options?: CallOptions): Promise<void> {
    await this.#caller.unary(Auth.method.userDelete, { name }, "admin", options);
  }

  async userGet(name: string, options?: CallOptions): Promise<{ readonly roles: string[] }> {
    const { roles } = await this.#caller.unary(Auth.method.userGet, { name }, "read", options);
    return { roles };
  }

  async userList(options?: CallOptions): Promise<string[]> {
    return (await this.#caller.unary(Auth.method.userList, {}, "read", options)).users;
  }

  async userChangePassword(name: string, password: string, options?: CallOptions): Promise<void> {
    const request = { name, password: somePassword(password) };
    await this.#caller.unary(Auth.method.userChangePassword, request, "admin", options);
  }

  async userGrantRole(name: string, role: string, options?: CallOptions): Promise<void> {
    await this.#caller.unary(Auth.method.userGrantRole, { user: name, role }, "admin", options);
  }

  async userRevokeRole(name: string, role: string, options?: CallOptions): Promise<void> {
    await this.#caller.unary(Auth.method.userRevokeRole, { name, role }, "admin", options);
  }

  async roleAdd(name: string, options?: CallOptions): Promise<void> {
    await this.#caller.unary(Auth.method.roleAdd, { name }, "admin", options);
  }

  async roleDelete(name: string, options?: CallOptions): Promise<void> {
    await this.#caller.unary(Auth.method.roleDelete, { role: name }, "admin", options);
  }

  async roleGet(name: string, options?: CallOptions): Promise<{ readonly permissions: GrantedPermission[] }> {
    const { perm } = await this.#caller.unary(Auth.method.roleGet, { role: name }, "read", options);
    return { permissions: perm.map(toPermission) };
  }

  async roleList(options?: CallOptions): Promise<string[]> {
    return (await this.#caller.unary(Auth.method.roleList, {}, "read", options)).roles;
  }

  async roleGrantPermission(role: string, permission: Permission, options?: CallOptions): Promise<void> {
    const request = { name: role, perm: wirePermission(permission) };
    await this.#caller.unary(Auth.method.roleGrantPermission, request, "admin", options);
  }

  async roleRevokePermission(role: string, on: Selector, options?: CallOptions): Promise<void> {
    const request = { role, ...permissionRange(on) };
    await this.#caller.unary(Auth.method.roleRevokePermission, request, "admin", options);
  }
}

/** etcd takes an empty password and then has a user whom anybody can be. */
function somePassword(password: string): string {
  if (typeof password !== "string" || password === "") {
    throw new TypeError("password must not be empty; use noPassword for users that have a certificate");
  }
  return password;
}
