// Codecs of the messages of etcd/authpb/auth.proto. Generated from the .proto files by `pnpm generate`. Do not edit.

import { codecOf, type Init, type CodecEntry } from "../../../codec/codec.js";
import { EMPTY_BYTES, type Reader } from "../../../codec/reader.js";
import { bytesSize, delimitedSize, int32Size, textSize, unknownSize } from "../../../codec/sizes.js";
import type { Writer } from "../../../codec/writer.js";
import {
  UserAddOptionsSchema,
  UserSchema,
  PermissionSchema,
  RoleSchema,
  type UserAddOptions,
  type User,
  type Permission,
  type Role,
} from "./auth_pb.js";

export function sizeUserAddOptions(message: Init<typeof UserAddOptionsSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "authpb.UserAddOptions") : 0;
  if (message.noPassword) size += 1 + 1;
  sizes.push(size);
  return size;
}

export function writeUserAddOptions(message: Init<typeof UserAddOptionsSchema>, writer: Writer): void {
  if (message.noPassword) writer.bool(8, message.noPassword);
  if (message.$unknown) writer.unknown(message, "authpb.UserAddOptions");
}

export function readUserAddOptions(
  reader: Reader,
  end: number,
  message: UserAddOptions = { $typeName: "authpb.UserAddOptions", noPassword: false },
): UserAddOptions {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.noPassword = reader.bool();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeUser(message: Init<typeof UserSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "authpb.User") : 0;
  if (message.name?.length) size += 1 + bytesSize(message.name);
  if (message.password?.length) size += 1 + bytesSize(message.password);
  if (message.roles) {
    for (const item of message.roles) {
      size += 1 + textSize(item);
    }
  }
  if (message.options) {
    size += 1 + delimitedSize(sizeUserAddOptions(message.options, sizes));
  }
  sizes[place] = size;
  return size;
}

export function writeUser(message: Init<typeof UserSchema>, writer: Writer): void {
  if (message.name?.length) writer.bytes(10, message.name);
  if (message.password?.length) writer.bytes(18, message.password);
  if (message.roles) {
    for (const item of message.roles) {
      writer.text(26, item);
    }
  }
  if (message.options) {
    writer.nested(34);
    writeUserAddOptions(message.options, writer);
  }
  if (message.$unknown) writer.unknown(message, "authpb.User");
}

export function readUser(
  reader: Reader,
  end: number,
  message: User = { $typeName: "authpb.User", name: EMPTY_BYTES, password: EMPTY_BYTES, roles: [] },
): User {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.name = reader.bytes();
        break;
      case 2:
        message.password = reader.bytes();
        break;
      case 3:
        message.roles.push(reader.text());
        break;
      case 4:
        message.options = readUserAddOptions(reader, reader.nested(), message.options);
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizePermission(message: Init<typeof PermissionSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "authpb.Permission") : 0;
  if (message.permType) size += 1 + int32Size(message.permType);
  if (message.key?.length) size += 1 + bytesSize(message.key);
  if (message.rangeEnd?.length) size += 1 + bytesSize(message.rangeEnd);
  sizes.push(size);
  return size;
}

export function writePermission(message: Init<typeof PermissionSchema>, writer: Writer): void {
  if (message.permType) writer.int32(8, message.permType);
  if (message.key?.length) writer.bytes(18, message.key);
  if (message.rangeEnd?.length) writer.bytes(26, message.rangeEnd);
  if (message.$unknown) writer.unknown(message, "authpb.Permission");
}

export function readPermission(
  reader: Reader,
  end: number,
  message: Permission = { $typeName: "authpb.Permission", permType: 0, key: EMPTY_BYTES, rangeEnd: EMPTY_BYTES },
): Permission {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.permType = reader.int32();
        break;
      case 2:
        message.key = reader.bytes();
        break;
      case 3:
        message.rangeEnd = reader.bytes();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeRole(message: Init<typeof RoleSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "authpb.Role") : 0;
  if (message.name?.length) size += 1 + bytesSize(message.name);
  if (message.keyPermission) {
    for (const item of message.keyPermission) {
      size += 1 + delimitedSize(sizePermission(item, sizes));
    }
  }
  sizes[place] = size;
  return size;
}

export function writeRole(message: Init<typeof RoleSchema>, writer: Writer): void {
  if (message.name?.length) writer.bytes(10, message.name);
  if (message.keyPermission) {
    for (const item of message.keyPermission) {
      writer.nested(18);
      writePermission(item, writer);
    }
  }
  if (message.$unknown) writer.unknown(message, "authpb.Role");
}

export function readRole(
  reader: Reader,
  end: number,
  message: Role = { $typeName: "authpb.Role", name: EMPTY_BYTES, keyPermission: [] },
): Role {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.name = reader.bytes();
        break;
      case 2:
        message.keyPermission.push(readPermission(reader, reader.nested()));
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export const codecs: readonly CodecEntry[] = [
  codecOf(UserAddOptionsSchema, sizeUserAddOptions, writeUserAddOptions, readUserAddOptions),
  codecOf(UserSchema, sizeUser, writeUser, readUser),
  codecOf(PermissionSchema, sizePermission, writePermission, readPermission),
  codecOf(RoleSchema, sizeRole, writeRole, readRole),
];
