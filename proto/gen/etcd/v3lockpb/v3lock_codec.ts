// Codecs of the messages of etcd/v3lockpb/v3lock.proto. Generated from the .proto files by `pnpm generate`. Do not edit.

import { codecOf, type Init, type CodecEntry } from "../../../codec/codec.js";
import { EMPTY_BYTES, type Reader } from "../../../codec/reader.js";
import { bytesSize, delimitedSize, int64Size, unknownSize } from "../../../codec/sizes.js";
import type { Writer } from "../../../codec/writer.js";
import {
  LockRequestSchema,
  LockResponseSchema,
  UnlockRequestSchema,
  UnlockResponseSchema,
  type LockRequest,
  type LockResponse,
  type UnlockRequest,
  type UnlockResponse,
} from "./v3lock_pb.js";
import { sizeResponseHeader, writeResponseHeader, readResponseHeader } from "../etcdserverpb/rpc_codec.js";

export function sizeLockRequest(message: Init<typeof LockRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "v3lockpb.LockRequest") : 0;
  if (message.name?.length) size += 1 + bytesSize(message.name);
  if (message.lease) size += 1 + int64Size(message.lease);
  sizes.push(size);
  return size;
}

export function writeLockRequest(message: Init<typeof LockRequestSchema>, writer: Writer): void {
  if (message.name?.length) writer.bytes(10, message.name);
  if (message.lease) writer.int64(16, message.lease);
  if (message.$unknown) writer.unknown(message, "v3lockpb.LockRequest");
}

export function readLockRequest(
  reader: Reader,
  end: number,
  message: LockRequest = { $typeName: "v3lockpb.LockRequest", name: EMPTY_BYTES, lease: 0n },
): LockRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.name = reader.bytes();
        break;
      case 2:
        message.lease = reader.int64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeLockResponse(message: Init<typeof LockResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "v3lockpb.LockResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  if (message.key?.length) size += 1 + bytesSize(message.key);
  sizes[place] = size;
  return size;
}

export function writeLockResponse(message: Init<typeof LockResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.key?.length) writer.bytes(18, message.key);
  if (message.$unknown) writer.unknown(message, "v3lockpb.LockResponse");
}

export function readLockResponse(
  reader: Reader,
  end: number,
  message: LockResponse = { $typeName: "v3lockpb.LockResponse", key: EMPTY_BYTES },
): LockResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.header = readResponseHeader(reader, reader.nested(), message.header);
        break;
      case 2:
        message.key = reader.bytes();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeUnlockRequest(message: Init<typeof UnlockRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "v3lockpb.UnlockRequest") : 0;
  if (message.key?.length) size += 1 + bytesSize(message.key);
  sizes.push(size);
  return size;
}

export function writeUnlockRequest(message: Init<typeof UnlockRequestSchema>, writer: Writer): void {
  if (message.key?.length) writer.bytes(10, message.key);
  if (message.$unknown) writer.unknown(message, "v3lockpb.UnlockRequest");
}

export function readUnlockRequest(
  reader: Reader,
  end: number,
  message: UnlockRequest = { $typeName: "v3lockpb.UnlockRequest", key: EMPTY_BYTES },
): UnlockRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.key = reader.bytes();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeUnlockResponse(message: Init<typeof UnlockResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "v3lockpb.UnlockResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  sizes[place] = size;
  return size;
}

export function writeUnlockResponse(message: Init<typeof UnlockResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.$unknown) writer.unknown(message, "v3lockpb.UnlockResponse");
}

export function readUnlockResponse(
  reader: Reader,
  end: number,
  message: UnlockResponse = { $typeName: "v3lockpb.UnlockResponse" },
): UnlockResponse {
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
  codecOf(LockRequestSchema, sizeLockRequest, writeLockRequest, readLockRequest),
  codecOf(LockResponseSchema, sizeLockResponse, writeLockResponse, readLockResponse),
  codecOf(UnlockRequestSchema, sizeUnlockRequest, writeUnlockRequest, readUnlockRequest),
  codecOf(UnlockResponseSchema, sizeUnlockResponse, writeUnlockResponse, readUnlockResponse),
];
