/**
 * The Auth service: users, roles, permissions, and the switch that makes them count. Changes go through the log; what is
 * asked about them is answered when everything committed before the question is applied here, as if it had gone there too.
 *
 * The guard has asked who may call what (`access.ts`); a question about a user or a role looks once more at the state it
 * answers from. Passwords are hashed before anything is proposed and go no further than here.
 */
import type { Auth, AuthUserAddRequest, Permission as PermissionMessage } from "@kvorum/proto";
import type { CallContext, ServiceImplementation } from "@kvorum/transport";
import type { AuthChange } from "../core/auth/command.js";
import { type Identity, type Permission, ROOT_ROLE, type Role } from "../core/auth/types.js";
import { EMPTY_BYTES } from "../core/bytes.js";
import { ServerError } from "../core/errors.js";
import { permissionMessage, toPermission } from "../io/wire/permission.js";
import { type Header, headerOf } from "./header.js";
import type { RpcParts } from "./parts.js";
import { traceOf } from "./trace.js";

/** What role root is shown to have, whatever was granted to it: everything. */
const ROOT_PERMISSION: Permission = { type: "readwrite", key: EMPTY_BYTES, rangeEnd: Uint8Array.of(0) };

export function authService(parts: RpcParts): ServiceImplementation<typeof Auth> {
  const { node } = parts;
  const callerOf = (context: CallContext): Identity | undefined => parts.auth?.identities.of(context);

  async function change(context: CallContext, command: AuthChange): Promise<{ header: Header }> {
    const { revision } = await node.propose(command, callerOf(context), traceOf(context));
    return { header: headerOf(node, revision) };
  }

  /** What is asked of the state as it is now; `open` says who may ask beside root. */
  async function ask<T>(context: CallContext, open: (identity: Identity) => boolean, answer: () => T): Promise<T> {
    await node.linearizableBarrier();
    const identity = callerOf(context);
    if (identity === undefined || !open(identity)) node.auth.checkAdmin(identity);
    return answer();
  }

  return {
    authEnable: (_, context) => change(context, { kind: "auth-enable" }),
    authDisable: (_, context) => change(context, { kind: "auth-disable" }),

    async authStatus() {
      await node.linearizableBarrier();
      const { enabled, revision } = node.auth;
      return { header: headerOf(node), enabled, authRevision: revision };
    },

    async authenticate(request, context) {
      if (parts.auth === undefined) throw new ServerError("authNotEnabled");
      const { token, revision } = await parts.auth.authenticator.authenticate(request, context);
      return { header: headerOf(node, revision), token };
    },

    async userAdd(request, context) {
      const passwordHash = hasPassword(request) ? await hash(parts, request.password) : undefined;
      return change(context, { kind: "user-add", name: request.name, passwordHash });
    },

    async userChangePassword({ name, password }, context) {
      const passwordHash = await hash(parts, password);
      return change(context, { kind: "user-change-password", name, passwordHash });
    },

    userGet: ({ name }, context) =>
      ask(
        context,
        ({ user }) => user === name,
        () => {
          const user = node.auth.user(name);
          if (user === undefined) throw new ServerError("userNotFound");
          return { header: headerOf(node), roles: [...user.roles] };
        },
      ),

    userList: (_, context) => ask(context, nobody, () => ({ header: headerOf(node), users: [...node.auth.userNames] })),
    userDelete: ({ name }, context) => change(context, { kind: "user-delete", name }),
    userGrantRole: ({ user, role }, context) => change(context, { kind: "user-grant-role", name: user, role }),
    userRevokeRole: ({ name, role }, context) => change(context, { kind: "user-revoke-role", name, role }),

    roleAdd: ({ name }, context) => change(context, { kind: "role-add", name }),

    roleGet: ({ role: name }, context) =>
      ask(
        context,
        ({ user }) => node.auth.user(user)?.roles.includes(name) ?? false,
        () => {
          const role = node.auth.role(name);
          if (role === undefined) throw new ServerError("roleNotFound");
          return { header: headerOf(node), perm: shownPermissions(role).map(permissionMessage) };
        },
      ),

    roleList: (_, context) => ask(context, nobody, () => ({ header: headerOf(node), roles: [...node.auth.roleNames] })),
    roleDelete: ({ role }, context) => change(context, { kind: "role-delete", name: role }),

    async roleGrantPermission({ name, perm }, context) {
      const permission = permissionOf(perm);
      return change(context, { kind: "role-grant-permission", name, permission });
    },

    roleRevokePermission: ({ role, key, rangeEnd }, context) =>
      change(context, { kind: "role-revoke-permission", name: role, key, rangeEnd }),
  };
}

function nobody(): boolean {
  return false;
}

function hasPassword({ options }: AuthUserAddRequest): boolean {
  return options?.noPassword !== true;
}

function hash({ auth }: RpcParts, password: string): Promise<string> {
  if (auth === undefined) throw new ServerError("authNotEnabled");
  return auth.passwords.hash(password);
}

function shownPermissions({ name, permissions }: Role): readonly Permission[] {
  return name === ROOT_ROLE ? [ROOT_PERMISSION] : permissions;
}

/** Errors: `permissionNotGiven`; `invalidAuthManagement` for a type that is none, which etcd keeps and never grants. */
function permissionOf(message: PermissionMessage | undefined): Permission {
  if (message === undefined) throw new ServerError("permissionNotGiven");
  const permission = toPermission(message);
  if (permission === undefined) throw new ServerError("invalidAuthManagement");
  return permission;
}
