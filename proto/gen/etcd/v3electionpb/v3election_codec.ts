// Codecs of the messages of etcd/v3electionpb/v3election.proto. Generated from the .proto files by `pnpm generate`. Do not edit.

import { codecOf, type Init, type CodecEntry } from "../../../codec/codec.js";
import { EMPTY_BYTES, type Reader } from "../../../codec/reader.js";
import { bytesSize, delimitedSize, int64Size, unknownSize } from "../../../codec/sizes.js";
import type { Writer } from "../../../codec/writer.js";
import {
  CampaignRequestSchema,
  CampaignResponseSchema,
  LeaderKeySchema,
  LeaderRequestSchema,
  LeaderResponseSchema,
  ResignRequestSchema,
  ResignResponseSchema,
  ProclaimRequestSchema,
  ProclaimResponseSchema,
  type CampaignRequest,
  type CampaignResponse,
  type LeaderKey,
  type LeaderRequest,
  type LeaderResponse,
  type ResignRequest,
  type ResignResponse,
  type ProclaimRequest,
  type ProclaimResponse,
} from "./v3election_pb.js";
import { sizeResponseHeader, writeResponseHeader, readResponseHeader } from "../etcdserverpb/rpc_codec.js";
import { sizeKeyValue, writeKeyValue, readKeyValue } from "../mvccpb/kv_codec.js";

export function sizeCampaignRequest(message: Init<typeof CampaignRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "v3electionpb.CampaignRequest") : 0;
  if (message.name?.length) size += 1 + bytesSize(message.name);
  if (message.lease) size += 1 + int64Size(message.lease);
  if (message.value?.length) size += 1 + bytesSize(message.value);
  sizes.push(size);
  return size;
}

export function writeCampaignRequest(message: Init<typeof CampaignRequestSchema>, writer: Writer): void {
  if (message.name?.length) writer.bytes(10, message.name);
  if (message.lease) writer.int64(16, message.lease);
  if (message.value?.length) writer.bytes(26, message.value);
  if (message.$unknown) writer.unknown(message, "v3electionpb.CampaignRequest");
}

export function readCampaignRequest(
  reader: Reader,
  end: number,
  message: CampaignRequest = {
    $typeName: "v3electionpb.CampaignRequest",
    name: EMPTY_BYTES,
    lease: 0n,
    value: EMPTY_BYTES,
  },
): CampaignRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.name = reader.bytes();
        break;
      case 2:
        message.lease = reader.int64();
        break;
      case 3:
        message.value = reader.bytes();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeCampaignResponse(message: Init<typeof CampaignResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "v3electionpb.CampaignResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  if (message.leader) {
    size += 1 + delimitedSize(sizeLeaderKey(message.leader, sizes));
  }
  sizes[place] = size;
  return size;
}

export function writeCampaignResponse(message: Init<typeof CampaignResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.leader) {
    writer.nested(18);
    writeLeaderKey(message.leader, writer);
  }
  if (message.$unknown) writer.unknown(message, "v3electionpb.CampaignResponse");
}

export function readCampaignResponse(
  reader: Reader,
  end: number,
  message: CampaignResponse = { $typeName: "v3electionpb.CampaignResponse" },
): CampaignResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.header = readResponseHeader(reader, reader.nested(), message.header);
        break;
      case 2:
        message.leader = readLeaderKey(reader, reader.nested(), message.leader);
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeLeaderKey(message: Init<typeof LeaderKeySchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "v3electionpb.LeaderKey") : 0;
  if (message.name?.length) size += 1 + bytesSize(message.name);
  if (message.key?.length) size += 1 + bytesSize(message.key);
  if (message.rev) size += 1 + int64Size(message.rev);
  if (message.lease) size += 1 + int64Size(message.lease);
  sizes.push(size);
  return size;
}

export function writeLeaderKey(message: Init<typeof LeaderKeySchema>, writer: Writer): void {
  if (message.name?.length) writer.bytes(10, message.name);
  if (message.key?.length) writer.bytes(18, message.key);
  if (message.rev) writer.int64(24, message.rev);
  if (message.lease) writer.int64(32, message.lease);
  if (message.$unknown) writer.unknown(message, "v3electionpb.LeaderKey");
}

export function readLeaderKey(
  reader: Reader,
  end: number,
  message: LeaderKey = { $typeName: "v3electionpb.LeaderKey", name: EMPTY_BYTES, key: EMPTY_BYTES, rev: 0n, lease: 0n },
): LeaderKey {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.name = reader.bytes();
        break;
      case 2:
        message.key = reader.bytes();
        break;
      case 3:
        message.rev = reader.int64();
        break;
      case 4:
        message.lease = reader.int64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeLeaderRequest(message: Init<typeof LeaderRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "v3electionpb.LeaderRequest") : 0;
  if (message.name?.length) size += 1 + bytesSize(message.name);
  sizes.push(size);
  return size;
}

export function writeLeaderRequest(message: Init<typeof LeaderRequestSchema>, writer: Writer): void {
  if (message.name?.length) writer.bytes(10, message.name);
  if (message.$unknown) writer.unknown(message, "v3electionpb.LeaderRequest");
}

export function readLeaderRequest(
  reader: Reader,
  end: number,
  message: LeaderRequest = { $typeName: "v3electionpb.LeaderRequest", name: EMPTY_BYTES },
): LeaderRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.name = reader.bytes();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeLeaderResponse(message: Init<typeof LeaderResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "v3electionpb.LeaderResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  if (message.kv) {
    size += 1 + delimitedSize(sizeKeyValue(message.kv, sizes));
  }
  sizes[place] = size;
  return size;
}

export function writeLeaderResponse(message: Init<typeof LeaderResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.kv) {
    writer.nested(18);
    writeKeyValue(message.kv, writer);
  }
  if (message.$unknown) writer.unknown(message, "v3electionpb.LeaderResponse");
}

export function readLeaderResponse(
  reader: Reader,
  end: number,
  message: LeaderResponse = { $typeName: "v3electionpb.LeaderResponse" },
): LeaderResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.header = readResponseHeader(reader, reader.nested(), message.header);
        break;
      case 2:
        message.kv = readKeyValue(reader, reader.nested(), message.kv);
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeResignRequest(message: Init<typeof ResignRequestSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "v3electionpb.ResignRequest") : 0;
  if (message.leader) {
    size += 1 + delimitedSize(sizeLeaderKey(message.leader, sizes));
  }
  sizes[place] = size;
  return size;
}

export function writeResignRequest(message: Init<typeof ResignRequestSchema>, writer: Writer): void {
  if (message.leader) {
    writer.nested(10);
    writeLeaderKey(message.leader, writer);
  }
  if (message.$unknown) writer.unknown(message, "v3electionpb.ResignRequest");
}

export function readResignRequest(
  reader: Reader,
  end: number,
  message: ResignRequest = { $typeName: "v3electionpb.ResignRequest" },
): ResignRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.leader = readLeaderKey(reader, reader.nested(), message.leader);
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeResignResponse(message: Init<typeof ResignResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "v3electionpb.ResignResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  sizes[place] = size;
  return size;
}

export function writeResignResponse(message: Init<typeof ResignResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.$unknown) writer.unknown(message, "v3electionpb.ResignResponse");
}

export function readResignResponse(
  reader: Reader,
  end: number,
  message: ResignResponse = { $typeName: "v3electionpb.ResignResponse" },
): ResignResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.header = readResponseHeader(reader, reader.nested(), message.header);
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeProclaimRequest(message: Init<typeof ProclaimRequestSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "v3electionpb.ProclaimRequest") : 0;
  if (message.leader) {
    size += 1 + delimitedSize(sizeLeaderKey(message.leader, sizes));
  }
  if (message.value?.length) size += 1 + bytesSize(message.value);
  sizes[place] = size;
  return size;
}

export function writeProclaimRequest(message: Init<typeof ProclaimRequestSchema>, writer: Writer): void {
  if (message.leader) {
    writer.nested(10);
    writeLeaderKey(message.leader, writer);
  }
  if (message.value?.length) writer.bytes(18, message.value);
  if (message.$unknown) writer.unknown(message, "v3electionpb.ProclaimRequest");
}

export function readProclaimRequest(
  reader: Reader,
  end: number,
  message: ProclaimRequest = { $typeName: "v3electionpb.ProclaimRequest", value: EMPTY_BYTES },
): ProclaimRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.leader = readLeaderKey(reader, reader.nested(), message.leader);
        break;
      case 2:
        message.value = reader.bytes();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeProclaimResponse(message: Init<typeof ProclaimResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "v3electionpb.ProclaimResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  sizes[place] = size;
  return size;
}

export function writeProclaimResponse(message: Init<typeof ProclaimResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.$unknown) writer.unknown(message, "v3electionpb.ProclaimResponse");
}

export function readProclaimResponse(
  reader: Reader,
  end: number,
  message: ProclaimResponse = { $typeName: "v3electionpb.ProclaimResponse" },
): ProclaimResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.header = readResponseHeader(reader, reader.nested(), message.header);
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export const codecs: readonly CodecEntry[] = [
  codecOf(CampaignRequestSchema, sizeCampaignRequest, writeCampaignRequest, readCampaignRequest),
  codecOf(CampaignResponseSchema, sizeCampaignResponse, writeCampaignResponse, readCampaignResponse),
  codecOf(LeaderKeySchema, sizeLeaderKey, writeLeaderKey, readLeaderKey),
  codecOf(LeaderRequestSchema, sizeLeaderRequest, writeLeaderRequest, readLeaderRequest),
  codecOf(LeaderResponseSchema, sizeLeaderResponse, writeLeaderResponse, readLeaderResponse),
  codecOf(ResignRequestSchema, sizeResignRequest, writeResignRequest, readResignRequest),
  codecOf(ResignResponseSchema, sizeResignResponse, writeResignResponse, readResignResponse),
  codecOf(ProclaimRequestSchema, sizeProclaimRequest, writeProclaimRequest, readProclaimRequest),
  codecOf(ProclaimResponseSchema, sizeProclaimResponse, writeProclaimResponse, readProclaimResponse),
];
