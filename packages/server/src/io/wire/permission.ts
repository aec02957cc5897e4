/** Permissions between etcd's message and the core, both ways: in the log, in requests and in answers. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Permission_Type, type Permission as PermissionMessage, type PermissionSchema } from "@kvorum/proto";
import type { Permission, PermissionType } from "../../core/auth/types.js";

const FROM_TYPE: Readonly<Record<PermissionType, Permission_Type>> = {
  read: Permission_Type.READ,
  write: Permission_Type.WRITE,
  readwrite: Permission_Type.READWRITE,
};

const TO_TYPE: Readonly<Record<number, PermissionType>> = {
  [Permission_Type.READ]: "read",
  [Permission_Type.WRITE]: "write",
  [Permission_Type.READWRITE]: "readwrite",
};

/** The byte fields are views of the message. Undefined for a type outside the enum, which permits nothing. */
export function toPermission({ permType, key, rangeEnd }: PermissionMessage): Permission | undefined {
  const type = TO_TYPE[permType];
  return type === undefined ? undefined : { type, key, rangeEnd };
}

export function permissionMessage({ type, key, rangeEnd }: Permission): MessageInitShape<typeof PermissionSchema> {
  return { permType: FROM_TYPE[type], key, rangeEnd };
}
