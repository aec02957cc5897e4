/** What a role may do with which keys, as it is written and as it stands in etcd's messages. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Permission_Type, type PermissionSchema, type Permission as WirePermission } from "@kvorum/proto";
import { type KeyRange, keyText, type Selector } from "../keys.js";
import { Keyspace, type WireRange } from "../keyspace.js";

export type Access = "read" | "write" | "readwrite";

/** `on` is a key, or what `prefix`, `range` and `fromKey` give. A txn that compares keys needs to read them. */
export interface Permission {
  readonly access: Access;
  readonly on: Selector;
}

/** As a role has it. */
export interface GrantedPermission {
  readonly access: Access;
  /** Fits `roleRevokePermission` as it is. Without an `end` it is the one key. */
  readonly on: KeyRange;
  /** The key, or the start of the range, as text. */
  readonly key: string;
}

const TYPES: Readonly<Record<Access, Permission_Type>> = {
  read: Permission_Type.READ,
  write: Permission_Type.WRITE,
  readwrite: Permission_Type.READWRITE,
};

/** Permissions name the server's keys, not those of a store's namespace. */
const ROOT = new Keyspace();

export function permissionRange(on: Selector): WireRange {
  return ROOT.range(on);
}

/** Errors: `TypeError` for an access that is none. */
export function wirePermission({ access, on }: Permission): MessageInitShape<typeof PermissionSchema> {
  const permType = Object.hasOwn(TYPES, access) ? TYPES[access] : undefined;
  if (permType === undefined) {
    throw new TypeError(`access must be "read", "write" or "readwrite", not ${JSON.stringify(access)}`);
  }
  return { permType, ...permissionRange(on) };
}

export function toPermission({ permType, key, rangeEnd }: WirePermission): GrantedPermission {
  const on = { key: new Uint8Array(key), ...(rangeEnd.length > 0 && { end: new Uint8Array(rangeEnd) }) };
  return { access: accessOf(permType), on, key: keyText(key) };
}

function accessOf(type: Permission_Type): Access {
  if (type === Permission_Type.WRITE) return "write";
  return type === Permission_Type.READWRITE ? "readwrite" : "read";
}
