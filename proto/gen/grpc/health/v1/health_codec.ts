// Codecs of the messages of grpc/health/v1/health.proto. Generated from the .proto files by `pnpm generate`. Do not edit.

import { codecOf, type Init, type CodecEntry } from "../../../../codec/codec.js";
import type { Reader } from "../../../../codec/reader.js";
import { delimitedSize, int32Size, textSize, unknownSize } from "../../../../codec/sizes.js";
import type { Writer } from "../../../../codec/writer.js";
import {
  HealthCheckRequestSchema,
  HealthCheckResponseSchema,
  HealthListRequestSchema,
  HealthListResponseSchema,
  type HealthCheckRequest,
  type HealthCheckResponse,
  type HealthListRequest,
  type HealthListResponse,
} from "./health_pb.js";

export function sizeHealthCheckRequest(message: Init<typeof HealthCheckRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "grpc.health.v1.HealthCheckRequest") : 0;
  if (message.service) size += 1 + textSize(message.service);
  sizes.push(size);
  return size;
}

export function writeHealthCheckRequest(message: Init<typeof HealthCheckRequestSchema>, writer: Writer): void {
  if (message.service) writer.text(10, message.service);
  if (message.$unknown) writer.unknown(message, "grpc.health.v1.HealthCheckRequest");
}

export function readHealthCheckRequest(
  reader: Reader,
  end: number,
  message: HealthCheckRequest = { $typeName: "grpc.health.v1.HealthCheckRequest", service: "" },
): HealthCheckRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.service = reader.text();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeHealthCheckResponse(message: Init<typeof HealthCheckResponseSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "grpc.health.v1.HealthCheckResponse") : 0;
  if (message.status) size += 1 + int32Size(message.status);
  sizes.push(size);
  return size;
}

export function writeHealthCheckResponse(message: Init<typeof HealthCheckResponseSchema>, writer: Writer): void {
  if (message.status) writer.int32(8, message.status);
  if (message.$unknown) writer.unknown(message, "grpc.health.v1.HealthCheckResponse");
}

export function readHealthCheckResponse(
  reader: Reader,
  end: number,
  message: HealthCheckResponse = { $typeName: "grpc.health.v1.HealthCheckResponse", status: 0 },
): HealthCheckResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.status = reader.int32();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeHealthListRequest(message: Init<typeof HealthListRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "grpc.health.v1.HealthListRequest") : 0;
  sizes.push(size);
  return size;
}

export function writeHealthListRequest(message: Init<typeof HealthListRequestSchema>, writer: Writer): void {
  if (message.$unknown) writer.unknown(message, "grpc.health.v1.HealthListRequest");
}

export function readHealthListRequest(
  reader: Reader,
  end: number,
  message: HealthListRequest = { $typeName: "grpc.health.v1.HealthListRequest" },
): HealthListRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    reader.unknown(message, tag);
  }
  reader.leave();
  return message;
}

export function sizeHealthListResponse(message: Init<typeof HealthListResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "grpc.health.v1.HealthListResponse") : 0;
  if (message.statuses) {
    for (const item of Object.entries(message.statuses)) {
      size += 1 + delimitedSize(sizeHealthListResponse_StatusesEntry(item, sizes));
    }
  }
  sizes[place] = size;
  return size;
}

export function writeHealthListResponse(message: Init<typeof HealthListResponseSchema>, writer: Writer): void {
  if (message.statuses) {
    for (const item of Object.entries(message.statuses)) {
      writer.nested(10);
      writeHealthListResponse_StatusesEntry(item, writer);
    }
  }
  if (message.$unknown) writer.unknown(message, "grpc.health.v1.HealthListResponse");
}

export function readHealthListResponse(
  reader: Reader,
  end: number,
  message: HealthListResponse = { $typeName: "grpc.health.v1.HealthListResponse", statuses: {} },
): HealthListResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        readHealthListResponse_StatusesEntry(reader, message.statuses);
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

function sizeHealthListResponse_StatusesEntry(
  [key, value]: [string, Init<typeof HealthCheckResponseSchema>],
  sizes: number[],
): number {
  const place = sizes.push(0) - 1;
  let size = 0;
  size += 1 + textSize(key);
  size += 1 + delimitedSize(sizeHealthCheckResponse(value, sizes));
  sizes[place] = size;
  return size;
}

function writeHealthListResponse_StatusesEntry(
  [key, value]: [string, Init<typeof HealthCheckResponseSchema>],
  writer: Writer,
): void {
  writer.text(10, key);
  writer.nested(18);
  writeHealthCheckResponse(value, writer);
}

function readHealthListResponse_StatusesEntry(reader: Reader, map: Record<string, HealthCheckResponse>): void {
  let key = "";
  let value: HealthCheckResponse = { $typeName: "grpc.health.v1.HealthCheckResponse", status: 0 };
  const end = reader.end();
  while (reader.at < end) {
    switch (reader.tag() >>> 3) {
      case 1:
        key = reader.text();
        break;
      case 2:
        value = readHealthCheckResponse(reader, reader.nested());
        break;
    }
  }
  map[key] = value;
}

export const codecs: readonly CodecEntry[] = [
  codecOf(HealthCheckRequestSchema, sizeHealthCheckRequest, writeHealthCheckRequest, readHealthCheckRequest),
  codecOf(HealthCheckResponseSchema, sizeHealthCheckResponse, writeHealthCheckResponse, readHealthCheckResponse),
  codecOf(HealthListRequestSchema, sizeHealthListRequest, writeHealthListRequest, readHealthListRequest),
  codecOf(HealthListResponseSchema, sizeHealthListResponse, writeHealthListResponse, readHealthListResponse),
];
