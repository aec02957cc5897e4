// Codecs of the messages of etcd/membershippb/membership.proto. Generated from the .proto files by `pnpm generate`. Do not edit.

import { codecOf, type Init, type CodecEntry } from "../../../codec/codec.js";
import type { Reader } from "../../../codec/reader.js";
import { delimitedSize, textSize, uint64Size, unknownSize } from "../../../codec/sizes.js";
import type { Writer } from "../../../codec/writer.js";
import {
  RaftAttributesSchema,
  AttributesSchema,
  MemberSchema,
  ClusterVersionSetRequestSchema,
  ClusterMemberAttrSetRequestSchema,
  DowngradeInfoSetRequestSchema,
  type RaftAttributes,
  type Attributes,
  type Member,
  type ClusterVersionSetRequest,
  type ClusterMemberAttrSetRequest,
  type DowngradeInfoSetRequest,
} from "./membership_pb.js";

export function sizeRaftAttributes(message: Init<typeof RaftAttributesSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "membershippb.RaftAttributes") : 0;
  if (message.peerUrls) {
    for (const item of message.peerUrls) {
      size += 1 + textSize(item);
    }
  }
  if (message.isLearner) size += 1 + 1;
  sizes.push(size);
  return size;
}

export function writeRaftAttributes(message: Init<typeof RaftAttributesSchema>, writer: Writer): void {
  if (message.peerUrls) {
    for (const item of message.peerUrls) {
      writer.text(10, item);
    }
  }
  if (message.isLearner) writer.bool(16, message.isLearner);
  if (message.$unknown) writer.unknown(message, "membershippb.RaftAttributes");
}

export function readRaftAttributes(
  reader: Reader,
  end: number,
  message: RaftAttributes = { $typeName: "membershippb.RaftAttributes", peerUrls: [], isLearner: false },
): RaftAttributes {
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

export function sizeAttributes(message: Init<typeof AttributesSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "membershippb.Attributes") : 0;
  if (message.name) size += 1 + textSize(message.name);
  if (message.clientUrls) {
    for (const item of message.clientUrls) {
      size += 1 + textSize(item);
    }
  }
  sizes.push(size);
  return size;
}

export function writeAttributes(message: Init<typeof AttributesSchema>, writer: Writer): void {
  if (message.name) writer.text(10, message.name);
  if (message.clientUrls) {
    for (const item of message.clientUrls) {
      writer.text(18, item);
    }
  }
  if (message.$unknown) writer.unknown(message, "membershippb.Attributes");
}

export function readAttributes(
  reader: Reader,
  end: number,
  message: Attributes = { $typeName: "membershippb.Attributes", name: "", clientUrls: [] },
): Attributes {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.name = reader.text();
        break;
      case 2:
        message.clientUrls.push(reader.text());
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeMember(message: Init<typeof MemberSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "membershippb.Member") : 0;
  if (message.ID) size += 1 + uint64Size(message.ID);
  if (message.raftAttributes) {
    size += 1 + delimitedSize(sizeRaftAttributes(message.raftAttributes, sizes));
  }
  if (message.memberAttributes) {
    size += 1 + delimitedSize(sizeAttributes(message.memberAttributes, sizes));
  }
  sizes[place] = size;
  return size;
}

export function writeMember(message: Init<typeof MemberSchema>, writer: Writer): void {
  if (message.ID) writer.uint64(8, message.ID);
  if (message.raftAttributes) {
    writer.nested(18);
    writeRaftAttributes(message.raftAttributes, writer);
  }
  if (message.memberAttributes) {
    writer.nested(26);
    writeAttributes(message.memberAttributes, writer);
  }
  if (message.$unknown) writer.unknown(message, "membershippb.Member");
}

export function readMember(
  reader: Reader,
  end: number,
  message: Member = { $typeName: "membershippb.Member", ID: 0n },
): Member {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.ID = reader.uint64();
        break;
      case 2:
        message.raftAttributes = readRaftAttributes(reader, reader.nested(), message.raftAttributes);
        break;
      case 3:
        message.memberAttributes = readAttributes(reader, reader.nested(), message.memberAttributes);
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeClusterVersionSetRequest(
  message: Init<typeof ClusterVersionSetRequestSchema>,
  sizes: number[],
): number {
  let size = message.$unknown ? unknownSize(message, "membershippb.ClusterVersionSetRequest") : 0;
  if (message.ver) size += 1 + textSize(message.ver);
  sizes.push(size);
  return size;
}

export function writeClusterVersionSetRequest(
  message: Init<typeof ClusterVersionSetRequestSchema>,
  writer: Writer,
): void {
  if (message.ver) writer.text(10, message.ver);
  if (message.$unknown) writer.unknown(message, "membershippb.ClusterVersionSetRequest");
}

export function readClusterVersionSetRequest(
  reader: Reader,
  end: number,
  message: ClusterVersionSetRequest = { $typeName: "membershippb.ClusterVersionSetRequest", ver: "" },
): ClusterVersionSetRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.ver = reader.text();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeClusterMemberAttrSetRequest(
  message: Init<typeof ClusterMemberAttrSetRequestSchema>,
  sizes: number[],
): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "membershippb.ClusterMemberAttrSetRequest") : 0;
  if (message.memberID) size += 1 + uint64Size(message.memberID);
  if (message.memberAttributes) {
    size += 1 + delimitedSize(sizeAttributes(message.memberAttributes, sizes));
  }
  sizes[place] = size;
  return size;
}

export function writeClusterMemberAttrSetRequest(
  message: Init<typeof ClusterMemberAttrSetRequestSchema>,
  writer: Writer,
): void {
  if (message.memberID) writer.uint64(8, message.memberID);
  if (message.memberAttributes) {
    writer.nested(18);
    writeAttributes(message.memberAttributes, writer);
  }
  if (message.$unknown) writer.unknown(message, "membershippb.ClusterMemberAttrSetRequest");
}

export function readClusterMemberAttrSetRequest(
  reader: Reader,
  end: number,
  message: ClusterMemberAttrSetRequest = { $typeName: "membershippb.ClusterMemberAttrSetRequest", memberID: 0n },
): ClusterMemberAttrSetRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.memberID = reader.uint64();
        break;
      case 2:
        message.memberAttributes = readAttributes(reader, reader.nested(), message.memberAttributes);
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeDowngradeInfoSetRequest(
  message: Init<typeof DowngradeInfoSetRequestSchema>,
  sizes: number[],
): number {
  let size = message.$unknown ? unknownSize(message, "membershippb.DowngradeInfoSetRequest") : 0;
  if (message.enabled) size += 1 + 1;
  if (message.ver) size += 1 + textSize(message.ver);
  sizes.push(size);
  return size;
}

export function writeDowngradeInfoSetRequest(
  message: Init<typeof DowngradeInfoSetRequestSchema>,
  writer: Writer,
): void {
  if (message.enabled) writer.bool(8, message.enabled);
  if (message.ver) writer.text(18, message.ver);
  if (message.$unknown) writer.unknown(message, "membershippb.DowngradeInfoSetRequest");
}

export function readDowngradeInfoSetRequest(
  reader: Reader,
  end: number,
  message: DowngradeInfoSetRequest = { $typeName: "membershippb.DowngradeInfoSetRequest", enabled: false, ver: "" },
): DowngradeInfoSetRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.enabled = reader.bool();
        break;
      case 2:
        message.ver = reader.text();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export const codecs: readonly CodecEntry[] = [
  codecOf(RaftAttributesSchema, sizeRaftAttributes, writeRaftAttributes, readRaftAttributes),
  codecOf(AttributesSchema, sizeAttributes, writeAttributes, readAttributes),
  codecOf(MemberSchema, sizeMember, writeMember, readMember),
  codecOf(
    ClusterVersionSetRequestSchema,
    sizeClusterVersionSetRequest,
    writeClusterVersionSetRequest,
    readClusterVersionSetRequest,
  ),
  codecOf(
    ClusterMemberAttrSetRequestSchema,
    sizeClusterMemberAttrSetRequest,
    writeClusterMemberAttrSetRequest,
    readClusterMemberAttrSetRequest,
  ),
  codecOf(
    DowngradeInfoSetRequestSchema,
    sizeDowngradeInfoSetRequest,
    writeDowngradeInfoSetRequest,
    readDowngradeInfoSetRequest,
  ),
];
