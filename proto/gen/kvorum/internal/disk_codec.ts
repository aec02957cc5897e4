// Codecs of the messages of kvorum/internal/disk.proto. Generated from the .proto files by `pnpm generate`. Do not edit.

import { codecOf, type Init, type CodecEntry } from "../../../codec/codec.js";
import type { Reader } from "../../../codec/reader.js";
import { delimitedSize, int64Size, textSize, uint64Size, unknownSize } from "../../../codec/sizes.js";
import type { Writer } from "../../../codec/writer.js";
import {
  AppliedAtSchema,
  LeaseRecordSchema,
  MemberRecordSchema,
  AuthStateSchema,
  type AppliedAt,
  type LeaseRecord,
  type MemberRecord,
  type AuthState,
} from "./disk_pb.js";
import { sizeConfState, writeConfState, readConfState } from "./raft_codec.js";

export function sizeAppliedAt(message: Init<typeof AppliedAtSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.AppliedAt") : 0;
  if (message.index) size += 1 + uint64Size(message.index);
  if (message.term) size += 1 + uint64Size(message.term);
  if (message.confState) {
    size += 1 + delimitedSize(sizeConfState(message.confState, sizes));
  }
  sizes[place] = size;
  return size;
}

export function writeAppliedAt(message: Init<typeof AppliedAtSchema>, writer: Writer): void {
  if (message.index) writer.uint64(8, message.index);
  if (message.term) writer.uint64(16, message.term);
  if (message.confState) {
    writer.nested(26);
    writeConfState(message.confState, writer);
  }
  if (message.$unknown) writer.unknown(message, "kvorum.internal.AppliedAt");
}

export function readAppliedAt(
  reader: Reader,
  end: number,
  message: AppliedAt = { $typeName: "kvorum.internal.AppliedAt", index: 0n, term: 0n },
): AppliedAt {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.index = reader.uint64();
        break;
      case 2:
        message.term = reader.uint64();
        break;
      case 3:
        message.confState = readConfState(reader, reader.nested(), message.confState);
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeLeaseRecord(message: Init<typeof LeaseRecordSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.LeaseRecord") : 0;
  if (message.id) size += 1 + int64Size(message.id);
  if (message.grantedTtlSeconds) size += 1 + int64Size(message.grantedTtlSeconds);
  if (message.remainingTtlSeconds) size += 1 + int64Size(message.remainingTtlSeconds);
  sizes.push(size);
  return size;
}

export function writeLeaseRecord(message: Init<typeof LeaseRecordSchema>, writer: Writer): void {
  if (message.id) writer.int64(8, message.id);
  if (message.grantedTtlSeconds) writer.int64(16, message.grantedTtlSeconds);
  if (message.remainingTtlSeconds) writer.int64(24, message.remainingTtlSeconds);
  if (message.$unknown) writer.unknown(message, "kvorum.internal.LeaseRecord");
}

export function readLeaseRecord(
  reader: Reader,
  end: number,
  message: LeaseRecord = {
    $typeName: "kvorum.internal.LeaseRecord",
    id: 0n,
    grantedTtlSeconds: 0n,
    remainingTtlSeconds: 0n,
  },
): LeaseRecord {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.id = reader.int64();
        break;
      case 2:
        message.grantedTtlSeconds = reader.int64();
        break;
      case 3:
        message.remainingTtlSeconds = reader.int64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeMemberRecord(message: Init<typeof MemberRecordSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.MemberRecord") : 0;
  if (message.id) size += 1 + uint64Size(message.id);
  if (message.name) size += 1 + textSize(message.name);
  if (message.peerUrls) {
    for (const item of message.peerUrls) {
      size += 1 + textSize(item);
    }
  }
  if (message.clientUrls) {
    for (const item of message.clientUrls) {
      size += 1 + textSize(item);
    }
  }
  if (message.isLearner) size += 1 + 1;
  sizes.push(size);
  return size;
}

export function writeMemberRecord(message: Init<typeof MemberRecordSchema>, writer: Writer): void {
  if (message.id) writer.uint64(8, message.id);
  if (message.name) writer.text(18, message.name);
  if (message.peerUrls) {
    for (const item of message.peerUrls) {
      writer.text(26, item);
    }
  }
  if (message.clientUrls) {
    for (const item of message.clientUrls) {
      writer.text(34, item);
    }
  }
  if (message.isLearner) writer.bool(40, message.isLearner);
  if (message.$unknown) writer.unknown(message, "kvorum.internal.MemberRecord");
}

export function readMemberRecord(
  reader: Reader,
  end: number,
  message: MemberRecord = {
    $typeName: "kvorum.internal.MemberRecord",
    id: 0n,
    name: "",
    peerUrls: [],
    clientUrls: [],
    isLearner: false,
  },
): MemberRecord {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.id = reader.uint64();
        break;
      case 2:
        message.name = reader.text();
        break;
      case 3:
        message.peerUrls.push(reader.text());
        break;
      case 4:
        message.clientUrls.push(reader.text());
        break;
      case 5:
        message.isLearner = reader.bool();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeAuthState(message: Init<typeof AuthStateSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.AuthState") : 0;
  if (message.enabled) size += 1 + 1;
  if (message.revision) size += 1 + uint64Size(message.revision);
  sizes.push(size);
  return size;
}

export function writeAuthState(message: Init<typeof AuthStateSchema>, writer: Writer): void {
  if (message.enabled) writer.bool(8, message.enabled);
  if (message.revision) writer.uint64(16, message.revision);
  if (message.$unknown) writer.unknown(message, "kvorum.internal.AuthState");
}

export function readAuthState(
  reader: Reader,
  end: number,
  message: AuthState = { $typeName: "kvorum.internal.AuthState", enabled: false, revision: 0n },
): AuthState {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.enabled = reader.bool();
        break;
      case 2:
        message.revision = reader.uint64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export const codecs: readonly CodecEntry[] = [
  codecOf(AppliedAtSchema, sizeAppliedAt, writeAppliedAt, readAppliedAt),
  codecOf(LeaseRecordSchema, sizeLeaseRecord, writeLeaseRecord, readLeaseRecord),
  codecOf(MemberRecordSchema, sizeMemberRecord, writeMemberRecord, readMemberRecord),
  codecOf(AuthStateSchema, sizeAuthState, writeAuthState, readAuthState),
];
