/** The commands of users and permissions as bodies of `kvorum.internal.Command`, and back. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Command as CommandMessage, CommandSchema, Permission as PermissionMessage } from "@kvorum/proto";
import type { AuthChange, Authenticate } from "../../core/auth/command.js";
import { EMPTY_BYTES } from "../../core/bytes.js";
import { permissionMessage, toPermission } from "./permission.js";

type CommandInit = NonNullable<MessageInitShape<typeof CommandSchema>["command"]>;

export function authCommandInit(command: AuthChange | Authenticate): CommandInit {
  switch (command.kind) {
    case "authenticate": {
      const { user, token, checkedRevision } = command;
      return { case: "authenticate", value: { user, token, checkedRevision } };
    }
    case "auth-enable":
      return { case: "authSwitch", value: { enabled: true } };
    case "auth-disable":
      return { case: "authSwitch", value: { enabled: false } };
    case "user-add": {
      const { name, passwordHash } = command;
      return {
        case: "userAdd",
        value: { name, passwordHash: passwordHash ?? "", noPassword: passwordHash === undefined },
      };
    }
    case "user-delete":
      return { case: "userDelete", value: command.name };
    case "user-change-password":
      return { case: "userChangePassword", value: { name: command.name, passwordHash: command.passwordHash } };
    case "user-grant-role":
      return { case: "userGrantRole", value: { user: command.name, role: command.role } };
    case "user-revoke-role":
      return { case: "userRevokeRole", value: { user: command.name, role: command.role } };
    case "role-add":
      return { case: "roleAdd", value: command.name };
    case "role-delete":
      return { case: "roleDelete", value: command.name };
    case "role-grant-permission": {
      const { name, permission } = command;
      return { case: "roleGrantPermission", value: { role: name, permission: permissionMessage(permission) } };
    }
    case "role-revoke-permission": {
      const { name, key, rangeEnd } = command;
      return { case: "roleRevokePermission", value: { role: name, permission: { key, rangeEnd } } };
    }
  }
}

/** Undefined for a body that is none of these. Throws for a permission of a type that this version does not know. */
export function toAuthCommand({ command }: CommandMessage): AuthChange | Authenticate | undefined {
  switch (command.case) {
    case "authenticate": {
      const { user, token, checkedRevision } = command.value;
      return { kind: "authenticate", user, token, checkedRevision };
    }
    case "authSwitch":
      return { kind: command.value.enabled ? "auth-enable" : "auth-disable" };
    case "userAdd": {
      const { name, passwordHash, noPassword } = command.value;
      return { kind: "user-add", name, passwordHash: noPassword ? undefined : passwordHash };
    }
    case "userDelete":
      return { kind: "user-delete", name: command.value };
    case "userChangePassword": {
      const { name, passwordHash } = command.value;
      return { kind: "user-change-password", name, passwordHash };
    }
    case "userGrantRole":
      return { kind: "user-grant-role", name: command.value.user, role: command.value.role };
    case "userRevokeRole":
      return { kind: "user-revoke-role", name: command.value.user, role: command.value.role };
    case "roleAdd":
      return { kind: "role-add", name: command.value };
    case "roleDelete":
      return { kind: "role-delete", name: command.value };
    case "roleGrantPermission":
      return roleGrant(command.value.role, command.value.permission);
    case "roleRevokePermission": {
      const { role, permission } = command.value;
      const { key = EMPTY_BYTES, rangeEnd = EMPTY_BYTES } = permission ?? {};
      return { kind: "role-revoke-permission", name: role, key, rangeEnd };
    }
    default:
      return undefined;
  }
}

function roleGrant(name: string, message: PermissionMessage | undefined): AuthChange {
  const permission = message && toPermission(message);
  if (permission === undefined) throw new RangeError("a permission is unknown to this version");
  return { kind: "role-grant-permission", name, permission };
}
