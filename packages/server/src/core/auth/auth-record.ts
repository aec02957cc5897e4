/**
 * Users and roles as they lie in table `auth`: etcd's own records, `authpb.User` and `authpb.Role`. The first byte of a key
 * tells the state of the whole (0), a user (1, then its name) and a role (2, then its name).
 */
import { invariant } from "../invariant.js";
import { decodeUtf8, encodeUtf8, MessageWriter, readMessage } from "../wire-format.js";
import type { Permission, PermissionType, Role, User } from "./types.js";

export interface AuthState {
  readonly enabled: boolean;
  readonly revision: bigint;
}

export const STATE_TAG = 0;
export const USER_TAG = 1;
export const ROLE_TAG = 2;

/** By number of `authpb.Permission.Type`. */
const PERMISSION_TYPES: readonly PermissionType[] = ["read", "write", "readwrite"];

export const STATE_KEY: Uint8Array = Uint8Array.of(STATE_TAG);

export function userKey(name: string): Uint8Array {
  return Uint8Array.of(USER_TAG, ...encodeUtf8(name));
}

export function roleKey(name: string): Uint8Array {
  return Uint8Array.of(ROLE_TAG, ...encodeUtf8(name));
}

export function encodeState({ enabled, revision }: AuthState): Uint8Array {
  return new MessageWriter()
    .varint(1, enabled ? 1n : 0n)
    .varint(2, revision)
    .finish();
}

export function decodeState(bytes: Uint8Array): AuthState {
  let enabled = false;
  let revision = 0n;
  for (const field of readMessage(bytes)) {
    if (field.number === 1) enabled = field.varint !== 0n;
    else if (field.number === 2) revision = field.varint;
  }
  return { enabled, revision };
}

export function encodeUser({ name, passwordHash, roles }: User): Uint8Array {
  const writer = new MessageWriter().text(1, name).text(2, passwordHash ?? "");
  for (const role of roles) writer.element(3, role);
  const options = new MessageWriter().varint(1, passwordHash === undefined ? 1n : 0n).finish();
  return writer.bytes(4, options).finish();
}

export function decodeUser(bytes: Uint8Array): User {
  let name = "";
  let hash = "";
  let noPassword = false;
  const roles: string[] = [];
  for (const field of readMessage(bytes)) {
    if (field.number === 1) name = decodeUtf8(field.bytes);
    else if (field.number === 2) hash = decodeUtf8(field.bytes);
    else if (field.number === 3) roles.push(decodeUtf8(field.bytes));
    else if (field.number === 4) noPassword = Array.from(readMessage(field.bytes)).some(({ varint }) => varint !== 0n);
  }
  return { name, passwordHash: noPassword ? undefined : hash, roles };
}

export function encodeRole({ name, permissions }: Role): Uint8Array {
  const writer = new MessageWriter().text(1, name);
  for (const permission of permissions) writer.bytes(2, encodePermission(permission));
  return writer.finish();
}

export function decodeRole(bytes: Uint8Array): Role {
  let name = "";
  const permissions: Permission[] = [];
  for (const field of readMessage(bytes)) {
    if (field.number === 1) name = decodeUtf8(field.bytes);
    else if (field.number === 2) permissions.push(decodePermission(field.bytes));
  }
  return { name, permissions };
}

function encodePermission({ type, key, rangeEnd }: Permission): Uint8Array {
  const number = PERMISSION_TYPES.indexOf(type);
  return new MessageWriter().varint(1, BigInt(number)).bytes(2, key).bytes(3, rangeEnd).finish();
}

function decodePermission(bytes: Uint8Array): Permission {
  let type: PermissionType | undefined = "read";
  let key: Uint8Array = new Uint8Array(0);
  let rangeEnd: Uint8Array = new Uint8Array(0);
  for (const field of readMessage(bytes)) {
    if (field.number === 1) type = PERMISSION_TYPES[Number(field.varint)];
    else if (field.number === 2) key = field.bytes;
    else if (field.number === 3) rangeEnd = field.bytes;
  }
  invariant(type !== undefined, "a stored permission is of a known type");
  return { type, key, rangeEnd };
}
