// Codecs of the messages of kvorum/internal/peer.proto. Generated from the .proto files by `pnpm generate`. Do not edit.

import { codecOf, caseValue, type Init, type CodecEntry } from "../../../codec/codec.js";
import { EMPTY_BYTES, type Reader } from "../../../codec/reader.js";
import {
  bytesSize,
  delimitedSize,
  int64Size,
  textSize,
  uint32Size,
  uint64ListLength,
  uint64Size,
  unknownSize,
} from "../../../codec/sizes.js";
import type { Writer } from "../../../codec/writer.js";
import {
  PeerFrameSchema,
  PeerWelcomeSchema,
  SnapshotFrameSchema,
  SnapshotHeadSchema,
  SnapshotAnswerSchema,
  AskRequestSchema,
  MemberChangeRequestSchema,
  AddMemberSchema,
  UpdateMemberSchema,
  AskResponseSchema,
  LeaseRenewedSchema,
  LeaseTimeLeftSchema,
  MemberChangedSchema,
  HashOfKeysSchema,
  DescribeRequestSchema,
  DescribeResponseSchema,
  PeerHandshakeSchema,
  RaftMessageBatchSchema,
  RaftMessageSchema,
  VoteRequestSchema,
  VoteResponseSchema,
  AppendRequestSchema,
  AppendResponseSchema,
  HeartbeatSchema,
  HeartbeatResponseSchema,
  ReadIndexRequestSchema,
  ReadIndexResponseSchema,
  ProposeRequestSchema,
  TimeoutNowSchema,
  SnapshotChunkSchema,
  type PeerFrame,
  type PeerWelcome,
  type SnapshotFrame,
  type SnapshotHead,
  type SnapshotAnswer,
  type AskRequest,
  type MemberChangeRequest,
  type AddMember,
  type UpdateMember,
  type AskResponse,
  type LeaseRenewed,
  type LeaseTimeLeft,
  type MemberChanged,
  type HashOfKeys,
  type DescribeRequest,
  type DescribeResponse,
  type PeerHandshake,
  type RaftMessageBatch,
  type RaftMessage,
  type VoteRequest,
  type VoteResponse,
  type AppendRequest,
  type AppendResponse,
  type Heartbeat,
  type HeartbeatResponse,
  type ReadIndexRequest,
  type ReadIndexResponse,
  type ProposeRequest,
  type TimeoutNow,
  type SnapshotChunk,
} from "./peer_pb.js";
import { sizeMemberRecord, writeMemberRecord, readMemberRecord } from "./disk_codec.js";
import {
  sizeEntry,
  writeEntry,
  readEntry,
  sizeSnapshotMarker,
  writeSnapshotMarker,
  readSnapshotMarker,
} from "./raft_codec.js";

export function sizePeerFrame(message: Init<typeof PeerFrameSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.PeerFrame") : 0;
  switch (message.frame?.case) {
    case "handshake":
      size += 1 + delimitedSize(sizePeerHandshake(message.frame.value, sizes));
      break;
    case "batch":
      size += 1 + delimitedSize(sizeRaftMessageBatch(message.frame.value, sizes));
      break;
  }
  sizes[place] = size;
  return size;
}

export function writePeerFrame(message: Init<typeof PeerFrameSchema>, writer: Writer): void {
  switch (message.frame?.case) {
    case "handshake":
      writer.nested(10);
      writePeerHandshake(message.frame.value, writer);
      break;
    case "batch":
      writer.nested(18);
      writeRaftMessageBatch(message.frame.value, writer);
      break;
  }
  if (message.$unknown) writer.unknown(message, "kvorum.internal.PeerFrame");
}

export function readPeerFrame(
  reader: Reader,
  end: number,
  message: PeerFrame = { $typeName: "kvorum.internal.PeerFrame", frame: { case: undefined } },
): PeerFrame {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.frame = {
          case: "handshake",
          value: readPeerHandshake(reader, reader.nested(), caseValue(message.frame, "handshake")),
        };
        break;
      case 2:
        message.frame = {
          case: "batch",
          value: readRaftMessageBatch(reader, reader.nested(), caseValue(message.frame, "batch")),
        };
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizePeerWelcome(message: Init<typeof PeerWelcomeSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.PeerWelcome") : 0;
  sizes.push(size);
  return size;
}

export function writePeerWelcome(message: Init<typeof PeerWelcomeSchema>, writer: Writer): void {
  if (message.$unknown) writer.unknown(message, "kvorum.internal.PeerWelcome");
}

export function readPeerWelcome(
  reader: Reader,
  end: number,
  message: PeerWelcome = { $typeName: "kvorum.internal.PeerWelcome" },
): PeerWelcome {
  while (reader.at < end) {
    const tag = reader.tag();
    reader.unknown(message, tag);
  }
  reader.leave();
  return message;
}

export function sizeSnapshotFrame(message: Init<typeof SnapshotFrameSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.SnapshotFrame") : 0;
  switch (message.frame?.case) {
    case "head":
      size += 1 + delimitedSize(sizeSnapshotHead(message.frame.value, sizes));
      break;
    case "chunk":
      size += 1 + delimitedSize(sizeSnapshotChunk(message.frame.value, sizes));
      break;
  }
  sizes[place] = size;
  return size;
}

export function writeSnapshotFrame(message: Init<typeof SnapshotFrameSchema>, writer: Writer): void {
  switch (message.frame?.case) {
    case "head":
      writer.nested(10);
      writeSnapshotHead(message.frame.value, writer);
      break;
    case "chunk":
      writer.nested(18);
      writeSnapshotChunk(message.frame.value, writer);
      break;
  }
  if (message.$unknown) writer.unknown(message, "kvorum.internal.SnapshotFrame");
}

export function readSnapshotFrame(
  reader: Reader,
  end: number,
  message: SnapshotFrame = { $typeName: "kvorum.internal.SnapshotFrame", frame: { case: undefined } },
): SnapshotFrame {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.frame = {
          case: "head",
          value: readSnapshotHead(reader, reader.nested(), caseValue(message.frame, "head")),
        };
        break;
      case 2:
        message.frame = {
          case: "chunk",
          value: readSnapshotChunk(reader, reader.nested(), caseValue(message.frame, "chunk")),
        };
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeSnapshotHead(message: Init<typeof SnapshotHeadSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.SnapshotHead") : 0;
  if (message.handshake) {
    size += 1 + delimitedSize(sizePeerHandshake(message.handshake, sizes));
  }
  if (message.message) {
    size += 1 + delimitedSize(sizeRaftMessage(message.message, sizes));
  }
  if (message.bytes) size += 1 + uint64Size(message.bytes);
  sizes[place] = size;
  return size;
}

export function writeSnapshotHead(message: Init<typeof SnapshotHeadSchema>, writer: Writer): void {
  if (message.handshake) {
    writer.nested(10);
    writePeerHandshake(message.handshake, writer);
  }
  if (message.message) {
    writer.nested(18);
    writeRaftMessage(message.message, writer);
  }
  if (message.bytes) writer.uint64(24, message.bytes);
  if (message.$unknown) writer.unknown(message, "kvorum.internal.SnapshotHead");
}

export function readSnapshotHead(
  reader: Reader,
  end: number,
  message: SnapshotHead = { $typeName: "kvorum.internal.SnapshotHead", bytes: 0n },
): SnapshotHead {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.handshake = readPeerHandshake(reader, reader.nested(), message.handshake);
        break;
      case 2:
        message.message = readRaftMessage(reader, reader.nested(), message.message);
        break;
      case 3:
        message.bytes = reader.uint64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeSnapshotAnswer(message: Init<typeof SnapshotAnswerSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.SnapshotAnswer") : 0;
  sizes.push(size);
  return size;
}

export function writeSnapshotAnswer(message: Init<typeof SnapshotAnswerSchema>, writer: Writer): void {
  if (message.$unknown) writer.unknown(message, "kvorum.internal.SnapshotAnswer");
}

export function readSnapshotAnswer(
  reader: Reader,
  end: number,
  message: SnapshotAnswer = { $typeName: "kvorum.internal.SnapshotAnswer" },
): SnapshotAnswer {
  while (reader.at < end) {
    const tag = reader.tag();
    reader.unknown(message, tag);
  }
  reader.leave();
  return message;
}

export function sizeAskRequest(message: Init<typeof AskRequestSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.AskRequest") : 0;
  if (message.handshake) {
    size += 1 + delimitedSize(sizePeerHandshake(message.handshake, sizes));
  }
  switch (message.question?.case) {
    case "leaseRenew":
      size += 1 + int64Size(message.question.value);
      break;
    case "leaseTimeToLive":
      size += 1 + int64Size(message.question.value);
      break;
    case "memberChange":
      size += 1 + delimitedSize(sizeMemberChangeRequest(message.question.value, sizes));
      break;
    case "hashKv":
      size += 1 + int64Size(message.question.value);
      break;
  }
  sizes[place] = size;
  return size;
}

export function writeAskRequest(message: Init<typeof AskRequestSchema>, writer: Writer): void {
  if (message.handshake) {
    writer.nested(10);
    writePeerHandshake(message.handshake, writer);
  }
  switch (message.question?.case) {
    case "leaseRenew":
      writer.int64(80, message.question.value);
      break;
    case "leaseTimeToLive":
      writer.int64(88, message.question.value);
      break;
    case "memberChange":
      writer.nested(98);
      writeMemberChangeRequest(message.question.value, writer);
      break;
    case "hashKv":
      writer.int64(104, message.question.value);
      break;
  }
  if (message.$unknown) writer.unknown(message, "kvorum.internal.AskRequest");
}

export function readAskRequest(
  reader: Reader,
  end: number,
  message: AskRequest = { $typeName: "kvorum.internal.AskRequest", question: { case: undefined } },
): AskRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.handshake = readPeerHandshake(reader, reader.nested(), message.handshake);
        break;
      case 10:
        message.question = { case: "leaseRenew", value: reader.int64() };
        break;
      case 11:
        message.question = { case: "leaseTimeToLive", value: reader.int64() };
        break;
      case 12:
        message.question = {
          case: "memberChange",
          value: readMemberChangeRequest(reader, reader.nested(), caseValue(message.question, "memberChange")),
        };
        break;
      case 13:
        message.question = { case: "hashKv", value: reader.int64() };
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeMemberChangeRequest(message: Init<typeof MemberChangeRequestSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.MemberChangeRequest") : 0;
  switch (message.change?.case) {
    case "add":
      size += 1 + delimitedSize(sizeAddMember(message.change.value, sizes));
      break;
    case "remove":
      size += 1 + uint64Size(message.change.value);
      break;
    case "update":
      size += 1 + delimitedSize(sizeUpdateMember(message.change.value, sizes));
      break;
    case "promote":
      size += 1 + uint64Size(message.change.value);
      break;
  }
  sizes[place] = size;
  return size;
}

export function writeMemberChangeRequest(message: Init<typeof MemberChangeRequestSchema>, writer: Writer): void {
  switch (message.change?.case) {
    case "add":
      writer.nested(10);
      writeAddMember(message.change.value, writer);
      break;
    case "remove":
      writer.uint64(16, message.change.value);
      break;
    case "update":
      writer.nested(26);
      writeUpdateMember(message.change.value, writer);
      break;
    case "promote":
      writer.uint64(32, message.change.value);
      break;
  }
  if (message.$unknown) writer.unknown(message, "kvorum.internal.MemberChangeRequest");
}

export function readMemberChangeRequest(
  reader: Reader,
  end: number,
  message: MemberChangeRequest = { $typeName: "kvorum.internal.MemberChangeRequest", change: { case: undefined } },
): MemberChangeRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.change = {
          case: "add",
          value: readAddMember(reader, reader.nested(), caseValue(message.change, "add")),
        };
        break;
      case 2:
        message.change = { case: "remove", value: reader.uint64() };
        break;
      case 3:
        message.change = {
          case: "update",
          value: readUpdateMember(reader, reader.nested(), caseValue(message.change, "update")),
        };
        break;
      case 4:
        message.change = { case: "promote", value: reader.uint64() };
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeAddMember(message: Init<typeof AddMemberSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.AddMember") : 0;
  if (message.peerUrls) {
    for (const item of message.peerUrls) {
      size += 1 + textSize(item);
    }
  }
  if (message.isLearner) size += 1 + 1;
  sizes.push(size);
  return size;
}

export function writeAddMember(message: Init<typeof AddMemberSchema>, writer: Writer): void {
  if (message.peerUrls) {
    for (const item of message.peerUrls) {
      writer.text(10, item);
    }
  }
  if (message.isLearner) writer.bool(16, message.isLearner);
  if (message.$unknown) writer.unknown(message, "kvorum.internal.AddMember");
}

export function readAddMember(
  reader: Reader,
  end: number,
  message: AddMember = { $typeName: "kvorum.internal.AddMember", peerUrls: [], isLearner: false },
): AddMember {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.peerUrls.push(reader.text());
        break;
      case 2:
        message.isLearner = reader.bool();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeUpdateMember(message: Init<typeof UpdateMemberSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.UpdateMember") : 0;
  if (message.id) size += 1 + uint64Size(message.id);
  if (message.peerUrls) {
    for (const item of message.peerUrls) {
      size += 1 + textSize(item);
    }
  }
  sizes.push(size);
  return size;
}

export function writeUpdateMember(message: Init<typeof UpdateMemberSchema>, writer: Writer): void {
  if (message.id) writer.uint64(8, message.id);
  if (message.peerUrls) {
    for (const item of message.peerUrls) {
      writer.text(18, item);
    }
  }
  if (message.$unknown) writer.unknown(message, "kvorum.internal.UpdateMember");
}

export function readUpdateMember(
  reader: Reader,
  end: number,
  message: UpdateMember = { $typeName: "kvorum.internal.UpdateMember", id: 0n, peerUrls: [] },
): UpdateMember {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.id = reader.uint64();
        break;
      case 2:
        message.peerUrls.push(reader.text());
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeAskResponse(message: Init<typeof AskResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.AskResponse") : 0;
  switch (message.answer?.case) {
    case "leaseRenew":
      size += 1 + delimitedSize(sizeLeaseRenewed(message.answer.value, sizes));
      break;
    case "leaseTimeToLive":
      size += 1 + delimitedSize(sizeLeaseTimeLeft(message.answer.value, sizes));
      break;
    case "memberChange":
      size += 1 + delimitedSize(sizeMemberChanged(message.answer.value, sizes));
      break;
    case "hashKv":
      size += 1 + delimitedSize(sizeHashOfKeys(message.answer.value, sizes));
      break;
  }
  sizes[place] = size;
  return size;
}

export function writeAskResponse(message: Init<typeof AskResponseSchema>, writer: Writer): void {
  switch (message.answer?.case) {
    case "leaseRenew":
      writer.nested(82);
      writeLeaseRenewed(message.answer.value, writer);
      break;
    case "leaseTimeToLive":
      writer.nested(90);
      writeLeaseTimeLeft(message.answer.value, writer);
      break;
    case "memberChange":
      writer.nested(98);
      writeMemberChanged(message.answer.value, writer);
      break;
    case "hashKv":
      writer.nested(106);
      writeHashOfKeys(message.answer.value, writer);
      break;
  }
  if (message.$unknown) writer.unknown(message, "kvorum.internal.AskResponse");
}

export function readAskResponse(
  reader: Reader,
  end: number,
  message: AskResponse = { $typeName: "kvorum.internal.AskResponse", answer: { case: undefined } },
): AskResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 10:
        message.answer = {
          case: "leaseRenew",
          value: readLeaseRenewed(reader, reader.nested(), caseValue(message.answer, "leaseRenew")),
        };
        break;
      case 11:
        message.answer = {
          case: "leaseTimeToLive",
          value: readLeaseTimeLeft(reader, reader.nested(), caseValue(message.answer, "leaseTimeToLive")),
        };
        break;
      case 12:
        message.answer = {
          case: "memberChange",
          value: readMemberChanged(reader, reader.nested(), caseValue(message.answer, "memberChange")),
        };
        break;
      case 13:
        message.answer = {
          case: "hashKv",
          value: readHashOfKeys(reader, reader.nested(), caseValue(message.answer, "hashKv")),
        };
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeLeaseRenewed(message: Init<typeof LeaseRenewedSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.LeaseRenewed") : 0;
  if (message.ttlSeconds) size += 1 + int64Size(message.ttlSeconds);
  sizes.push(size);
  return size;
}

export function writeLeaseRenewed(message: Init<typeof LeaseRenewedSchema>, writer: Writer): void {
  if (message.ttlSeconds) writer.int64(8, message.ttlSeconds);
  if (message.$unknown) writer.unknown(message, "kvorum.internal.LeaseRenewed");
}

export function readLeaseRenewed(
  reader: Reader,
  end: number,
  message: LeaseRenewed = { $typeName: "kvorum.internal.LeaseRenewed", ttlSeconds: 0n },
): LeaseRenewed {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.ttlSeconds = reader.int64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeLeaseTimeLeft(message: Init<typeof LeaseTimeLeftSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.LeaseTimeLeft") : 0;
  if (message.ttlSeconds) size += 1 + int64Size(message.ttlSeconds);
  if (message.grantedTtlSeconds) size += 1 + int64Size(message.grantedTtlSeconds);
  if (message.keys) {
    for (const item of message.keys) {
      size += 1 + bytesSize(item);
    }
  }
  sizes.push(size);
  return size;
}

export function writeLeaseTimeLeft(message: Init<typeof LeaseTimeLeftSchema>, writer: Writer): void {
  if (message.ttlSeconds) writer.int64(8, message.ttlSeconds);
  if (message.grantedTtlSeconds) writer.int64(16, message.grantedTtlSeconds);
  if (message.keys) {
    for (const item of message.keys) {
      writer.bytes(26, item);
    }
  }
  if (message.$unknown) writer.unknown(message, "kvorum.internal.LeaseTimeLeft");
}

export function readLeaseTimeLeft(
  reader: Reader,
  end: number,
  message: LeaseTimeLeft = {
    $typeName: "kvorum.internal.LeaseTimeLeft",
    ttlSeconds: 0n,
    grantedTtlSeconds: 0n,
    keys: [],
  },
): LeaseTimeLeft {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.ttlSeconds = reader.int64();
        break;
      case 2:
        message.grantedTtlSeconds = reader.int64();
        break;
      case 3:
        message.keys.push(reader.bytes());
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeMemberChanged(message: Init<typeof MemberChangedSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.MemberChanged") : 0;
  if (message.member) {
    size += 1 + delimitedSize(sizeMemberRecord(message.member, sizes));
  }
  if (message.members) {
    for (const item of message.members) {
      size += 1 + delimitedSize(sizeMemberRecord(item, sizes));
    }
  }
  sizes[place] = size;
  return size;
}

export function writeMemberChanged(message: Init<typeof MemberChangedSchema>, writer: Writer): void {
  if (message.member) {
    writer.nested(10);
    writeMemberRecord(message.member, writer);
  }
  if (message.members) {
    for (const item of message.members) {
      writer.nested(18);
      writeMemberRecord(item, writer);
    }
  }
  if (message.$unknown) writer.unknown(message, "kvorum.internal.MemberChanged");
}

export function readMemberChanged(
  reader: Reader,
  end: number,
  message: MemberChanged = { $typeName: "kvorum.internal.MemberChanged", members: [] },
): MemberChanged {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.member = readMemberRecord(reader, reader.nested(), message.member);
        break;
      case 2:
        message.members.push(readMemberRecord(reader, reader.nested()));
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeHashOfKeys(message: Init<typeof HashOfKeysSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.HashOfKeys") : 0;
  if (message.hash) size += 1 + uint32Size(message.hash);
  if (message.compactRevision) size += 1 + int64Size(message.compactRevision);
  if (message.hashRevision) size += 1 + int64Size(message.hashRevision);
  sizes.push(size);
  return size;
}

export function writeHashOfKeys(message: Init<typeof HashOfKeysSchema>, writer: Writer): void {
  if (message.hash) writer.uint32(8, message.hash);
  if (message.compactRevision) writer.int64(16, message.compactRevision);
  if (message.hashRevision) writer.int64(24, message.hashRevision);
  if (message.$unknown) writer.unknown(message, "kvorum.internal.HashOfKeys");
}

export function readHashOfKeys(
  reader: Reader,
  end: number,
  message: HashOfKeys = { $typeName: "kvorum.internal.HashOfKeys", hash: 0, compactRevision: 0n, hashRevision: 0n },
): HashOfKeys {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.hash = reader.uint32();
        break;
      case 2:
        message.compactRevision = reader.int64();
        break;
      case 3:
        message.hashRevision = reader.int64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeDescribeRequest(message: Init<typeof DescribeRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.DescribeRequest") : 0;
  sizes.push(size);
  return size;
}

export function writeDescribeRequest(message: Init<typeof DescribeRequestSchema>, writer: Writer): void {
  if (message.$unknown) writer.unknown(message, "kvorum.internal.DescribeRequest");
}

export function readDescribeRequest(
  reader: Reader,
  end: number,
  message: DescribeRequest = { $typeName: "kvorum.internal.DescribeRequest" },
): DescribeRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    reader.unknown(message, tag);
  }
  reader.leave();
  return message;
}

export function sizeDescribeResponse(message: Init<typeof DescribeResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.DescribeResponse") : 0;
  if (message.clusterId) size += 1 + uint64Size(message.clusterId);
  if (message.members) {
    for (const item of message.members) {
      size += 1 + delimitedSize(sizeMemberRecord(item, sizes));
    }
  }
  if (message.removed?.length) size += 1 + delimitedSize(uint64ListLength(message.removed));
  sizes[place] = size;
  return size;
}

export function writeDescribeResponse(message: Init<typeof DescribeResponseSchema>, writer: Writer): void {
  if (message.clusterId) writer.uint64(8, message.clusterId);
  if (message.members) {
    for (const item of message.members) {
      writer.nested(18);
      writeMemberRecord(item, writer);
    }
  }
  if (message.removed?.length) writer.uint64List(26, message.removed);
  if (message.$unknown) writer.unknown(message, "kvorum.internal.DescribeResponse");
}

export function readDescribeResponse(
  reader: Reader,
  end: number,
  message: DescribeResponse = {
    $typeName: "kvorum.internal.DescribeResponse",
    clusterId: 0n,
    members: [],
    removed: [],
  },
): DescribeResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.clusterId = reader.uint64();
        break;
      case 2:
        message.members.push(readMemberRecord(reader, reader.nested()));
        break;
      case 3:
        reader.uint64List(tag, message.removed);
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizePeerHandshake(message: Init<typeof PeerHandshakeSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.PeerHandshake") : 0;
  if (message.format) size += 1 + uint32Size(message.format);
  if (message.clusterId) size += 1 + uint64Size(message.clusterId);
  if (message.from) size += 1 + uint64Size(message.from);
  if (message.to) size += 1 + uint64Size(message.to);
  if (message.peerUrls) {
    for (const item of message.peerUrls) {
      size += 1 + textSize(item);
    }
  }
  if (message.new) size += 1 + 1;
  sizes.push(size);
  return size;
}

export function writePeerHandshake(message: Init<typeof PeerHandshakeSchema>, writer: Writer): void {
  if (message.format) writer.uint32(8, message.format);
  if (message.clusterId) writer.uint64(16, message.clusterId);
  if (message.from) writer.uint64(24, message.from);
  if (message.to) writer.uint64(32, message.to);
  if (message.peerUrls) {
    for (const item of message.peerUrls) {
      writer.text(42, item);
    }
  }
  if (message.new) writer.bool(48, message.new);
  if (message.$unknown) writer.unknown(message, "kvorum.internal.PeerHandshake");
}

export function readPeerHandshake(
  reader: Reader,
  end: number,
  message: PeerHandshake = {
    $typeName: "kvorum.internal.PeerHandshake",
    format: 0,
    clusterId: 0n,
    from: 0n,
    to: 0n,
    peerUrls: [],
    new: false,
  },
): PeerHandshake {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.format = reader.uint32();
        break;
      case 2:
        message.clusterId = reader.uint64();
        break;
      case 3:
        message.from = reader.uint64();
        break;
      case 4:
        message.to = reader.uint64();
        break;
      case 5:
        message.peerUrls.push(reader.text());
        break;
      case 6:
        message.new = reader.bool();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeRaftMessageBatch(message: Init<typeof RaftMessageBatchSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.RaftMessageBatch") : 0;
  if (message.messages) {
    for (const item of message.messages) {
      size += 1 + delimitedSize(sizeRaftMessage(item, sizes));
    }
  }
  sizes[place] = size;
  return size;
}

export function writeRaftMessageBatch(message: Init<typeof RaftMessageBatchSchema>, writer: Writer): void {
  if (message.messages) {
    for (const item of message.messages) {
      writer.nested(10);
      writeRaftMessage(item, writer);
    }
  }
  if (message.$unknown) writer.unknown(message, "kvorum.internal.RaftMessageBatch");
}

export function readRaftMessageBatch(
  reader: Reader,
  end: number,
  message: RaftMessageBatch = { $typeName: "kvorum.internal.RaftMessageBatch", messages: [] },
): RaftMessageBatch {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.messages.push(readRaftMessage(reader, reader.nested()));
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeRaftMessage(message: Init<typeof RaftMessageSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.RaftMessage") : 0;
  if (message.from) size += 1 + uint64Size(message.from);
  if (message.to) size += 1 + uint64Size(message.to);
  if (message.term) size += 1 + uint64Size(message.term);
  switch (message.kind?.case) {
    case "vote":
      size += 1 + delimitedSize(sizeVoteRequest(message.kind.value, sizes));
      break;
    case "preVote":
      size += 1 + delimitedSize(sizeVoteRequest(message.kind.value, sizes));
      break;
    case "voteResponse":
      size += 1 + delimitedSize(sizeVoteResponse(message.kind.value, sizes));
      break;
    case "preVoteResponse":
      size += 1 + delimitedSize(sizeVoteResponse(message.kind.value, sizes));
      break;
    case "append":
      size += 1 + delimitedSize(sizeAppendRequest(message.kind.value, sizes));
      break;
    case "appendResponse":
      size += 1 + delimitedSize(sizeAppendResponse(message.kind.value, sizes));
      break;
    case "heartbeat":
      size += 2 + delimitedSize(sizeHeartbeat(message.kind.value, sizes));
      break;
    case "heartbeatResponse":
      size += 2 + delimitedSize(sizeHeartbeatResponse(message.kind.value, sizes));
      break;
    case "snapshot":
      size += 2 + delimitedSize(sizeSnapshotMarker(message.kind.value, sizes));
      break;
    case "readIndex":
      size += 2 + delimitedSize(sizeReadIndexRequest(message.kind.value, sizes));
      break;
    case "readIndexResponse":
      size += 2 + delimitedSize(sizeReadIndexResponse(message.kind.value, sizes));
      break;
    case "propose":
      size += 2 + delimitedSize(sizeProposeRequest(message.kind.value, sizes));
      break;
    case "timeoutNow":
      size += 2 + delimitedSize(sizeTimeoutNow(message.kind.value, sizes));
      break;
  }
  sizes[place] = size;
  return size;
}

export function writeRaftMessage(message: Init<typeof RaftMessageSchema>, writer: Writer): void {
  if (message.from) writer.uint64(8, message.from);
  if (message.to) writer.uint64(16, message.to);
  if (message.term) writer.uint64(24, message.term);
  switch (message.kind?.case) {
    case "vote":
      writer.nested(82);
      writeVoteRequest(message.kind.value, writer);
      break;
    case "preVote":
      writer.nested(90);
      writeVoteRequest(message.kind.value, writer);
      break;
    case "voteResponse":
      writer.nested(98);
      writeVoteResponse(message.kind.value, writer);
      break;
    case "preVoteResponse":
      writer.nested(106);
      writeVoteResponse(message.kind.value, writer);
      break;
    case "append":
      writer.nested(114);
      writeAppendRequest(message.kind.value, writer);
      break;
    case "appendResponse":
      writer.nested(122);
      writeAppendResponse(message.kind.value, writer);
      break;
    case "heartbeat":
      writer.nested(130);
      writeHeartbeat(message.kind.value, writer);
      break;
    case "heartbeatResponse":
      writer.nested(138);
      writeHeartbeatResponse(message.kind.value, writer);
      break;
    case "snapshot":
      writer.nested(146);
      writeSnapshotMarker(message.kind.value, writer);
      break;
    case "readIndex":
      writer.nested(154);
      writeReadIndexRequest(message.kind.value, writer);
      break;
    case "readIndexResponse":
      writer.nested(162);
      writeReadIndexResponse(message.kind.value, writer);
      break;
    case "propose":
      writer.nested(170);
      writeProposeRequest(message.kind.value, writer);
      break;
    case "timeoutNow":
      writer.nested(178);
      writeTimeoutNow(message.kind.value, writer);
      break;
  }
  if (message.$unknown) writer.unknown(message, "kvorum.internal.RaftMessage");
}

export function readRaftMessage(
  reader: Reader,
  end: number,
  message: RaftMessage = {
    $typeName: "kvorum.internal.RaftMessage",
    from: 0n,
    to: 0n,
    term: 0n,
    kind: { case: undefined },
  },
): RaftMessage {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.from = reader.uint64();
        break;
      case 2:
        message.to = reader.uint64();
        break;
      case 3:
        message.term = reader.uint64();
        break;
      case 10:
        message.kind = {
          case: "vote",
          value: readVoteRequest(reader, reader.nested(), caseValue(message.kind, "vote")),
        };
        break;
      case 11:
        message.kind = {
          case: "preVote",
          value: readVoteRequest(reader, reader.nested(), caseValue(message.kind, "preVote")),
        };
        break;
      case 12:
        message.kind = {
          case: "voteResponse",
          value: readVoteResponse(reader, reader.nested(), caseValue(message.kind, "voteResponse")),
        };
        break;
      case 13:
        message.kind = {
          case: "preVoteResponse",
          value: readVoteResponse(reader, reader.nested(), caseValue(message.kind, "preVoteResponse")),
        };
        break;
      case 14:
        message.kind = {
          case: "append",
          value: readAppendRequest(reader, reader.nested(), caseValue(message.kind, "append")),
        };
        break;
      case 15:
        message.kind = {
          case: "appendResponse",
          value: readAppendResponse(reader, reader.nested(), caseValue(message.kind, "appendResponse")),
        };
        break;
      case 16:
        message.kind = {
          case: "heartbeat",
          value: readHeartbeat(reader, reader.nested(), caseValue(message.kind, "heartbeat")),
        };
        break;
      case 17:
        message.kind = {
          case: "heartbeatResponse",
          value: readHeartbeatResponse(reader, reader.nested(), caseValue(message.kind, "heartbeatResponse")),
        };
        break;
      case 18:
        message.kind = {
          case: "snapshot",
          value: readSnapshotMarker(reader, reader.nested(), caseValue(message.kind, "snapshot")),
        };
        break;
      case 19:
        message.kind = {
          case: "readIndex",
          value: readReadIndexRequest(reader, reader.nested(), caseValue(message.kind, "readIndex")),
        };
        break;
      case 20:
        message.kind = {
          case: "readIndexResponse",
          value: readReadIndexResponse(reader, reader.nested(), caseValue(message.kind, "readIndexResponse")),
        };
        break;
      case 21:
        message.kind = {
          case: "propose",
          value: readProposeRequest(reader, reader.nested(), caseValue(message.kind, "propose")),
        };
        break;
      case 22:
        message.kind = {
          case: "timeoutNow",
          value: readTimeoutNow(reader, reader.nested(), caseValue(message.kind, "timeoutNow")),
        };
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeVoteRequest(message: Init<typeof VoteRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.VoteRequest") : 0;
  if (message.lastIndex) size += 1 + uint64Size(message.lastIndex);
  if (message.lastTerm) size += 1 + uint64Size(message.lastTerm);
  if (message.transfer) size += 1 + 1;
  sizes.push(size);
  return size;
}

export function writeVoteRequest(message: Init<typeof VoteRequestSchema>, writer: Writer): void {
  if (message.lastIndex) writer.uint64(8, message.lastIndex);
  if (message.lastTerm) writer.uint64(16, message.lastTerm);
  if (message.transfer) writer.bool(24, message.transfer);
  if (message.$unknown) writer.unknown(message, "kvorum.internal.VoteRequest");
}

export function readVoteRequest(
  reader: Reader,
  end: number,
  message: VoteRequest = { $typeName: "kvorum.internal.VoteRequest", lastIndex: 0n, lastTerm: 0n, transfer: false },
): VoteRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.lastIndex = reader.uint64();
        break;
      case 2:
        message.lastTerm = reader.uint64();
        break;
      case 3:
        message.transfer = reader.bool();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeVoteResponse(message: Init<typeof VoteResponseSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.VoteResponse") : 0;
  if (message.reject) size += 1 + 1;
  sizes.push(size);
  return size;
}

export function writeVoteResponse(message: Init<typeof VoteResponseSchema>, writer: Writer): void {
  if (message.reject) writer.bool(8, message.reject);
  if (message.$unknown) writer.unknown(message, "kvorum.internal.VoteResponse");
}

export function readVoteResponse(
  reader: Reader,
  end: number,
  message: VoteResponse = { $typeName: "kvorum.internal.VoteResponse", reject: false },
): VoteResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.reject = reader.bool();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeAppendRequest(message: Init<typeof AppendRequestSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.AppendRequest") : 0;
  if (message.prevIndex) size += 1 + uint64Size(message.prevIndex);
  if (message.prevTerm) size += 1 + uint64Size(message.prevTerm);
  if (message.entries) {
    for (const item of message.entries) {
      size += 1 + delimitedSize(sizeEntry(item, sizes));
    }
  }
  if (message.commit) size += 1 + uint64Size(message.commit);
  sizes[place] = size;
  return size;
}

export function writeAppendRequest(message: Init<typeof AppendRequestSchema>, writer: Writer): void {
  if (message.prevIndex) writer.uint64(8, message.prevIndex);
  if (message.prevTerm) writer.uint64(16, message.prevTerm);
  if (message.entries) {
    for (const item of message.entries) {
      writer.nested(26);
      writeEntry(item, writer);
    }
  }
  if (message.commit) writer.uint64(32, message.commit);
  if (message.$unknown) writer.unknown(message, "kvorum.internal.AppendRequest");
}

export function readAppendRequest(
  reader: Reader,
  end: number,
  message: AppendRequest = {
    $typeName: "kvorum.internal.AppendRequest",
    prevIndex: 0n,
    prevTerm: 0n,
    entries: [],
    commit: 0n,
  },
): AppendRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.prevIndex = reader.uint64();
        break;
      case 2:
        message.prevTerm = reader.uint64();
        break;
      case 3:
        message.entries.push(readEntry(reader, reader.nested()));
        break;
      case 4:
        message.commit = reader.uint64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeAppendResponse(message: Init<typeof AppendResponseSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.AppendResponse") : 0;
  if (message.index) size += 1 + uint64Size(message.index);
  if (message.reject) size += 1 + 1;
  if (message.rejectHint) size += 1 + uint64Size(message.rejectHint);
  if (message.rejectTerm) size += 1 + uint64Size(message.rejectTerm);
  sizes.push(size);
  return size;
}

export function writeAppendResponse(message: Init<typeof AppendResponseSchema>, writer: Writer): void {
  if (message.index) writer.uint64(8, message.index);
  if (message.reject) writer.bool(16, message.reject);
  if (message.rejectHint) writer.uint64(24, message.rejectHint);
  if (message.rejectTerm) writer.uint64(32, message.rejectTerm);
  if (message.$unknown) writer.unknown(message, "kvorum.internal.AppendResponse");
}

export function readAppendResponse(
  reader: Reader,
  end: number,
  message: AppendResponse = {
    $typeName: "kvorum.internal.AppendResponse",
    index: 0n,
    reject: false,
    rejectHint: 0n,
    rejectTerm: 0n,
  },
): AppendResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.index = reader.uint64();
        break;
      case 2:
        message.reject = reader.bool();
        break;
      case 3:
        message.rejectHint = reader.uint64();
        break;
      case 4:
        message.rejectTerm = reader.uint64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeHeartbeat(message: Init<typeof HeartbeatSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.Heartbeat") : 0;
  if (message.commit) size += 1 + uint64Size(message.commit);
  if (message.context) size += 1 + uint64Size(message.context);
  sizes.push(size);
  return size;
}

export function writeHeartbeat(message: Init<typeof HeartbeatSchema>, writer: Writer): void {
  if (message.commit) writer.uint64(8, message.commit);
  if (message.context) writer.uint64(16, message.context);
  if (message.$unknown) writer.unknown(message, "kvorum.internal.Heartbeat");
}

export function readHeartbeat(
  reader: Reader,
  end: number,
  message: Heartbeat = { $typeName: "kvorum.internal.Heartbeat", commit: 0n, context: 0n },
): Heartbeat {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.commit = reader.uint64();
        break;
      case 2:
        message.context = reader.uint64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeHeartbeatResponse(message: Init<typeof HeartbeatResponseSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.HeartbeatResponse") : 0;
  if (message.context) size += 1 + uint64Size(message.context);
  sizes.push(size);
  return size;
}

export function writeHeartbeatResponse(message: Init<typeof HeartbeatResponseSchema>, writer: Writer): void {
  if (message.context) writer.uint64(8, message.context);
  if (message.$unknown) writer.unknown(message, "kvorum.internal.HeartbeatResponse");
}

export function readHeartbeatResponse(
  reader: Reader,
  end: number,
  message: HeartbeatResponse = { $typeName: "kvorum.internal.HeartbeatResponse", context: 0n },
): HeartbeatResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.context = reader.uint64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeReadIndexRequest(message: Init<typeof ReadIndexRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.ReadIndexRequest") : 0;
  if (message.context) size += 1 + uint64Size(message.context);
  sizes.push(size);
  return size;
}

export function writeReadIndexRequest(message: Init<typeof ReadIndexRequestSchema>, writer: Writer): void {
  if (message.context) writer.uint64(8, message.context);
  if (message.$unknown) writer.unknown(message, "kvorum.internal.ReadIndexRequest");
}

export function readReadIndexRequest(
  reader: Reader,
  end: number,
  message: ReadIndexRequest = { $typeName: "kvorum.internal.ReadIndexRequest", context: 0n },
): ReadIndexRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.context = reader.uint64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeReadIndexResponse(message: Init<typeof ReadIndexResponseSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.ReadIndexResponse") : 0;
  if (message.context) size += 1 + uint64Size(message.context);
  if (message.index) size += 1 + uint64Size(message.index);
  sizes.push(size);
  return size;
}

export function writeReadIndexResponse(message: Init<typeof ReadIndexResponseSchema>, writer: Writer): void {
  if (message.context) writer.uint64(8, message.context);
  if (message.index) writer.uint64(16, message.index);
  if (message.$unknown) writer.unknown(message, "kvorum.internal.ReadIndexResponse");
}

export function readReadIndexResponse(
  reader: Reader,
  end: number,
  message: ReadIndexResponse = { $typeName: "kvorum.internal.ReadIndexResponse", context: 0n, index: 0n },
): ReadIndexResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.context = reader.uint64();
        break;
      case 2:
        message.index = reader.uint64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeProposeRequest(message: Init<typeof ProposeRequestSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.ProposeRequest") : 0;
  if (message.entries) {
    for (const item of message.entries) {
      size += 1 + delimitedSize(sizeEntry(item, sizes));
    }
  }
  sizes[place] = size;
  return size;
}

export function writeProposeRequest(message: Init<typeof ProposeRequestSchema>, writer: Writer): void {
  if (message.entries) {
    for (const item of message.entries) {
      writer.nested(10);
      writeEntry(item, writer);
    }
  }
  if (message.$unknown) writer.unknown(message, "kvorum.internal.ProposeRequest");
}

export function readProposeRequest(
  reader: Reader,
  end: number,
  message: ProposeRequest = { $typeName: "kvorum.internal.ProposeRequest", entries: [] },
): ProposeRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.entries.push(readEntry(reader, reader.nested()));
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeTimeoutNow(message: Init<typeof TimeoutNowSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.TimeoutNow") : 0;
  sizes.push(size);
  return size;
}

export function writeTimeoutNow(message: Init<typeof TimeoutNowSchema>, writer: Writer): void {
  if (message.$unknown) writer.unknown(message, "kvorum.internal.TimeoutNow");
}

export function readTimeoutNow(
  reader: Reader,
  end: number,
  message: TimeoutNow = { $typeName: "kvorum.internal.TimeoutNow" },
): TimeoutNow {
  while (reader.at < end) {
    const tag = reader.tag();
    reader.unknown(message, tag);
  }
  reader.leave();
  return message;
}

export function sizeSnapshotChunk(message: Init<typeof SnapshotChunkSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.SnapshotChunk") : 0;
  if (message.offset) size += 1 + uint64Size(message.offset);
  if (message.data?.length) size += 1 + bytesSize(message.data);
  if (message.crc) size += 1 + uint32Size(message.crc);
  sizes.push(size);
  return size;
}

export function writeSnapshotChunk(message: Init<typeof SnapshotChunkSchema>, writer: Writer): void {
  if (message.offset) writer.uint64(8, message.offset);
  if (message.data?.length) writer.bytes(18, message.data);
  if (message.crc) writer.uint32(24, message.crc);
  if (message.$unknown) writer.unknown(message, "kvorum.internal.SnapshotChunk");
}

export function readSnapshotChunk(
  reader: Reader,
  end: number,
  message: SnapshotChunk = { $typeName: "kvorum.internal.SnapshotChunk", offset: 0n, data: EMPTY_BYTES, crc: 0 },
): SnapshotChunk {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.offset = reader.uint64();
        break;
      case 2:
        message.data = reader.bytes();
        break;
      case 3:
        message.crc = reader.uint32();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export const codecs: readonly CodecEntry[] = [
  codecOf(PeerFrameSchema, sizePeerFrame, writePeerFrame, readPeerFrame),
  codecOf(PeerWelcomeSchema, sizePeerWelcome, writePeerWelcome, readPeerWelcome),
  codecOf(SnapshotFrameSchema, sizeSnapshotFrame, writeSnapshotFrame, readSnapshotFrame),
  codecOf(SnapshotHeadSchema, sizeSnapshotHead, writeSnapshotHead, readSnapshotHead),
  codecOf(SnapshotAnswerSchema, sizeSnapshotAnswer, writeSnapshotAnswer, readSnapshotAnswer),
  codecOf(AskRequestSchema, sizeAskRequest, writeAskRequest, readAskRequest),
  codecOf(MemberChangeRequestSchema, sizeMemberChangeRequest, writeMemberChangeRequest, readMemberChangeRequest),
  codecOf(AddMemberSchema, sizeAddMember, writeAddMember, readAddMember),
  codecOf(UpdateMemberSchema, sizeUpdateMember, writeUpdateMember, readUpdateMember),
  codecOf(AskResponseSchema, sizeAskResponse, writeAskResponse, readAskResponse),
  codecOf(LeaseRenewedSchema, sizeLeaseRenewed, writeLeaseRenewed, readLeaseRenewed),
  codecOf(LeaseTimeLeftSchema, sizeLeaseTimeLeft, writeLeaseTimeLeft, readLeaseTimeLeft),
  codecOf(MemberChangedSchema, sizeMemberChanged, writeMemberChanged, readMemberChanged),
  codecOf(HashOfKeysSchema, sizeHashOfKeys, writeHashOfKeys, readHashOfKeys),
  codecOf(DescribeRequestSchema, sizeDescribeRequest, writeDescribeRequest, readDescribeRequest),
  codecOf(DescribeResponseSchema, sizeDescribeResponse, writeDescribeResponse, readDescribeResponse),
  codecOf(PeerHandshakeSchema, sizePeerHandshake, writePeerHandshake, readPeerHandshake),
  codecOf(RaftMessageBatchSchema, sizeRaftMessageBatch, writeRaftMessageBatch, readRaftMessageBatch),
  codecOf(RaftMessageSchema, sizeRaftMessage, writeRaftMessage, readRaftMessage),
  codecOf(VoteRequestSchema, sizeVoteRequest, writeVoteRequest, readVoteRequest),
  codecOf(VoteResponseSchema, sizeVoteResponse, writeVoteResponse, readVoteResponse),
  codecOf(AppendRequestSchema, sizeAppendRequest, writeAppendRequest, readAppendRequest),
  codecOf(AppendResponseSchema, sizeAppendResponse, writeAppendResponse, readAppendResponse),
  codecOf(HeartbeatSchema, sizeHeartbeat, writeHeartbeat, readHeartbeat),
  codecOf(HeartbeatResponseSchema, sizeHeartbeatResponse, writeHeartbeatResponse, readHeartbeatResponse),
  codecOf(ReadIndexRequestSchema, sizeReadIndexRequest, writeReadIndexRequest, readReadIndexRequest),
  codecOf(ReadIndexResponseSchema, sizeReadIndexResponse, writeReadIndexResponse, readReadIndexResponse),
  codecOf(ProposeRequestSchema, sizeProposeRequest, writeProposeRequest, readProposeRequest),
  codecOf(TimeoutNowSchema, sizeTimeoutNow, writeTimeoutNow, readTimeoutNow),
  codecOf(SnapshotChunkSchema, sizeSnapshotChunk, writeSnapshotChunk, readSnapshotChunk),
];
