// Codecs of the messages of kvorum/internal/command.proto. Generated from the .proto files by `pnpm generate`. Do not edit.

import { codecOf, caseValue, type Init, type CodecEntry } from "../../../codec/codec.js";
import type { Reader } from "../../../codec/reader.js";
import { delimitedSize, int64Size, textSize, uint64Size, unknownSize } from "../../../codec/sizes.js";
import type { Writer } from "../../../codec/writer.js";
import {
  CommandSchema,
  IdentitySchema,
  AuthenticateSchema,
  AuthSwitchSchema,
  UserAddSchema,
  UserChangePasswordSchema,
  UserRoleSchema,
  RolePermissionSchema,
  LeaseGrantSchema,
  LeaseRevokeSchema,
  LeaseCheckpointsSchema,
  MemberAttributesSchema,
  ClusterVersionSchema,
  DowngradeSchema,
  type Command,
  type Identity,
  type Authenticate,
  type AuthSwitch,
  type UserAdd,
  type UserChangePassword,
  type UserRole,
  type RolePermission,
  type LeaseGrant,
  type LeaseRevoke,
  type LeaseCheckpoints,
  type MemberAttributes,
  type ClusterVersion,
  type Downgrade,
} from "./command_pb.js";
import { sizePermission, writePermission, readPermission } from "../../etcd/authpb/auth_codec.js";
import {
  sizePutRequest,
  writePutRequest,
  readPutRequest,
  sizeDeleteRangeRequest,
  writeDeleteRangeRequest,
  readDeleteRangeRequest,
  sizeTxnRequest,
  writeTxnRequest,
  readTxnRequest,
  sizeCompactionRequest,
  writeCompactionRequest,
  readCompactionRequest,
  sizeLeaseCheckpoint,
  writeLeaseCheckpoint,
  readLeaseCheckpoint,
  sizeAlarmRequest,
  writeAlarmRequest,
  readAlarmRequest,
} from "../../etcd/etcdserverpb/rpc_codec.js";

export function sizeCommand(message: Init<typeof CommandSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.Command") : 0;
  if (message.requestId) size += 1 + uint64Size(message.requestId);
  if (message.identity) {
    size += 1 + delimitedSize(sizeIdentity(message.identity, sizes));
  }
  switch (message.command?.case) {
    case "put":
      size += 1 + delimitedSize(sizePutRequest(message.command.value, sizes));
      break;
    case "deleteRange":
      size += 1 + delimitedSize(sizeDeleteRangeRequest(message.command.value, sizes));
      break;
    case "txn":
      size += 1 + delimitedSize(sizeTxnRequest(message.command.value, sizes));
      break;
    case "compaction":
      size += 1 + delimitedSize(sizeCompactionRequest(message.command.value, sizes));
      break;
    case "leaseGrant":
      size += 1 + delimitedSize(sizeLeaseGrant(message.command.value, sizes));
      break;
    case "leaseRevoke":
      size += 1 + delimitedSize(sizeLeaseRevoke(message.command.value, sizes));
      break;
    case "leaseCheckpoint":
      size += 2 + delimitedSize(sizeLeaseCheckpoints(message.command.value, sizes));
      break;
    case "memberAttributes":
      size += 2 + delimitedSize(sizeMemberAttributes(message.command.value, sizes));
      break;
    case "alarm":
      size += 2 + delimitedSize(sizeAlarmRequest(message.command.value, sizes));
      break;
    case "clusterVersion":
      size += 2 + delimitedSize(sizeClusterVersion(message.command.value, sizes));
      break;
    case "downgrade":
      size += 2 + delimitedSize(sizeDowngrade(message.command.value, sizes));
      break;
    case "authenticate":
      size += 2 + delimitedSize(sizeAuthenticate(message.command.value, sizes));
      break;
    case "authSwitch":
      size += 2 + delimitedSize(sizeAuthSwitch(message.command.value, sizes));
      break;
    case "userAdd":
      size += 2 + delimitedSize(sizeUserAdd(message.command.value, sizes));
      break;
    case "userDelete":
      size += 2 + textSize(message.command.value);
      break;
    case "userChangePassword":
      size += 2 + delimitedSize(sizeUserChangePassword(message.command.value, sizes));
      break;
    case "userGrantRole":
      size += 2 + delimitedSize(sizeUserRole(message.command.value, sizes));
      break;
    case "userRevokeRole":
      size += 2 + delimitedSize(sizeUserRole(message.command.value, sizes));
      break;
    case "roleAdd":
      size += 2 + textSize(message.command.value);
      break;
    case "roleDelete":
      size += 2 + textSize(message.command.value);
      break;
    case "roleGrantPermission":
      size += 2 + delimitedSize(sizeRolePermission(message.command.value, sizes));
      break;
    case "roleRevokePermission":
      size += 2 + delimitedSize(sizeRolePermission(message.command.value, sizes));
      break;
  }
  sizes[place] = size;
  return size;
}

export function writeCommand(message: Init<typeof CommandSchema>, writer: Writer): void {
  if (message.requestId) writer.uint64(8, message.requestId);
  if (message.identity) {
    writer.nested(18);
    writeIdentity(message.identity, writer);
  }
  switch (message.command?.case) {
    case "put":
      writer.nested(82);
      writePutRequest(message.command.value, writer);
      break;
    case "deleteRange":
      writer.nested(90);
      writeDeleteRangeRequest(message.command.value, writer);
      break;
    case "txn":
      writer.nested(98);
      writeTxnRequest(message.command.value, writer);
      break;
    case "compaction":
      writer.nested(106);
      writeCompactionRequest(message.command.value, writer);
      break;
    case "leaseGrant":
      writer.nested(114);
      writeLeaseGrant(message.command.value, writer);
      break;
    case "leaseRevoke":
      writer.nested(122);
      writeLeaseRevoke(message.command.value, writer);
      break;
    case "leaseCheckpoint":
      writer.nested(130);
      writeLeaseCheckpoints(message.command.value, writer);
      break;
    case "memberAttributes":
      writer.nested(138);
      writeMemberAttributes(message.command.value, writer);
      break;
    case "alarm":
      writer.nested(146);
      writeAlarmRequest(message.command.value, writer);
      break;
    case "clusterVersion":
      writer.nested(154);
      writeClusterVersion(message.command.value, writer);
      break;
    case "downgrade":
      writer.nested(162);
      writeDowngrade(message.command.value, writer);
      break;
    case "authenticate":
      writer.nested(242);
      writeAuthenticate(message.command.value, writer);
      break;
    case "authSwitch":
      writer.nested(250);
      writeAuthSwitch(message.command.value, writer);
      break;
    case "userAdd":
      writer.nested(258);
      writeUserAdd(message.command.value, writer);
      break;
    case "userDelete":
      writer.text(266, message.command.value);
      break;
    case "userChangePassword":
      writer.nested(274);
      writeUserChangePassword(message.command.value, writer);
      break;
    case "userGrantRole":
      writer.nested(282);
      writeUserRole(message.command.value, writer);
      break;
    case "userRevokeRole":
      writer.nested(290);
      writeUserRole(message.command.value, writer);
      break;
    case "roleAdd":
      writer.text(298, message.command.value);
      break;
    case "roleDelete":
      writer.text(306, message.command.value);
      break;
    case "roleGrantPermission":
      writer.nested(314);
      writeRolePermission(message.command.value, writer);
      break;
    case "roleRevokePermission":
      writer.nested(322);
      writeRolePermission(message.command.value, writer);
      break;
  }
  if (message.$unknown) writer.unknown(message, "kvorum.internal.Command");
}

export function readCommand(
  reader: Reader,
  end: number,
  message: Command = { $typeName: "kvorum.internal.Command", requestId: 0n, command: { case: undefined } },
): Command {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.requestId = reader.uint64();
        break;
      case 2:
        message.identity = readIdentity(reader, reader.nested(), message.identity);
        break;
      case 10:
        message.command = {
          case: "put",
          value: readPutRequest(reader, reader.nested(), caseValue(message.command, "put")),
        };
        break;
      case 11:
        message.command = {
          case: "deleteRange",
          value: readDeleteRangeRequest(reader, reader.nested(), caseValue(message.command, "deleteRange")),
        };
        break;
      case 12:
        message.command = {
          case: "txn",
          value: readTxnRequest(reader, reader.nested(), caseValue(message.command, "txn")),
        };
        break;
      case 13:
        message.command = {
          case: "compaction",
          value: readCompactionRequest(reader, reader.nested(), caseValue(message.command, "compaction")),
        };
        break;
      case 14:
        message.command = {
          case: "leaseGrant",
          value: readLeaseGrant(reader, reader.nested(), caseValue(message.command, "leaseGrant")),
        };
        break;
      case 15:
        message.command = {
          case: "leaseRevoke",
          value: readLeaseRevoke(reader, reader.nested(), caseValue(message.command, "leaseRevoke")),
        };
        break;
      case 16:
        message.command = {
          case: "leaseCheckpoint",
          value: readLeaseCheckpoints(reader, reader.nested(), caseValue(message.command, "leaseCheckpoint")),
        };
        break;
      case 17:
        message.command = {
          case: "memberAttributes",
          value: readMemberAttributes(reader, reader.nested(), caseValue(message.command, "memberAttributes")),
        };
        break;
      case 18:
        message.command = {
          case: "alarm",
          value: readAlarmRequest(reader, reader.nested(), caseValue(message.command, "alarm")),
        };
        break;
      case 19:
        message.command = {
          case: "clusterVersion",
          value: readClusterVersion(reader, reader.nested(), caseValue(message.command, "clusterVersion")),
        };
        break;
      case 20:
        message.command = {
          case: "downgrade",
          value: readDowngrade(reader, reader.nested(), caseValue(message.command, "downgrade")),
        };
        break;
      case 30:
        message.command = {
          case: "authenticate",
          value: readAuthenticate(reader, reader.nested(), caseValue(message.command, "authenticate")),
        };
        break;
      case 31:
        message.command = {
          case: "authSwitch",
          value: readAuthSwitch(reader, reader.nested(), caseValue(message.command, "authSwitch")),
        };
        break;
      case 32:
        message.command = {
          case: "userAdd",
          value: readUserAdd(reader, reader.nested(), caseValue(message.command, "userAdd")),
        };
        break;
      case 33:
        message.command = { case: "userDelete", value: reader.text() };
        break;
      case 34:
        message.command = {
          case: "userChangePassword",
          value: readUserChangePassword(reader, reader.nested(), caseValue(message.command, "userChangePassword")),
        };
        break;
      case 35:
        message.command = {
          case: "userGrantRole",
          value: readUserRole(reader, reader.nested(), caseValue(message.command, "userGrantRole")),
        };
        break;
      case 36:
        message.command = {
          case: "userRevokeRole",
          value: readUserRole(reader, reader.nested(), caseValue(message.command, "userRevokeRole")),
        };
        break;
      case 37:
        message.command = { case: "roleAdd", value: reader.text() };
        break;
      case 38:
        message.command = { case: "roleDelete", value: reader.text() };
        break;
      case 39:
        message.command = {
          case: "roleGrantPermission",
          value: readRolePermission(reader, reader.nested(), caseValue(message.command, "roleGrantPermission")),
        };
        break;
      case 40:
        message.command = {
          case: "roleRevokePermission",
          value: readRolePermission(reader, reader.nested(), caseValue(message.command, "roleRevokePermission")),
        };
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeIdentity(message: Init<typeof IdentitySchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.Identity") : 0;
  if (message.user) size += 1 + textSize(message.user);
  if (message.authRevision) size += 1 + uint64Size(message.authRevision);
  sizes.push(size);
  return size;
}

export function writeIdentity(message: Init<typeof IdentitySchema>, writer: Writer): void {
  if (message.user) writer.text(10, message.user);
  if (message.authRevision) writer.uint64(16, message.authRevision);
  if (message.$unknown) writer.unknown(message, "kvorum.internal.Identity");
}

export function readIdentity(
  reader: Reader,
  end: number,
  message: Identity = { $typeName: "kvorum.internal.Identity", user: "", authRevision: 0n },
): Identity {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.user = reader.text();
        break;
      case 2:
        message.authRevision = reader.uint64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeAuthenticate(message: Init<typeof AuthenticateSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.Authenticate") : 0;
  if (message.user) size += 1 + textSize(message.user);
  if (message.token) size += 1 + textSize(message.token);
  if (message.checkedRevision) size += 1 + uint64Size(message.checkedRevision);
  sizes.push(size);
  return size;
}

export function writeAuthenticate(message: Init<typeof AuthenticateSchema>, writer: Writer): void {
  if (message.user) writer.text(10, message.user);
  if (message.token) writer.text(18, message.token);
  if (message.checkedRevision) writer.uint64(24, message.checkedRevision);
  if (message.$unknown) writer.unknown(message, "kvorum.internal.Authenticate");
}

export function readAuthenticate(
  reader: Reader,
  end: number,
  message: Authenticate = { $typeName: "kvorum.internal.Authenticate", user: "", token: "", checkedRevision: 0n },
): Authenticate {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.user = reader.text();
        break;
      case 2:
        message.token = reader.text();
        break;
      case 3:
        message.checkedRevision = reader.uint64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeAuthSwitch(message: Init<typeof AuthSwitchSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.AuthSwitch") : 0;
  if (message.enabled) size += 1 + 1;
  sizes.push(size);
  return size;
}

export function writeAuthSwitch(message: Init<typeof AuthSwitchSchema>, writer: Writer): void {
  if (message.enabled) writer.bool(8, message.enabled);
  if (message.$unknown) writer.unknown(message, "kvorum.internal.AuthSwitch");
}

export function readAuthSwitch(
  reader: Reader,
  end: number,
  message: AuthSwitch = { $typeName: "kvorum.internal.AuthSwitch", enabled: false },
): AuthSwitch {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.enabled = reader.bool();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeUserAdd(message: Init<typeof UserAddSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.UserAdd") : 0;
  if (message.name) size += 1 + textSize(message.name);
  if (message.passwordHash) size += 1 + textSize(message.passwordHash);
  if (message.noPassword) size += 1 + 1;
  sizes.push(size);
  return size;
}

export function writeUserAdd(message: Init<typeof UserAddSchema>, writer: Writer): void {
  if (message.name) writer.text(10, message.name);
  if (message.passwordHash) writer.text(18, message.passwordHash);
  if (message.noPassword) writer.bool(24, message.noPassword);
  if (message.$unknown) writer.unknown(message, "kvorum.internal.UserAdd");
}

export function readUserAdd(
  reader: Reader,
  end: number,
  message: UserAdd = { $typeName: "kvorum.internal.UserAdd", name: "", passwordHash: "", noPassword: false },
): UserAdd {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.name = reader.text();
        break;
      case 2:
        message.passwordHash = reader.text();
        break;
      case 3:
        message.noPassword = reader.bool();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeUserChangePassword(message: Init<typeof UserChangePasswordSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.UserChangePassword") : 0;
  if (message.name) size += 1 + textSize(message.name);
  if (message.passwordHash) size += 1 + textSize(message.passwordHash);
  sizes.push(size);
  return size;
}

export function writeUserChangePassword(message: Init<typeof UserChangePasswordSchema>, writer: Writer): void {
  if (message.name) writer.text(10, message.name);
  if (message.passwordHash) writer.text(18, message.passwordHash);
  if (message.$unknown) writer.unknown(message, "kvorum.internal.UserChangePassword");
}

export function readUserChangePassword(
  reader: Reader,
  end: number,
  message: UserChangePassword = { $typeName: "kvorum.internal.UserChangePassword", name: "", passwordHash: "" },
): UserChangePassword {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.name = reader.text();
        break;
      case 2:
        message.passwordHash = reader.text();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeUserRole(message: Init<typeof UserRoleSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.UserRole") : 0;
  if (message.user) size += 1 + textSize(message.user);
  if (message.role) size += 1 + textSize(message.role);
  sizes.push(size);
  return size;
}

export function writeUserRole(message: Init<typeof UserRoleSchema>, writer: Writer): void {
  if (message.user) writer.text(10, message.user);
  if (message.role) writer.text(18, message.role);
  if (message.$unknown) writer.unknown(message, "kvorum.internal.UserRole");
}

export function readUserRole(
  reader: Reader,
  end: number,
  message: UserRole = { $typeName: "kvorum.internal.UserRole", user: "", role: "" },
): UserRole {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.user = reader.text();
        break;
      case 2:
        message.role = reader.text();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeRolePermission(message: Init<typeof RolePermissionSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.RolePermission") : 0;
  if (message.role) size += 1 + textSize(message.role);
  if (message.permission) {
    size += 1 + delimitedSize(sizePermission(message.permission, sizes));
  }
  sizes[place] = size;
  return size;
}

export function writeRolePermission(message: Init<typeof RolePermissionSchema>, writer: Writer): void {
  if (message.role) writer.text(10, message.role);
  if (message.permission) {
    writer.nested(18);
    writePermission(message.permission, writer);
  }
  if (message.$unknown) writer.unknown(message, "kvorum.internal.RolePermission");
}

export function readRolePermission(
  reader: Reader,
  end: number,
  message: RolePermission = { $typeName: "kvorum.internal.RolePermission", role: "" },
): RolePermission {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.role = reader.text();
        break;
      case 2:
        message.permission = readPermission(reader, reader.nested(), message.permission);
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeLeaseGrant(message: Init<typeof LeaseGrantSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.LeaseGrant") : 0;
  if (message.id) size += 1 + int64Size(message.id);
  if (message.ttlSeconds) size += 1 + int64Size(message.ttlSeconds);
  sizes.push(size);
  return size;
}

export function writeLeaseGrant(message: Init<typeof LeaseGrantSchema>, writer: Writer): void {
  if (message.id) writer.int64(8, message.id);
  if (message.ttlSeconds) writer.int64(16, message.ttlSeconds);
  if (message.$unknown) writer.unknown(message, "kvorum.internal.LeaseGrant");
}

export function readLeaseGrant(
  reader: Reader,
  end: number,
  message: LeaseGrant = { $typeName: "kvorum.internal.LeaseGrant", id: 0n, ttlSeconds: 0n },
): LeaseGrant {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.id = reader.int64();
        break;
      case 2:
        message.ttlSeconds = reader.int64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeLeaseRevoke(message: Init<typeof LeaseRevokeSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.LeaseRevoke") : 0;
  if (message.id) size += 1 + int64Size(message.id);
  if (message.leaderTerm) size += 1 + uint64Size(message.leaderTerm);
  sizes.push(size);
  return size;
}

export function writeLeaseRevoke(message: Init<typeof LeaseRevokeSchema>, writer: Writer): void {
  if (message.id) writer.int64(8, message.id);
  if (message.leaderTerm) writer.uint64(16, message.leaderTerm);
  if (message.$unknown) writer.unknown(message, "kvorum.internal.LeaseRevoke");
}

export function readLeaseRevoke(
  reader: Reader,
  end: number,
  message: LeaseRevoke = { $typeName: "kvorum.internal.LeaseRevoke", id: 0n, leaderTerm: 0n },
): LeaseRevoke {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.id = reader.int64();
        break;
      case 2:
        message.leaderTerm = reader.uint64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeLeaseCheckpoints(message: Init<typeof LeaseCheckpointsSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.LeaseCheckpoints") : 0;
  if (message.checkpoints) {
    for (const item of message.checkpoints) {
      size += 1 + delimitedSize(sizeLeaseCheckpoint(item, sizes));
    }
  }
  if (message.leaderTerm) size += 1 + uint64Size(message.leaderTerm);
  sizes[place] = size;
  return size;
}

export function writeLeaseCheckpoints(message: Init<typeof LeaseCheckpointsSchema>, writer: Writer): void {
  if (message.checkpoints) {
    for (const item of message.checkpoints) {
      writer.nested(10);
      writeLeaseCheckpoint(item, writer);
    }
  }
  if (message.leaderTerm) writer.uint64(16, message.leaderTerm);
  if (message.$unknown) writer.unknown(message, "kvorum.internal.LeaseCheckpoints");
}

export function readLeaseCheckpoints(
  reader: Reader,
  end: number,
  message: LeaseCheckpoints = { $typeName: "kvorum.internal.LeaseCheckpoints", checkpoints: [], leaderTerm: 0n },
): LeaseCheckpoints {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.checkpoints.push(readLeaseCheckpoint(reader, reader.nested()));
        break;
      case 2:
        message.leaderTerm = reader.uint64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeMemberAttributes(message: Init<typeof MemberAttributesSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.MemberAttributes") : 0;
  if (message.memberId) size += 1 + uint64Size(message.memberId);
  if (message.name) size += 1 + textSize(message.name);
  if (message.clientUrls) {
    for (const item of message.clientUrls) {
      size += 1 + textSize(item);
    }
  }
  sizes.push(size);
  return size;
}

export function writeMemberAttributes(message: Init<typeof MemberAttributesSchema>, writer: Writer): void {
  if (message.memberId) writer.uint64(8, message.memberId);
  if (message.name) writer.text(18, message.name);
  if (message.clientUrls) {
    for (const item of message.clientUrls) {
      writer.text(26, item);
    }
  }
  if (message.$unknown) writer.unknown(message, "kvorum.internal.MemberAttributes");
}

export function readMemberAttributes(
  reader: Reader,
  end: number,
  message: MemberAttributes = { $typeName: "kvorum.internal.MemberAttributes", memberId: 0n, name: "", clientUrls: [] },
): MemberAttributes {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.memberId = reader.uint64();
        break;
      case 2:
        message.name = reader.text();
        break;
      case 3:
        message.clientUrls.push(reader.text());
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeClusterVersion(message: Init<typeof ClusterVersionSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.ClusterVersion") : 0;
  if (message.version) size += 1 + textSize(message.version);
  sizes.push(size);
  return size;
}

export function writeClusterVersion(message: Init<typeof ClusterVersionSchema>, writer: Writer): void {
  if (message.version) writer.text(10, message.version);
  if (message.$unknown) writer.unknown(message, "kvorum.internal.ClusterVersion");
}

export function readClusterVersion(
  reader: Reader,
  end: number,
  message: ClusterVersion = { $typeName: "kvorum.internal.ClusterVersion", version: "" },
): ClusterVersion {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.version = reader.text();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeDowngrade(message: Init<typeof DowngradeSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.Downgrade") : 0;
  if (message.target) size += 1 + textSize(message.target);
  sizes.push(size);
  return size;
}

export function writeDowngrade(message: Init<typeof DowngradeSchema>, writer: Writer): void {
  if (message.target) writer.text(10, message.target);
  if (message.$unknown) writer.unknown(message, "kvorum.internal.Downgrade");
}

export function readDowngrade(
  reader: Reader,
  end: number,
  message: Downgrade = { $typeName: "kvorum.internal.Downgrade", target: "" },
): Downgrade {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.target = reader.text();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export const codecs: readonly CodecEntry[] = [
  codecOf(CommandSchema, sizeCommand, writeCommand, readCommand),
  codecOf(IdentitySchema, sizeIdentity, writeIdentity, readIdentity),
  codecOf(AuthenticateSchema, sizeAuthenticate, writeAuthenticate, readAuthenticate),
  codecOf(AuthSwitchSchema, sizeAuthSwitch, writeAuthSwitch, readAuthSwitch),
  codecOf(UserAddSchema, sizeUserAdd, writeUserAdd, readUserAdd),
  codecOf(UserChangePasswordSchema, sizeUserChangePassword, writeUserChangePassword, readUserChangePassword),
  codecOf(UserRoleSchema, sizeUserRole, writeUserRole, readUserRole),
  codecOf(RolePermissionSchema, sizeRolePermission, writeRolePermission, readRolePermission),
  codecOf(LeaseGrantSchema, sizeLeaseGrant, writeLeaseGrant, readLeaseGrant),
  codecOf(LeaseRevokeSchema, sizeLeaseRevoke, writeLeaseRevoke, readLeaseRevoke),
  codecOf(LeaseCheckpointsSchema, sizeLeaseCheckpoints, writeLeaseCheckpoints, readLeaseCheckpoints),
  codecOf(MemberAttributesSchema, sizeMemberAttributes, writeMemberAttributes, readMemberAttributes),
  codecOf(ClusterVersionSchema, sizeClusterVersion, writeClusterVersion, readClusterVersion),
  codecOf(DowngradeSchema, sizeDowngrade, writeDowngrade, readDowngrade),
];
