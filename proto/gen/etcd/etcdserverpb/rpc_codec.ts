// Codecs of the messages of etcd/etcdserverpb/rpc.proto. Generated from the .proto files by `pnpm generate`. Do not edit.

import { codecOf, caseValue, type Init, type CodecEntry } from "../../../codec/codec.js";
import { EMPTY_BYTES, type Reader } from "../../../codec/reader.js";
import {
  bytesSize,
  delimitedSize,
  int32ListLength,
  int32Size,
  int64Size,
  textSize,
  uint32Size,
  uint64Size,
  unknownSize,
} from "../../../codec/sizes.js";
import type { Writer } from "../../../codec/writer.js";
import {
  ResponseHeaderSchema,
  RangeRequestSchema,
  RangeResponseSchema,
  PutRequestSchema,
  PutResponseSchema,
  DeleteRangeRequestSchema,
  DeleteRangeResponseSchema,
  RequestOpSchema,
  ResponseOpSchema,
  CompareSchema,
  TxnRequestSchema,
  TxnResponseSchema,
  CompactionRequestSchema,
  CompactionResponseSchema,
  HashRequestSchema,
  HashKVRequestSchema,
  HashKVResponseSchema,
  HashResponseSchema,
  SnapshotRequestSchema,
  SnapshotResponseSchema,
  WatchRequestSchema,
  WatchCreateRequestSchema,
  WatchCancelRequestSchema,
  WatchProgressRequestSchema,
  WatchResponseSchema,
  LeaseGrantRequestSchema,
  LeaseGrantResponseSchema,
  LeaseRevokeRequestSchema,
  LeaseRevokeResponseSchema,
  LeaseCheckpointSchema,
  LeaseCheckpointRequestSchema,
  LeaseCheckpointResponseSchema,
  LeaseKeepAliveRequestSchema,
  LeaseKeepAliveResponseSchema,
  LeaseTimeToLiveRequestSchema,
  LeaseTimeToLiveResponseSchema,
  LeaseLeasesRequestSchema,
  LeaseStatusSchema,
  LeaseLeasesResponseSchema,
  MemberSchema,
  MemberAddRequestSchema,
  MemberAddResponseSchema,
  MemberRemoveRequestSchema,
  MemberRemoveResponseSchema,
  MemberUpdateRequestSchema,
  MemberUpdateResponseSchema,
  MemberListRequestSchema,
  MemberListResponseSchema,
  MemberPromoteRequestSchema,
  MemberPromoteResponseSchema,
  DefragmentRequestSchema,
  DefragmentResponseSchema,
  MoveLeaderRequestSchema,
  MoveLeaderResponseSchema,
  AlarmRequestSchema,
  AlarmMemberSchema,
  AlarmResponseSchema,
  DowngradeRequestSchema,
  DowngradeResponseSchema,
  DowngradeVersionTestRequestSchema,
  StatusRequestSchema,
  StatusResponseSchema,
  DowngradeInfoSchema,
  AuthEnableRequestSchema,
  AuthDisableRequestSchema,
  AuthStatusRequestSchema,
  AuthenticateRequestSchema,
  AuthUserAddRequestSchema,
  AuthUserGetRequestSchema,
  AuthUserDeleteRequestSchema,
  AuthUserChangePasswordRequestSchema,
  AuthUserGrantRoleRequestSchema,
  AuthUserRevokeRoleRequestSchema,
  AuthRoleAddRequestSchema,
  AuthRoleGetRequestSchema,
  AuthUserListRequestSchema,
  AuthRoleListRequestSchema,
  AuthRoleDeleteRequestSchema,
  AuthRoleGrantPermissionRequestSchema,
  AuthRoleRevokePermissionRequestSchema,
  AuthEnableResponseSchema,
  AuthDisableResponseSchema,
  AuthStatusResponseSchema,
  AuthenticateResponseSchema,
  AuthUserAddResponseSchema,
  AuthUserGetResponseSchema,
  AuthUserDeleteResponseSchema,
  AuthUserChangePasswordResponseSchema,
  AuthUserGrantRoleResponseSchema,
  AuthUserRevokeRoleResponseSchema,
  AuthRoleAddResponseSchema,
  AuthRoleGetResponseSchema,
  AuthRoleListResponseSchema,
  AuthUserListResponseSchema,
  AuthRoleDeleteResponseSchema,
  AuthRoleGrantPermissionResponseSchema,
  AuthRoleRevokePermissionResponseSchema,
  RangeStreamResponseSchema,
  type ResponseHeader,
  type RangeRequest,
  type RangeResponse,
  type PutRequest,
  type PutResponse,
  type DeleteRangeRequest,
  type DeleteRangeResponse,
  type RequestOp,
  type ResponseOp,
  type Compare,
  type TxnRequest,
  type TxnResponse,
  type CompactionRequest,
  type CompactionResponse,
  type HashRequest,
  type HashKVRequest,
  type HashKVResponse,
  type HashResponse,
  type SnapshotRequest,
  type SnapshotResponse,
  type WatchRequest,
  type WatchCreateRequest,
  type WatchCancelRequest,
  type WatchProgressRequest,
  type WatchResponse,
  type LeaseGrantRequest,
  type LeaseGrantResponse,
  type LeaseRevokeRequest,
  type LeaseRevokeResponse,
  type LeaseCheckpoint,
  type LeaseCheckpointRequest,
  type LeaseCheckpointResponse,
  type LeaseKeepAliveRequest,
  type LeaseKeepAliveResponse,
  type LeaseTimeToLiveRequest,
  type LeaseTimeToLiveResponse,
  type LeaseLeasesRequest,
  type LeaseStatus,
  type LeaseLeasesResponse,
  type Member,
  type MemberAddRequest,
  type MemberAddResponse,
  type MemberRemoveRequest,
  type MemberRemoveResponse,
  type MemberUpdateRequest,
  type MemberUpdateResponse,
  type MemberListRequest,
  type MemberListResponse,
  type MemberPromoteRequest,
  type MemberPromoteResponse,
  type DefragmentRequest,
  type DefragmentResponse,
  type MoveLeaderRequest,
  type MoveLeaderResponse,
  type AlarmRequest,
  type AlarmMember,
  type AlarmResponse,
  type DowngradeRequest,
  type DowngradeResponse,
  type DowngradeVersionTestRequest,
  type StatusRequest,
  type StatusResponse,
  type DowngradeInfo,
  type AuthEnableRequest,
  type AuthDisableRequest,
  type AuthStatusRequest,
  type AuthenticateRequest,
  type AuthUserAddRequest,
  type AuthUserGetRequest,
  type AuthUserDeleteRequest,
  type AuthUserChangePasswordRequest,
  type AuthUserGrantRoleRequest,
  type AuthUserRevokeRoleRequest,
  type AuthRoleAddRequest,
  type AuthRoleGetRequest,
  type AuthUserListRequest,
  type AuthRoleListRequest,
  type AuthRoleDeleteRequest,
  type AuthRoleGrantPermissionRequest,
  type AuthRoleRevokePermissionRequest,
  type AuthEnableResponse,
  type AuthDisableResponse,
  type AuthStatusResponse,
  type AuthenticateResponse,
  type AuthUserAddResponse,
  type AuthUserGetResponse,
  type AuthUserDeleteResponse,
  type AuthUserChangePasswordResponse,
  type AuthUserGrantRoleResponse,
  type AuthUserRevokeRoleResponse,
  type AuthRoleAddResponse,
  type AuthRoleGetResponse,
  type AuthRoleListResponse,
  type AuthUserListResponse,
  type AuthRoleDeleteResponse,
  type AuthRoleGrantPermissionResponse,
  type AuthRoleRevokePermissionResponse,
  type RangeStreamResponse,
} from "./rpc_pb.js";
import {
  sizeUserAddOptions,
  writeUserAddOptions,
  readUserAddOptions,
  sizePermission,
  writePermission,
  readPermission,
} from "../authpb/auth_codec.js";
import { sizeKeyValue, writeKeyValue, readKeyValue, sizeEvent, writeEvent, readEvent } from "../mvccpb/kv_codec.js";

export function sizeResponseHeader(message: Init<typeof ResponseHeaderSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.ResponseHeader") : 0;
  if (message.clusterId) size += 1 + uint64Size(message.clusterId);
  if (message.memberId) size += 1 + uint64Size(message.memberId);
  if (message.revision) size += 1 + int64Size(message.revision);
  if (message.raftTerm) size += 1 + uint64Size(message.raftTerm);
  sizes.push(size);
  return size;
}

export function writeResponseHeader(message: Init<typeof ResponseHeaderSchema>, writer: Writer): void {
  if (message.clusterId) writer.uint64(8, message.clusterId);
  if (message.memberId) writer.uint64(16, message.memberId);
  if (message.revision) writer.int64(24, message.revision);
  if (message.raftTerm) writer.uint64(32, message.raftTerm);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.ResponseHeader");
}

export function readResponseHeader(
  reader: Reader,
  end: number,
  message: ResponseHeader = {
    $typeName: "etcdserverpb.ResponseHeader",
    clusterId: 0n,
    memberId: 0n,
    revision: 0n,
    raftTerm: 0n,
  },
): ResponseHeader {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.clusterId = reader.uint64();
        break;
      case 2:
        message.memberId = reader.uint64();
        break;
      case 3:
        message.revision = reader.int64();
        break;
      case 4:
        message.raftTerm = reader.uint64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeRangeRequest(message: Init<typeof RangeRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.RangeRequest") : 0;
  if (message.key?.length) size += 1 + bytesSize(message.key);
  if (message.rangeEnd?.length) size += 1 + bytesSize(message.rangeEnd);
  if (message.limit) size += 1 + int64Size(message.limit);
  if (message.revision) size += 1 + int64Size(message.revision);
  if (message.sortOrder) size += 1 + int32Size(message.sortOrder);
  if (message.sortTarget) size += 1 + int32Size(message.sortTarget);
  if (message.serializable) size += 1 + 1;
  if (message.keysOnly) size += 1 + 1;
  if (message.countOnly) size += 1 + 1;
  if (message.minModRevision) size += 1 + int64Size(message.minModRevision);
  if (message.maxModRevision) size += 1 + int64Size(message.maxModRevision);
  if (message.minCreateRevision) size += 1 + int64Size(message.minCreateRevision);
  if (message.maxCreateRevision) size += 1 + int64Size(message.maxCreateRevision);
  sizes.push(size);
  return size;
}

export function writeRangeRequest(message: Init<typeof RangeRequestSchema>, writer: Writer): void {
  if (message.key?.length) writer.bytes(10, message.key);
  if (message.rangeEnd?.length) writer.bytes(18, message.rangeEnd);
  if (message.limit) writer.int64(24, message.limit);
  if (message.revision) writer.int64(32, message.revision);
  if (message.sortOrder) writer.int32(40, message.sortOrder);
  if (message.sortTarget) writer.int32(48, message.sortTarget);
  if (message.serializable) writer.bool(56, message.serializable);
  if (message.keysOnly) writer.bool(64, message.keysOnly);
  if (message.countOnly) writer.bool(72, message.countOnly);
  if (message.minModRevision) writer.int64(80, message.minModRevision);
  if (message.maxModRevision) writer.int64(88, message.maxModRevision);
  if (message.minCreateRevision) writer.int64(96, message.minCreateRevision);
  if (message.maxCreateRevision) writer.int64(104, message.maxCreateRevision);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.RangeRequest");
}

export function readRangeRequest(
  reader: Reader,
  end: number,
  message: RangeRequest = {
    $typeName: "etcdserverpb.RangeRequest",
    key: EMPTY_BYTES,
    rangeEnd: EMPTY_BYTES,
    limit: 0n,
    revision: 0n,
    sortOrder: 0,
    sortTarget: 0,
    serializable: false,
    keysOnly: false,
    countOnly: false,
    minModRevision: 0n,
    maxModRevision: 0n,
    minCreateRevision: 0n,
    maxCreateRevision: 0n,
  },
): RangeRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.key = reader.bytes();
        break;
      case 2:
        message.rangeEnd = reader.bytes();
        break;
      case 3:
        message.limit = reader.int64();
        break;
      case 4:
        message.revision = reader.int64();
        break;
      case 5:
        message.sortOrder = reader.int32();
        break;
      case 6:
        message.sortTarget = reader.int32();
        break;
      case 7:
        message.serializable = reader.bool();
        break;
      case 8:
        message.keysOnly = reader.bool();
        break;
      case 9:
        message.countOnly = reader.bool();
        break;
      case 10:
        message.minModRevision = reader.int64();
        break;
      case 11:
        message.maxModRevision = reader.int64();
        break;
      case 12:
        message.minCreateRevision = reader.int64();
        break;
      case 13:
        message.maxCreateRevision = reader.int64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeRangeResponse(message: Init<typeof RangeResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.RangeResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  if (message.kvs) {
    for (const item of message.kvs) {
      size += 1 + delimitedSize(sizeKeyValue(item, sizes));
    }
  }
  if (message.more) size += 1 + 1;
  if (message.count) size += 1 + int64Size(message.count);
  sizes[place] = size;
  return size;
}

export function writeRangeResponse(message: Init<typeof RangeResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.kvs) {
    for (const item of message.kvs) {
      writer.nested(18);
      writeKeyValue(item, writer);
    }
  }
  if (message.more) writer.bool(24, message.more);
  if (message.count) writer.int64(32, message.count);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.RangeResponse");
}

export function readRangeResponse(
  reader: Reader,
  end: number,
  message: RangeResponse = { $typeName: "etcdserverpb.RangeResponse", kvs: [], more: false, count: 0n },
): RangeResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.header = readResponseHeader(reader, reader.nested(), message.header);
        break;
      case 2:
        message.kvs.push(readKeyValue(reader, reader.nested()));
        break;
      case 3:
        message.more = reader.bool();
        break;
      case 4:
        message.count = reader.int64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizePutRequest(message: Init<typeof PutRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.PutRequest") : 0;
  if (message.key?.length) size += 1 + bytesSize(message.key);
  if (message.value?.length) size += 1 + bytesSize(message.value);
  if (message.lease) size += 1 + int64Size(message.lease);
  if (message.prevKv) size += 1 + 1;
  if (message.ignoreValue) size += 1 + 1;
  if (message.ignoreLease) size += 1 + 1;
  sizes.push(size);
  return size;
}

export function writePutRequest(message: Init<typeof PutRequestSchema>, writer: Writer): void {
  if (message.key?.length) writer.bytes(10, message.key);
  if (message.value?.length) writer.bytes(18, message.value);
  if (message.lease) writer.int64(24, message.lease);
  if (message.prevKv) writer.bool(32, message.prevKv);
  if (message.ignoreValue) writer.bool(40, message.ignoreValue);
  if (message.ignoreLease) writer.bool(48, message.ignoreLease);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.PutRequest");
}

export function readPutRequest(
  reader: Reader,
  end: number,
  message: PutRequest = {
    $typeName: "etcdserverpb.PutRequest",
    key: EMPTY_BYTES,
    value: EMPTY_BYTES,
    lease: 0n,
    prevKv: false,
    ignoreValue: false,
    ignoreLease: false,
  },
): PutRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.key = reader.bytes();
        break;
      case 2:
        message.value = reader.bytes();
        break;
      case 3:
        message.lease = reader.int64();
        break;
      case 4:
        message.prevKv = reader.bool();
        break;
      case 5:
        message.ignoreValue = reader.bool();
        break;
      case 6:
        message.ignoreLease = reader.bool();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizePutResponse(message: Init<typeof PutResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.PutResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  if (message.prevKv) {
    size += 1 + delimitedSize(sizeKeyValue(message.prevKv, sizes));
  }
  sizes[place] = size;
  return size;
}

export function writePutResponse(message: Init<typeof PutResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.prevKv) {
    writer.nested(18);
    writeKeyValue(message.prevKv, writer);
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.PutResponse");
}

export function readPutResponse(
  reader: Reader,
  end: number,
  message: PutResponse = { $typeName: "etcdserverpb.PutResponse" },
): PutResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.header = readResponseHeader(reader, reader.nested(), message.header);
        break;
      case 2:
        message.prevKv = readKeyValue(reader, reader.nested(), message.prevKv);
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeDeleteRangeRequest(message: Init<typeof DeleteRangeRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.DeleteRangeRequest") : 0;
  if (message.key?.length) size += 1 + bytesSize(message.key);
  if (message.rangeEnd?.length) size += 1 + bytesSize(message.rangeEnd);
  if (message.prevKv) size += 1 + 1;
  sizes.push(size);
  return size;
}

export function writeDeleteRangeRequest(message: Init<typeof DeleteRangeRequestSchema>, writer: Writer): void {
  if (message.key?.length) writer.bytes(10, message.key);
  if (message.rangeEnd?.length) writer.bytes(18, message.rangeEnd);
  if (message.prevKv) writer.bool(24, message.prevKv);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.DeleteRangeRequest");
}

export function readDeleteRangeRequest(
  reader: Reader,
  end: number,
  message: DeleteRangeRequest = {
    $typeName: "etcdserverpb.DeleteRangeRequest",
    key: EMPTY_BYTES,
    rangeEnd: EMPTY_BYTES,
    prevKv: false,
  },
): DeleteRangeRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.key = reader.bytes();
        break;
      case 2:
        message.rangeEnd = reader.bytes();
        break;
      case 3:
        message.prevKv = reader.bool();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeDeleteRangeResponse(message: Init<typeof DeleteRangeResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.DeleteRangeResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  if (message.deleted) size += 1 + int64Size(message.deleted);
  if (message.prevKvs) {
    for (const item of message.prevKvs) {
      size += 1 + delimitedSize(sizeKeyValue(item, sizes));
    }
  }
  sizes[place] = size;
  return size;
}

export function writeDeleteRangeResponse(message: Init<typeof DeleteRangeResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.deleted) writer.int64(16, message.deleted);
  if (message.prevKvs) {
    for (const item of message.prevKvs) {
      writer.nested(26);
      writeKeyValue(item, writer);
    }
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.DeleteRangeResponse");
}

export function readDeleteRangeResponse(
  reader: Reader,
  end: number,
  message: DeleteRangeResponse = { $typeName: "etcdserverpb.DeleteRangeResponse", deleted: 0n, prevKvs: [] },
): DeleteRangeResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.header = readResponseHeader(reader, reader.nested(), message.header);
        break;
      case 2:
        message.deleted = reader.int64();
        break;
      case 3:
        message.prevKvs.push(readKeyValue(reader, reader.nested()));
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeRequestOp(message: Init<typeof RequestOpSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.RequestOp") : 0;
  switch (message.request?.case) {
    case "requestRange":
      size += 1 + delimitedSize(sizeRangeRequest(message.request.value, sizes));
      break;
    case "requestPut":
      size += 1 + delimitedSize(sizePutRequest(message.request.value, sizes));
      break;
    case "requestDeleteRange":
      size += 1 + delimitedSize(sizeDeleteRangeRequest(message.request.value, sizes));
      break;
    case "requestTxn":
      size += 1 + delimitedSize(sizeTxnRequest(message.request.value, sizes));
      break;
  }
  sizes[place] = size;
  return size;
}

export function writeRequestOp(message: Init<typeof RequestOpSchema>, writer: Writer): void {
  switch (message.request?.case) {
    case "requestRange":
      writer.nested(10);
      writeRangeRequest(message.request.value, writer);
      break;
    case "requestPut":
      writer.nested(18);
      writePutRequest(message.request.value, writer);
      break;
    case "requestDeleteRange":
      writer.nested(26);
      writeDeleteRangeRequest(message.request.value, writer);
      break;
    case "requestTxn":
      writer.nested(34);
      writeTxnRequest(message.request.value, writer);
      break;
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.RequestOp");
}

export function readRequestOp(
  reader: Reader,
  end: number,
  message: RequestOp = { $typeName: "etcdserverpb.RequestOp", request: { case: undefined } },
): RequestOp {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.request = {
          case: "requestRange",
          value: readRangeRequest(reader, reader.nested(), caseValue(message.request, "requestRange")),
        };
        break;
      case 2:
        message.request = {
          case: "requestPut",
          value: readPutRequest(reader, reader.nested(), caseValue(message.request, "requestPut")),
        };
        break;
      case 3:
        message.request = {
          case: "requestDeleteRange",
          value: readDeleteRangeRequest(reader, reader.nested(), caseValue(message.request, "requestDeleteRange")),
        };
        break;
      case 4:
        message.request = {
          case: "requestTxn",
          value: readTxnRequest(reader, reader.nested(), caseValue(message.request, "requestTxn")),
        };
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeResponseOp(message: Init<typeof ResponseOpSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.ResponseOp") : 0;
  switch (message.response?.case) {
    case "responseRange":
      size += 1 + delimitedSize(sizeRangeResponse(message.response.value, sizes));
      break;
    case "responsePut":
      size += 1 + delimitedSize(sizePutResponse(message.response.value, sizes));
      break;
    case "responseDeleteRange":
      size += 1 + delimitedSize(sizeDeleteRangeResponse(message.response.value, sizes));
      break;
    case "responseTxn":
      size += 1 + delimitedSize(sizeTxnResponse(message.response.value, sizes));
      break;
  }
  sizes[place] = size;
  return size;
}

export function writeResponseOp(message: Init<typeof ResponseOpSchema>, writer: Writer): void {
  switch (message.response?.case) {
    case "responseRange":
      writer.nested(10);
      writeRangeResponse(message.response.value, writer);
      break;
    case "responsePut":
      writer.nested(18);
      writePutResponse(message.response.value, writer);
      break;
    case "responseDeleteRange":
      writer.nested(26);
      writeDeleteRangeResponse(message.response.value, writer);
      break;
    case "responseTxn":
      writer.nested(34);
      writeTxnResponse(message.response.value, writer);
      break;
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.ResponseOp");
}

export function readResponseOp(
  reader: Reader,
  end: number,
  message: ResponseOp = { $typeName: "etcdserverpb.ResponseOp", response: { case: undefined } },
): ResponseOp {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.response = {
          case: "responseRange",
          value: readRangeResponse(reader, reader.nested(), caseValue(message.response, "responseRange")),
        };
        break;
      case 2:
        message.response = {
          case: "responsePut",
          value: readPutResponse(reader, reader.nested(), caseValue(message.response, "responsePut")),
        };
        break;
      case 3:
        message.response = {
          case: "responseDeleteRange",
          value: readDeleteRangeResponse(reader, reader.nested(), caseValue(message.response, "responseDeleteRange")),
        };
        break;
      case 4:
        message.response = {
          case: "responseTxn",
          value: readTxnResponse(reader, reader.nested(), caseValue(message.response, "responseTxn")),
        };
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeCompare(message: Init<typeof CompareSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.Compare") : 0;
  if (message.result) size += 1 + int32Size(message.result);
  if (message.target) size += 1 + int32Size(message.target);
  if (message.key?.length) size += 1 + bytesSize(message.key);
  switch (message.targetUnion?.case) {
    case "version":
      size += 1 + int64Size(message.targetUnion.value);
      break;
    case "createRevision":
      size += 1 + int64Size(message.targetUnion.value);
      break;
    case "modRevision":
      size += 1 + int64Size(message.targetUnion.value);
      break;
    case "value":
      size += 1 + bytesSize(message.targetUnion.value);
      break;
    case "lease":
      size += 1 + int64Size(message.targetUnion.value);
      break;
  }
  if (message.rangeEnd?.length) size += 2 + bytesSize(message.rangeEnd);
  sizes.push(size);
  return size;
}

export function writeCompare(message: Init<typeof CompareSchema>, writer: Writer): void {
  if (message.result) writer.int32(8, message.result);
  if (message.target) writer.int32(16, message.target);
  if (message.key?.length) writer.bytes(26, message.key);
  switch (message.targetUnion?.case) {
    case "version":
      writer.int64(32, message.targetUnion.value);
      break;
    case "createRevision":
      writer.int64(40, message.targetUnion.value);
      break;
    case "modRevision":
      writer.int64(48, message.targetUnion.value);
      break;
    case "value":
      writer.bytes(58, message.targetUnion.value);
      break;
    case "lease":
      writer.int64(64, message.targetUnion.value);
      break;
  }
  if (message.rangeEnd?.length) writer.bytes(514, message.rangeEnd);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.Compare");
}

export function readCompare(
  reader: Reader,
  end: number,
  message: Compare = {
    $typeName: "etcdserverpb.Compare",
    result: 0,
    target: 0,
    key: EMPTY_BYTES,
    targetUnion: { case: undefined },
    rangeEnd: EMPTY_BYTES,
  },
): Compare {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.result = reader.int32();
        break;
      case 2:
        message.target = reader.int32();
        break;
      case 3:
        message.key = reader.bytes();
        break;
      case 4:
        message.targetUnion = { case: "version", value: reader.int64() };
        break;
      case 5:
        message.targetUnion = { case: "createRevision", value: reader.int64() };
        break;
      case 6:
        message.targetUnion = { case: "modRevision", value: reader.int64() };
        break;
      case 7:
        message.targetUnion = { case: "value", value: reader.bytes() };
        break;
      case 8:
        message.targetUnion = { case: "lease", value: reader.int64() };
        break;
      case 64:
        message.rangeEnd = reader.bytes();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeTxnRequest(message: Init<typeof TxnRequestSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.TxnRequest") : 0;
  if (message.compare) {
    for (const item of message.compare) {
      size += 1 + delimitedSize(sizeCompare(item, sizes));
    }
  }
  if (message.success) {
    for (const item of message.success) {
      size += 1 + delimitedSize(sizeRequestOp(item, sizes));
    }
  }
  if (message.failure) {
    for (const item of message.failure) {
      size += 1 + delimitedSize(sizeRequestOp(item, sizes));
    }
  }
  sizes[place] = size;
  return size;
}

export function writeTxnRequest(message: Init<typeof TxnRequestSchema>, writer: Writer): void {
  if (message.compare) {
    for (const item of message.compare) {
      writer.nested(10);
      writeCompare(item, writer);
    }
  }
  if (message.success) {
    for (const item of message.success) {
      writer.nested(18);
      writeRequestOp(item, writer);
    }
  }
  if (message.failure) {
    for (const item of message.failure) {
      writer.nested(26);
      writeRequestOp(item, writer);
    }
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.TxnRequest");
}

export function readTxnRequest(
  reader: Reader,
  end: number,
  message: TxnRequest = { $typeName: "etcdserverpb.TxnRequest", compare: [], success: [], failure: [] },
): TxnRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.compare.push(readCompare(reader, reader.nested()));
        break;
      case 2:
        message.success.push(readRequestOp(reader, reader.nested()));
        break;
      case 3:
        message.failure.push(readRequestOp(reader, reader.nested()));
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeTxnResponse(message: Init<typeof TxnResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.TxnResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  if (message.succeeded) size += 1 + 1;
  if (message.responses) {
    for (const item of message.responses) {
      size += 1 + delimitedSize(sizeResponseOp(item, sizes));
    }
  }
  sizes[place] = size;
  return size;
}

export function writeTxnResponse(message: Init<typeof TxnResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.succeeded) writer.bool(16, message.succeeded);
  if (message.responses) {
    for (const item of message.responses) {
      writer.nested(26);
      writeResponseOp(item, writer);
    }
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.TxnResponse");
}

export function readTxnResponse(
  reader: Reader,
  end: number,
  message: TxnResponse = { $typeName: "etcdserverpb.TxnResponse", succeeded: false, responses: [] },
): TxnResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.header = readResponseHeader(reader, reader.nested(), message.header);
        break;
      case 2:
        message.succeeded = reader.bool();
        break;
      case 3:
        message.responses.push(readResponseOp(reader, reader.nested()));
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeCompactionRequest(message: Init<typeof CompactionRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.CompactionRequest") : 0;
  if (message.revision) size += 1 + int64Size(message.revision);
  if (message.physical) size += 1 + 1;
  sizes.push(size);
  return size;
}

export function writeCompactionRequest(message: Init<typeof CompactionRequestSchema>, writer: Writer): void {
  if (message.revision) writer.int64(8, message.revision);
  if (message.physical) writer.bool(16, message.physical);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.CompactionRequest");
}

export function readCompactionRequest(
  reader: Reader,
  end: number,
  message: CompactionRequest = { $typeName: "etcdserverpb.CompactionRequest", revision: 0n, physical: false },
): CompactionRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.revision = reader.int64();
        break;
      case 2:
        message.physical = reader.bool();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeCompactionResponse(message: Init<typeof CompactionResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.CompactionResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  sizes[place] = size;
  return size;
}

export function writeCompactionResponse(message: Init<typeof CompactionResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.CompactionResponse");
}

export function readCompactionResponse(
  reader: Reader,
  end: number,
  message: CompactionResponse = { $typeName: "etcdserverpb.CompactionResponse" },
): CompactionResponse {
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

export function sizeHashRequest(message: Init<typeof HashRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.HashRequest") : 0;
  sizes.push(size);
  return size;
}

export function writeHashRequest(message: Init<typeof HashRequestSchema>, writer: Writer): void {
  if (message.$unknown) writer.unknown(message, "etcdserverpb.HashRequest");
}

export function readHashRequest(
  reader: Reader,
  end: number,
  message: HashRequest = { $typeName: "etcdserverpb.HashRequest" },
): HashRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    reader.unknown(message, tag);
  }
  reader.leave();
  return message;
}

export function sizeHashKVRequest(message: Init<typeof HashKVRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.HashKVRequest") : 0;
  if (message.revision) size += 1 + int64Size(message.revision);
  sizes.push(size);
  return size;
}

export function writeHashKVRequest(message: Init<typeof HashKVRequestSchema>, writer: Writer): void {
  if (message.revision) writer.int64(8, message.revision);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.HashKVRequest");
}

export function readHashKVRequest(
  reader: Reader,
  end: number,
  message: HashKVRequest = { $typeName: "etcdserverpb.HashKVRequest", revision: 0n },
): HashKVRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.revision = reader.int64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeHashKVResponse(message: Init<typeof HashKVResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.HashKVResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  if (message.hash) size += 1 + uint32Size(message.hash);
  if (message.compactRevision) size += 1 + int64Size(message.compactRevision);
  if (message.hashRevision) size += 1 + int64Size(message.hashRevision);
  sizes[place] = size;
  return size;
}

export function writeHashKVResponse(message: Init<typeof HashKVResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.hash) writer.uint32(16, message.hash);
  if (message.compactRevision) writer.int64(24, message.compactRevision);
  if (message.hashRevision) writer.int64(32, message.hashRevision);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.HashKVResponse");
}

export function readHashKVResponse(
  reader: Reader,
  end: number,
  message: HashKVResponse = {
    $typeName: "etcdserverpb.HashKVResponse",
    hash: 0,
    compactRevision: 0n,
    hashRevision: 0n,
  },
): HashKVResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.header = readResponseHeader(reader, reader.nested(), message.header);
        break;
      case 2:
        message.hash = reader.uint32();
        break;
      case 3:
        message.compactRevision = reader.int64();
        break;
      case 4:
        message.hashRevision = reader.int64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeHashResponse(message: Init<typeof HashResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.HashResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  if (message.hash) size += 1 + uint32Size(message.hash);
  sizes[place] = size;
  return size;
}

export function writeHashResponse(message: Init<typeof HashResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.hash) writer.uint32(16, message.hash);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.HashResponse");
}

export function readHashResponse(
  reader: Reader,
  end: number,
  message: HashResponse = { $typeName: "etcdserverpb.HashResponse", hash: 0 },
): HashResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.header = readResponseHeader(reader, reader.nested(), message.header);
        break;
      case 2:
        message.hash = reader.uint32();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeSnapshotRequest(message: Init<typeof SnapshotRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.SnapshotRequest") : 0;
  sizes.push(size);
  return size;
}

export function writeSnapshotRequest(message: Init<typeof SnapshotRequestSchema>, writer: Writer): void {
  if (message.$unknown) writer.unknown(message, "etcdserverpb.SnapshotRequest");
}

export function readSnapshotRequest(
  reader: Reader,
  end: number,
  message: SnapshotRequest = { $typeName: "etcdserverpb.SnapshotRequest" },
): SnapshotRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    reader.unknown(message, tag);
  }
  reader.leave();
  return message;
}

export function sizeSnapshotResponse(message: Init<typeof SnapshotResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.SnapshotResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  if (message.remainingBytes) size += 1 + uint64Size(message.remainingBytes);
  if (message.blob?.length) size += 1 + bytesSize(message.blob);
  if (message.version) size += 1 + textSize(message.version);
  sizes[place] = size;
  return size;
}

export function writeSnapshotResponse(message: Init<typeof SnapshotResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.remainingBytes) writer.uint64(16, message.remainingBytes);
  if (message.blob?.length) writer.bytes(26, message.blob);
  if (message.version) writer.text(34, message.version);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.SnapshotResponse");
}

export function readSnapshotResponse(
  reader: Reader,
  end: number,
  message: SnapshotResponse = {
    $typeName: "etcdserverpb.SnapshotResponse",
    remainingBytes: 0n,
    blob: EMPTY_BYTES,
    version: "",
  },
): SnapshotResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.header = readResponseHeader(reader, reader.nested(), message.header);
        break;
      case 2:
        message.remainingBytes = reader.uint64();
        break;
      case 3:
        message.blob = reader.bytes();
        break;
      case 4:
        message.version = reader.text();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeWatchRequest(message: Init<typeof WatchRequestSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.WatchRequest") : 0;
  switch (message.requestUnion?.case) {
    case "createRequest":
      size += 1 + delimitedSize(sizeWatchCreateRequest(message.requestUnion.value, sizes));
      break;
    case "cancelRequest":
      size += 1 + delimitedSize(sizeWatchCancelRequest(message.requestUnion.value, sizes));
      break;
    case "progressRequest":
      size += 1 + delimitedSize(sizeWatchProgressRequest(message.requestUnion.value, sizes));
      break;
  }
  sizes[place] = size;
  return size;
}

export function writeWatchRequest(message: Init<typeof WatchRequestSchema>, writer: Writer): void {
  switch (message.requestUnion?.case) {
    case "createRequest":
      writer.nested(10);
      writeWatchCreateRequest(message.requestUnion.value, writer);
      break;
    case "cancelRequest":
      writer.nested(18);
      writeWatchCancelRequest(message.requestUnion.value, writer);
      break;
    case "progressRequest":
      writer.nested(26);
      writeWatchProgressRequest(message.requestUnion.value, writer);
      break;
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.WatchRequest");
}

export function readWatchRequest(
  reader: Reader,
  end: number,
  message: WatchRequest = { $typeName: "etcdserverpb.WatchRequest", requestUnion: { case: undefined } },
): WatchRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.requestUnion = {
          case: "createRequest",
          value: readWatchCreateRequest(reader, reader.nested(), caseValue(message.requestUnion, "createRequest")),
        };
        break;
      case 2:
        message.requestUnion = {
          case: "cancelRequest",
          value: readWatchCancelRequest(reader, reader.nested(), caseValue(message.requestUnion, "cancelRequest")),
        };
        break;
      case 3:
        message.requestUnion = {
          case: "progressRequest",
          value: readWatchProgressRequest(reader, reader.nested(), caseValue(message.requestUnion, "progressRequest")),
        };
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeWatchCreateRequest(message: Init<typeof WatchCreateRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.WatchCreateRequest") : 0;
  if (message.key?.length) size += 1 + bytesSize(message.key);
  if (message.rangeEnd?.length) size += 1 + bytesSize(message.rangeEnd);
  if (message.startRevision) size += 1 + int64Size(message.startRevision);
  if (message.progressNotify) size += 1 + 1;
  if (message.filters?.length) size += 1 + delimitedSize(int32ListLength(message.filters));
  if (message.prevKv) size += 1 + 1;
  if (message.watchId) size += 1 + int64Size(message.watchId);
  if (message.fragment) size += 1 + 1;
  sizes.push(size);
  return size;
}

export function writeWatchCreateRequest(message: Init<typeof WatchCreateRequestSchema>, writer: Writer): void {
  if (message.key?.length) writer.bytes(10, message.key);
  if (message.rangeEnd?.length) writer.bytes(18, message.rangeEnd);
  if (message.startRevision) writer.int64(24, message.startRevision);
  if (message.progressNotify) writer.bool(32, message.progressNotify);
  if (message.filters?.length) writer.int32List(42, message.filters);
  if (message.prevKv) writer.bool(48, message.prevKv);
  if (message.watchId) writer.int64(56, message.watchId);
  if (message.fragment) writer.bool(64, message.fragment);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.WatchCreateRequest");
}

export function readWatchCreateRequest(
  reader: Reader,
  end: number,
  message: WatchCreateRequest = {
    $typeName: "etcdserverpb.WatchCreateRequest",
    key: EMPTY_BYTES,
    rangeEnd: EMPTY_BYTES,
    startRevision: 0n,
    progressNotify: false,
    filters: [],
    prevKv: false,
    watchId: 0n,
    fragment: false,
  },
): WatchCreateRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.key = reader.bytes();
        break;
      case 2:
        message.rangeEnd = reader.bytes();
        break;
      case 3:
        message.startRevision = reader.int64();
        break;
      case 4:
        message.progressNotify = reader.bool();
        break;
      case 5:
        reader.int32List(tag, message.filters);
        break;
      case 6:
        message.prevKv = reader.bool();
        break;
      case 7:
        message.watchId = reader.int64();
        break;
      case 8:
        message.fragment = reader.bool();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeWatchCancelRequest(message: Init<typeof WatchCancelRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.WatchCancelRequest") : 0;
  if (message.watchId) size += 1 + int64Size(message.watchId);
  sizes.push(size);
  return size;
}

export function writeWatchCancelRequest(message: Init<typeof WatchCancelRequestSchema>, writer: Writer): void {
  if (message.watchId) writer.int64(8, message.watchId);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.WatchCancelRequest");
}

export function readWatchCancelRequest(
  reader: Reader,
  end: number,
  message: WatchCancelRequest = { $typeName: "etcdserverpb.WatchCancelRequest", watchId: 0n },
): WatchCancelRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.watchId = reader.int64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeWatchProgressRequest(message: Init<typeof WatchProgressRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.WatchProgressRequest") : 0;
  sizes.push(size);
  return size;
}

export function writeWatchProgressRequest(message: Init<typeof WatchProgressRequestSchema>, writer: Writer): void {
  if (message.$unknown) writer.unknown(message, "etcdserverpb.WatchProgressRequest");
}

export function readWatchProgressRequest(
  reader: Reader,
  end: number,
  message: WatchProgressRequest = { $typeName: "etcdserverpb.WatchProgressRequest" },
): WatchProgressRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    reader.unknown(message, tag);
  }
  reader.leave();
  return message;
}

export function sizeWatchResponse(message: Init<typeof WatchResponseSchema>, sizes: number[]): number {
  if (message.$encoded) {
    sizes.push(message.$encoded.length);
    return message.$encoded.length;
  }
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.WatchResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  if (message.watchId) size += 1 + int64Size(message.watchId);
  if (message.created) size += 1 + 1;
  if (message.canceled) size += 1 + 1;
  if (message.compactRevision) size += 1 + int64Size(message.compactRevision);
  if (message.cancelReason) size += 1 + textSize(message.cancelReason);
  if (message.fragment) size += 1 + 1;
  if (message.events) {
    for (const item of message.events) {
      size += 1 + delimitedSize(sizeEvent(item, sizes));
    }
  }
  sizes[place] = size;
  return size;
}

export function writeWatchResponse(message: Init<typeof WatchResponseSchema>, writer: Writer): void {
  if (message.$encoded) {
    writer.encoded(message.$encoded);
    return;
  }
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.watchId) writer.int64(16, message.watchId);
  if (message.created) writer.bool(24, message.created);
  if (message.canceled) writer.bool(32, message.canceled);
  if (message.compactRevision) writer.int64(40, message.compactRevision);
  if (message.cancelReason) writer.text(50, message.cancelReason);
  if (message.fragment) writer.bool(56, message.fragment);
  if (message.events) {
    for (const item of message.events) {
      writer.nested(90);
      writeEvent(item, writer);
    }
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.WatchResponse");
}

export function readWatchResponse(
  reader: Reader,
  end: number,
  message: WatchResponse = {
    $typeName: "etcdserverpb.WatchResponse",
    watchId: 0n,
    created: false,
    canceled: false,
    compactRevision: 0n,
    cancelReason: "",
    fragment: false,
    events: [],
  },
): WatchResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.header = readResponseHeader(reader, reader.nested(), message.header);
        break;
      case 2:
        message.watchId = reader.int64();
        break;
      case 3:
        message.created = reader.bool();
        break;
      case 4:
        message.canceled = reader.bool();
        break;
      case 5:
        message.compactRevision = reader.int64();
        break;
      case 6:
        message.cancelReason = reader.text();
        break;
      case 7:
        message.fragment = reader.bool();
        break;
      case 11:
        message.events.push(readEvent(reader, reader.nested()));
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeLeaseGrantRequest(message: Init<typeof LeaseGrantRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.LeaseGrantRequest") : 0;
  if (message.TTL) size += 1 + int64Size(message.TTL);
  if (message.ID) size += 1 + int64Size(message.ID);
  sizes.push(size);
  return size;
}

export function writeLeaseGrantRequest(message: Init<typeof LeaseGrantRequestSchema>, writer: Writer): void {
  if (message.TTL) writer.int64(8, message.TTL);
  if (message.ID) writer.int64(16, message.ID);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.LeaseGrantRequest");
}

export function readLeaseGrantRequest(
  reader: Reader,
  end: number,
  message: LeaseGrantRequest = { $typeName: "etcdserverpb.LeaseGrantRequest", TTL: 0n, ID: 0n },
): LeaseGrantRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.TTL = reader.int64();
        break;
      case 2:
        message.ID = reader.int64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeLeaseGrantResponse(message: Init<typeof LeaseGrantResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.LeaseGrantResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  if (message.ID) size += 1 + int64Size(message.ID);
  if (message.TTL) size += 1 + int64Size(message.TTL);
  if (message.error) size += 1 + textSize(message.error);
  sizes[place] = size;
  return size;
}

export function writeLeaseGrantResponse(message: Init<typeof LeaseGrantResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.ID) writer.int64(16, message.ID);
  if (message.TTL) writer.int64(24, message.TTL);
  if (message.error) writer.text(34, message.error);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.LeaseGrantResponse");
}

export function readLeaseGrantResponse(
  reader: Reader,
  end: number,
  message: LeaseGrantResponse = { $typeName: "etcdserverpb.LeaseGrantResponse", ID: 0n, TTL: 0n, error: "" },
): LeaseGrantResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.header = readResponseHeader(reader, reader.nested(), message.header);
        break;
      case 2:
        message.ID = reader.int64();
        break;
      case 3:
        message.TTL = reader.int64();
        break;
      case 4:
        message.error = reader.text();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeLeaseRevokeRequest(message: Init<typeof LeaseRevokeRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.LeaseRevokeRequest") : 0;
  if (message.ID) size += 1 + int64Size(message.ID);
  sizes.push(size);
  return size;
}

export function writeLeaseRevokeRequest(message: Init<typeof LeaseRevokeRequestSchema>, writer: Writer): void {
  if (message.ID) writer.int64(8, message.ID);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.LeaseRevokeRequest");
}

export function readLeaseRevokeRequest(
  reader: Reader,
  end: number,
  message: LeaseRevokeRequest = { $typeName: "etcdserverpb.LeaseRevokeRequest", ID: 0n },
): LeaseRevokeRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.ID = reader.int64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeLeaseRevokeResponse(message: Init<typeof LeaseRevokeResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.LeaseRevokeResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  sizes[place] = size;
  return size;
}

export function writeLeaseRevokeResponse(message: Init<typeof LeaseRevokeResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.LeaseRevokeResponse");
}

export function readLeaseRevokeResponse(
  reader: Reader,
  end: number,
  message: LeaseRevokeResponse = { $typeName: "etcdserverpb.LeaseRevokeResponse" },
): LeaseRevokeResponse {
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

export function sizeLeaseCheckpoint(message: Init<typeof LeaseCheckpointSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.LeaseCheckpoint") : 0;
  if (message.ID) size += 1 + int64Size(message.ID);
  if (message.remainingTTL) size += 1 + int64Size(message.remainingTTL);
  sizes.push(size);
  return size;
}

export function writeLeaseCheckpoint(message: Init<typeof LeaseCheckpointSchema>, writer: Writer): void {
  if (message.ID) writer.int64(8, message.ID);
  if (message.remainingTTL) writer.int64(16, message.remainingTTL);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.LeaseCheckpoint");
}

export function readLeaseCheckpoint(
  reader: Reader,
  end: number,
  message: LeaseCheckpoint = { $typeName: "etcdserverpb.LeaseCheckpoint", ID: 0n, remainingTTL: 0n },
): LeaseCheckpoint {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.ID = reader.int64();
        break;
      case 2:
        message.remainingTTL = reader.int64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeLeaseCheckpointRequest(
  message: Init<typeof LeaseCheckpointRequestSchema>,
  sizes: number[],
): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.LeaseCheckpointRequest") : 0;
  if (message.checkpoints) {
    for (const item of message.checkpoints) {
      size += 1 + delimitedSize(sizeLeaseCheckpoint(item, sizes));
    }
  }
  sizes[place] = size;
  return size;
}

export function writeLeaseCheckpointRequest(message: Init<typeof LeaseCheckpointRequestSchema>, writer: Writer): void {
  if (message.checkpoints) {
    for (const item of message.checkpoints) {
      writer.nested(10);
      writeLeaseCheckpoint(item, writer);
    }
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.LeaseCheckpointRequest");
}

export function readLeaseCheckpointRequest(
  reader: Reader,
  end: number,
  message: LeaseCheckpointRequest = { $typeName: "etcdserverpb.LeaseCheckpointRequest", checkpoints: [] },
): LeaseCheckpointRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.checkpoints.push(readLeaseCheckpoint(reader, reader.nested()));
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeLeaseCheckpointResponse(
  message: Init<typeof LeaseCheckpointResponseSchema>,
  sizes: number[],
): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.LeaseCheckpointResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  sizes[place] = size;
  return size;
}

export function writeLeaseCheckpointResponse(
  message: Init<typeof LeaseCheckpointResponseSchema>,
  writer: Writer,
): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.LeaseCheckpointResponse");
}

export function readLeaseCheckpointResponse(
  reader: Reader,
  end: number,
  message: LeaseCheckpointResponse = { $typeName: "etcdserverpb.LeaseCheckpointResponse" },
): LeaseCheckpointResponse {
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

export function sizeLeaseKeepAliveRequest(message: Init<typeof LeaseKeepAliveRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.LeaseKeepAliveRequest") : 0;
  if (message.ID) size += 1 + int64Size(message.ID);
  sizes.push(size);
  return size;
}

export function writeLeaseKeepAliveRequest(message: Init<typeof LeaseKeepAliveRequestSchema>, writer: Writer): void {
  if (message.ID) writer.int64(8, message.ID);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.LeaseKeepAliveRequest");
}

export function readLeaseKeepAliveRequest(
  reader: Reader,
  end: number,
  message: LeaseKeepAliveRequest = { $typeName: "etcdserverpb.LeaseKeepAliveRequest", ID: 0n },
): LeaseKeepAliveRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.ID = reader.int64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeLeaseKeepAliveResponse(
  message: Init<typeof LeaseKeepAliveResponseSchema>,
  sizes: number[],
): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.LeaseKeepAliveResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  if (message.ID) size += 1 + int64Size(message.ID);
  if (message.TTL) size += 1 + int64Size(message.TTL);
  sizes[place] = size;
  return size;
}

export function writeLeaseKeepAliveResponse(message: Init<typeof LeaseKeepAliveResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.ID) writer.int64(16, message.ID);
  if (message.TTL) writer.int64(24, message.TTL);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.LeaseKeepAliveResponse");
}

export function readLeaseKeepAliveResponse(
  reader: Reader,
  end: number,
  message: LeaseKeepAliveResponse = { $typeName: "etcdserverpb.LeaseKeepAliveResponse", ID: 0n, TTL: 0n },
): LeaseKeepAliveResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.header = readResponseHeader(reader, reader.nested(), message.header);
        break;
      case 2:
        message.ID = reader.int64();
        break;
      case 3:
        message.TTL = reader.int64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeLeaseTimeToLiveRequest(
  message: Init<typeof LeaseTimeToLiveRequestSchema>,
  sizes: number[],
): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.LeaseTimeToLiveRequest") : 0;
  if (message.ID) size += 1 + int64Size(message.ID);
  if (message.keys) size += 1 + 1;
  sizes.push(size);
  return size;
}

export function writeLeaseTimeToLiveRequest(message: Init<typeof LeaseTimeToLiveRequestSchema>, writer: Writer): void {
  if (message.ID) writer.int64(8, message.ID);
  if (message.keys) writer.bool(16, message.keys);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.LeaseTimeToLiveRequest");
}

export function readLeaseTimeToLiveRequest(
  reader: Reader,
  end: number,
  message: LeaseTimeToLiveRequest = { $typeName: "etcdserverpb.LeaseTimeToLiveRequest", ID: 0n, keys: false },
): LeaseTimeToLiveRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.ID = reader.int64();
        break;
      case 2:
        message.keys = reader.bool();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeLeaseTimeToLiveResponse(
  message: Init<typeof LeaseTimeToLiveResponseSchema>,
  sizes: number[],
): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.LeaseTimeToLiveResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  if (message.ID) size += 1 + int64Size(message.ID);
  if (message.TTL) size += 1 + int64Size(message.TTL);
  if (message.grantedTTL) size += 1 + int64Size(message.grantedTTL);
  if (message.keys) {
    for (const item of message.keys) {
      size += 1 + bytesSize(item);
    }
  }
  sizes[place] = size;
  return size;
}

export function writeLeaseTimeToLiveResponse(
  message: Init<typeof LeaseTimeToLiveResponseSchema>,
  writer: Writer,
): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.ID) writer.int64(16, message.ID);
  if (message.TTL) writer.int64(24, message.TTL);
  if (message.grantedTTL) writer.int64(32, message.grantedTTL);
  if (message.keys) {
    for (const item of message.keys) {
      writer.bytes(42, item);
    }
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.LeaseTimeToLiveResponse");
}

export function readLeaseTimeToLiveResponse(
  reader: Reader,
  end: number,
  message: LeaseTimeToLiveResponse = {
    $typeName: "etcdserverpb.LeaseTimeToLiveResponse",
    ID: 0n,
    TTL: 0n,
    grantedTTL: 0n,
    keys: [],
  },
): LeaseTimeToLiveResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.header = readResponseHeader(reader, reader.nested(), message.header);
        break;
      case 2:
        message.ID = reader.int64();
        break;
      case 3:
        message.TTL = reader.int64();
        break;
      case 4:
        message.grantedTTL = reader.int64();
        break;
      case 5:
        message.keys.push(reader.bytes());
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeLeaseLeasesRequest(message: Init<typeof LeaseLeasesRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.LeaseLeasesRequest") : 0;
  sizes.push(size);
  return size;
}

export function writeLeaseLeasesRequest(message: Init<typeof LeaseLeasesRequestSchema>, writer: Writer): void {
  if (message.$unknown) writer.unknown(message, "etcdserverpb.LeaseLeasesRequest");
}

export function readLeaseLeasesRequest(
  reader: Reader,
  end: number,
  message: LeaseLeasesRequest = { $typeName: "etcdserverpb.LeaseLeasesRequest" },
): LeaseLeasesRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    reader.unknown(message, tag);
  }
  reader.leave();
  return message;
}

export function sizeLeaseStatus(message: Init<typeof LeaseStatusSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.LeaseStatus") : 0;
  if (message.ID) size += 1 + int64Size(message.ID);
  sizes.push(size);
  return size;
}

export function writeLeaseStatus(message: Init<typeof LeaseStatusSchema>, writer: Writer): void {
  if (message.ID) writer.int64(8, message.ID);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.LeaseStatus");
}

export function readLeaseStatus(
  reader: Reader,
  end: number,
  message: LeaseStatus = { $typeName: "etcdserverpb.LeaseStatus", ID: 0n },
): LeaseStatus {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.ID = reader.int64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeLeaseLeasesResponse(message: Init<typeof LeaseLeasesResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.LeaseLeasesResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  if (message.leases) {
    for (const item of message.leases) {
      size += 1 + delimitedSize(sizeLeaseStatus(item, sizes));
    }
  }
  sizes[place] = size;
  return size;
}

export function writeLeaseLeasesResponse(message: Init<typeof LeaseLeasesResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.leases) {
    for (const item of message.leases) {
      writer.nested(18);
      writeLeaseStatus(item, writer);
    }
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.LeaseLeasesResponse");
}

export function readLeaseLeasesResponse(
  reader: Reader,
  end: number,
  message: LeaseLeasesResponse = { $typeName: "etcdserverpb.LeaseLeasesResponse", leases: [] },
): LeaseLeasesResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.header = readResponseHeader(reader, reader.nested(), message.header);
        break;
      case 2:
        message.leases.push(readLeaseStatus(reader, reader.nested()));
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeMember(message: Init<typeof MemberSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.Member") : 0;
  if (message.ID) size += 1 + uint64Size(message.ID);
  if (message.name) size += 1 + textSize(message.name);
  if (message.peerURLs) {
    for (const item of message.peerURLs) {
      size += 1 + textSize(item);
    }
  }
  if (message.clientURLs) {
    for (const item of message.clientURLs) {
      size += 1 + textSize(item);
    }
  }
  if (message.isLearner) size += 1 + 1;
  sizes.push(size);
  return size;
}

export function writeMember(message: Init<typeof MemberSchema>, writer: Writer): void {
  if (message.ID) writer.uint64(8, message.ID);
  if (message.name) writer.text(18, message.name);
  if (message.peerURLs) {
    for (const item of message.peerURLs) {
      writer.text(26, item);
    }
  }
  if (message.clientURLs) {
    for (const item of message.clientURLs) {
      writer.text(34, item);
    }
  }
  if (message.isLearner) writer.bool(40, message.isLearner);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.Member");
}

export function readMember(
  reader: Reader,
  end: number,
  message: Member = {
    $typeName: "etcdserverpb.Member",
    ID: 0n,
    name: "",
    peerURLs: [],
    clientURLs: [],
    isLearner: false,
  },
): Member {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.ID = reader.uint64();
        break;
      case 2:
        message.name = reader.text();
        break;
      case 3:
        message.peerURLs.push(reader.text());
        break;
      case 4:
        message.clientURLs.push(reader.text());
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

export function sizeMemberAddRequest(message: Init<typeof MemberAddRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.MemberAddRequest") : 0;
  if (message.peerURLs) {
    for (const item of message.peerURLs) {
      size += 1 + textSize(item);
    }
  }
  if (message.isLearner) size += 1 + 1;
  sizes.push(size);
  return size;
}

export function writeMemberAddRequest(message: Init<typeof MemberAddRequestSchema>, writer: Writer): void {
  if (message.peerURLs) {
    for (const item of message.peerURLs) {
      writer.text(10, item);
    }
  }
  if (message.isLearner) writer.bool(16, message.isLearner);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.MemberAddRequest");
}

export function readMemberAddRequest(
  reader: Reader,
  end: number,
  message: MemberAddRequest = { $typeName: "etcdserverpb.MemberAddRequest", peerURLs: [], isLearner: false },
): MemberAddRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.peerURLs.push(reader.text());
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

export function sizeMemberAddResponse(message: Init<typeof MemberAddResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.MemberAddResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  if (message.member) {
    size += 1 + delimitedSize(sizeMember(message.member, sizes));
  }
  if (message.members) {
    for (const item of message.members) {
      size += 1 + delimitedSize(sizeMember(item, sizes));
    }
  }
  sizes[place] = size;
  return size;
}

export function writeMemberAddResponse(message: Init<typeof MemberAddResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.member) {
    writer.nested(18);
    writeMember(message.member, writer);
  }
  if (message.members) {
    for (const item of message.members) {
      writer.nested(26);
      writeMember(item, writer);
    }
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.MemberAddResponse");
}

export function readMemberAddResponse(
  reader: Reader,
  end: number,
  message: MemberAddResponse = { $typeName: "etcdserverpb.MemberAddResponse", members: [] },
): MemberAddResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.header = readResponseHeader(reader, reader.nested(), message.header);
        break;
      case 2:
        message.member = readMember(reader, reader.nested(), message.member);
        break;
      case 3:
        message.members.push(readMember(reader, reader.nested()));
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeMemberRemoveRequest(message: Init<typeof MemberRemoveRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.MemberRemoveRequest") : 0;
  if (message.ID) size += 1 + uint64Size(message.ID);
  sizes.push(size);
  return size;
}

export function writeMemberRemoveRequest(message: Init<typeof MemberRemoveRequestSchema>, writer: Writer): void {
  if (message.ID) writer.uint64(8, message.ID);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.MemberRemoveRequest");
}

export function readMemberRemoveRequest(
  reader: Reader,
  end: number,
  message: MemberRemoveRequest = { $typeName: "etcdserverpb.MemberRemoveRequest", ID: 0n },
): MemberRemoveRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.ID = reader.uint64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeMemberRemoveResponse(message: Init<typeof MemberRemoveResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.MemberRemoveResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  if (message.members) {
    for (const item of message.members) {
      size += 1 + delimitedSize(sizeMember(item, sizes));
    }
  }
  sizes[place] = size;
  return size;
}

export function writeMemberRemoveResponse(message: Init<typeof MemberRemoveResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.members) {
    for (const item of message.members) {
      writer.nested(18);
      writeMember(item, writer);
    }
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.MemberRemoveResponse");
}

export function readMemberRemoveResponse(
  reader: Reader,
  end: number,
  message: MemberRemoveResponse = { $typeName: "etcdserverpb.MemberRemoveResponse", members: [] },
): MemberRemoveResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.header = readResponseHeader(reader, reader.nested(), message.header);
        break;
      case 2:
        message.members.push(readMember(reader, reader.nested()));
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeMemberUpdateRequest(message: Init<typeof MemberUpdateRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.MemberUpdateRequest") : 0;
  if (message.ID) size += 1 + uint64Size(message.ID);
  if (message.peerURLs) {
    for (const item of message.peerURLs) {
      size += 1 + textSize(item);
    }
  }
  sizes.push(size);
  return size;
}

export function writeMemberUpdateRequest(message: Init<typeof MemberUpdateRequestSchema>, writer: Writer): void {
  if (message.ID) writer.uint64(8, message.ID);
  if (message.peerURLs) {
    for (const item of message.peerURLs) {
      writer.text(18, item);
    }
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.MemberUpdateRequest");
}

export function readMemberUpdateRequest(
  reader: Reader,
  end: number,
  message: MemberUpdateRequest = { $typeName: "etcdserverpb.MemberUpdateRequest", ID: 0n, peerURLs: [] },
): MemberUpdateRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.ID = reader.uint64();
        break;
      case 2:
        message.peerURLs.push(reader.text());
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeMemberUpdateResponse(message: Init<typeof MemberUpdateResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.MemberUpdateResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  if (message.members) {
    for (const item of message.members) {
      size += 1 + delimitedSize(sizeMember(item, sizes));
    }
  }
  sizes[place] = size;
  return size;
}

export function writeMemberUpdateResponse(message: Init<typeof MemberUpdateResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.members) {
    for (const item of message.members) {
      writer.nested(18);
      writeMember(item, writer);
    }
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.MemberUpdateResponse");
}

export function readMemberUpdateResponse(
  reader: Reader,
  end: number,
  message: MemberUpdateResponse = { $typeName: "etcdserverpb.MemberUpdateResponse", members: [] },
): MemberUpdateResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.header = readResponseHeader(reader, reader.nested(), message.header);
        break;
      case 2:
        message.members.push(readMember(reader, reader.nested()));
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeMemberListRequest(message: Init<typeof MemberListRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.MemberListRequest") : 0;
  if (message.linearizable) size += 1 + 1;
  sizes.push(size);
  return size;
}

export function writeMemberListRequest(message: Init<typeof MemberListRequestSchema>, writer: Writer): void {
  if (message.linearizable) writer.bool(8, message.linearizable);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.MemberListRequest");
}

export function readMemberListRequest(
  reader: Reader,
  end: number,
  message: MemberListRequest = { $typeName: "etcdserverpb.MemberListRequest", linearizable: false },
): MemberListRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.linearizable = reader.bool();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeMemberListResponse(message: Init<typeof MemberListResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.MemberListResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  if (message.members) {
    for (const item of message.members) {
      size += 1 + delimitedSize(sizeMember(item, sizes));
    }
  }
  sizes[place] = size;
  return size;
}

export function writeMemberListResponse(message: Init<typeof MemberListResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.members) {
    for (const item of message.members) {
      writer.nested(18);
      writeMember(item, writer);
    }
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.MemberListResponse");
}

export function readMemberListResponse(
  reader: Reader,
  end: number,
  message: MemberListResponse = { $typeName: "etcdserverpb.MemberListResponse", members: [] },
): MemberListResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.header = readResponseHeader(reader, reader.nested(), message.header);
        break;
      case 2:
        message.members.push(readMember(reader, reader.nested()));
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeMemberPromoteRequest(message: Init<typeof MemberPromoteRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.MemberPromoteRequest") : 0;
  if (message.ID) size += 1 + uint64Size(message.ID);
  sizes.push(size);
  return size;
}

export function writeMemberPromoteRequest(message: Init<typeof MemberPromoteRequestSchema>, writer: Writer): void {
  if (message.ID) writer.uint64(8, message.ID);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.MemberPromoteRequest");
}

export function readMemberPromoteRequest(
  reader: Reader,
  end: number,
  message: MemberPromoteRequest = { $typeName: "etcdserverpb.MemberPromoteRequest", ID: 0n },
): MemberPromoteRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.ID = reader.uint64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeMemberPromoteResponse(message: Init<typeof MemberPromoteResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.MemberPromoteResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  if (message.members) {
    for (const item of message.members) {
      size += 1 + delimitedSize(sizeMember(item, sizes));
    }
  }
  sizes[place] = size;
  return size;
}

export function writeMemberPromoteResponse(message: Init<typeof MemberPromoteResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.members) {
    for (const item of message.members) {
      writer.nested(18);
      writeMember(item, writer);
    }
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.MemberPromoteResponse");
}

export function readMemberPromoteResponse(
  reader: Reader,
  end: number,
  message: MemberPromoteResponse = { $typeName: "etcdserverpb.MemberPromoteResponse", members: [] },
): MemberPromoteResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.header = readResponseHeader(reader, reader.nested(), message.header);
        break;
      case 2:
        message.members.push(readMember(reader, reader.nested()));
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeDefragmentRequest(message: Init<typeof DefragmentRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.DefragmentRequest") : 0;
  sizes.push(size);
  return size;
}

export function writeDefragmentRequest(message: Init<typeof DefragmentRequestSchema>, writer: Writer): void {
  if (message.$unknown) writer.unknown(message, "etcdserverpb.DefragmentRequest");
}

export function readDefragmentRequest(
  reader: Reader,
  end: number,
  message: DefragmentRequest = { $typeName: "etcdserverpb.DefragmentRequest" },
): DefragmentRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    reader.unknown(message, tag);
  }
  reader.leave();
  return message;
}

export function sizeDefragmentResponse(message: Init<typeof DefragmentResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.DefragmentResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  sizes[place] = size;
  return size;
}

export function writeDefragmentResponse(message: Init<typeof DefragmentResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.DefragmentResponse");
}

export function readDefragmentResponse(
  reader: Reader,
  end: number,
  message: DefragmentResponse = { $typeName: "etcdserverpb.DefragmentResponse" },
): DefragmentResponse {
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

export function sizeMoveLeaderRequest(message: Init<typeof MoveLeaderRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.MoveLeaderRequest") : 0;
  if (message.targetID) size += 1 + uint64Size(message.targetID);
  sizes.push(size);
  return size;
}

export function writeMoveLeaderRequest(message: Init<typeof MoveLeaderRequestSchema>, writer: Writer): void {
  if (message.targetID) writer.uint64(8, message.targetID);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.MoveLeaderRequest");
}

export function readMoveLeaderRequest(
  reader: Reader,
  end: number,
  message: MoveLeaderRequest = { $typeName: "etcdserverpb.MoveLeaderRequest", targetID: 0n },
): MoveLeaderRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.targetID = reader.uint64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeMoveLeaderResponse(message: Init<typeof MoveLeaderResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.MoveLeaderResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  sizes[place] = size;
  return size;
}

export function writeMoveLeaderResponse(message: Init<typeof MoveLeaderResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.MoveLeaderResponse");
}

export function readMoveLeaderResponse(
  reader: Reader,
  end: number,
  message: MoveLeaderResponse = { $typeName: "etcdserverpb.MoveLeaderResponse" },
): MoveLeaderResponse {
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

export function sizeAlarmRequest(message: Init<typeof AlarmRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AlarmRequest") : 0;
  if (message.action) size += 1 + int32Size(message.action);
  if (message.memberID) size += 1 + uint64Size(message.memberID);
  if (message.alarm) size += 1 + int32Size(message.alarm);
  sizes.push(size);
  return size;
}

export function writeAlarmRequest(message: Init<typeof AlarmRequestSchema>, writer: Writer): void {
  if (message.action) writer.int32(8, message.action);
  if (message.memberID) writer.uint64(16, message.memberID);
  if (message.alarm) writer.int32(24, message.alarm);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AlarmRequest");
}

export function readAlarmRequest(
  reader: Reader,
  end: number,
  message: AlarmRequest = { $typeName: "etcdserverpb.AlarmRequest", action: 0, memberID: 0n, alarm: 0 },
): AlarmRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.action = reader.int32();
        break;
      case 2:
        message.memberID = reader.uint64();
        break;
      case 3:
        message.alarm = reader.int32();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeAlarmMember(message: Init<typeof AlarmMemberSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AlarmMember") : 0;
  if (message.memberID) size += 1 + uint64Size(message.memberID);
  if (message.alarm) size += 1 + int32Size(message.alarm);
  sizes.push(size);
  return size;
}

export function writeAlarmMember(message: Init<typeof AlarmMemberSchema>, writer: Writer): void {
  if (message.memberID) writer.uint64(8, message.memberID);
  if (message.alarm) writer.int32(16, message.alarm);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AlarmMember");
}

export function readAlarmMember(
  reader: Reader,
  end: number,
  message: AlarmMember = { $typeName: "etcdserverpb.AlarmMember", memberID: 0n, alarm: 0 },
): AlarmMember {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.memberID = reader.uint64();
        break;
      case 2:
        message.alarm = reader.int32();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeAlarmResponse(message: Init<typeof AlarmResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AlarmResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  if (message.alarms) {
    for (const item of message.alarms) {
      size += 1 + delimitedSize(sizeAlarmMember(item, sizes));
    }
  }
  sizes[place] = size;
  return size;
}

export function writeAlarmResponse(message: Init<typeof AlarmResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.alarms) {
    for (const item of message.alarms) {
      writer.nested(18);
      writeAlarmMember(item, writer);
    }
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AlarmResponse");
}

export function readAlarmResponse(
  reader: Reader,
  end: number,
  message: AlarmResponse = { $typeName: "etcdserverpb.AlarmResponse", alarms: [] },
): AlarmResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.header = readResponseHeader(reader, reader.nested(), message.header);
        break;
      case 2:
        message.alarms.push(readAlarmMember(reader, reader.nested()));
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeDowngradeRequest(message: Init<typeof DowngradeRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.DowngradeRequest") : 0;
  if (message.action) size += 1 + int32Size(message.action);
  if (message.version) size += 1 + textSize(message.version);
  sizes.push(size);
  return size;
}

export function writeDowngradeRequest(message: Init<typeof DowngradeRequestSchema>, writer: Writer): void {
  if (message.action) writer.int32(8, message.action);
  if (message.version) writer.text(18, message.version);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.DowngradeRequest");
}

export function readDowngradeRequest(
  reader: Reader,
  end: number,
  message: DowngradeRequest = { $typeName: "etcdserverpb.DowngradeRequest", action: 0, version: "" },
): DowngradeRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.action = reader.int32();
        break;
      case 2:
        message.version = reader.text();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeDowngradeResponse(message: Init<typeof DowngradeResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.DowngradeResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  if (message.version) size += 1 + textSize(message.version);
  sizes[place] = size;
  return size;
}

export function writeDowngradeResponse(message: Init<typeof DowngradeResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.version) writer.text(18, message.version);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.DowngradeResponse");
}

export function readDowngradeResponse(
  reader: Reader,
  end: number,
  message: DowngradeResponse = { $typeName: "etcdserverpb.DowngradeResponse", version: "" },
): DowngradeResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.header = readResponseHeader(reader, reader.nested(), message.header);
        break;
      case 2:
        message.version = reader.text();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeDowngradeVersionTestRequest(
  message: Init<typeof DowngradeVersionTestRequestSchema>,
  sizes: number[],
): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.DowngradeVersionTestRequest") : 0;
  if (message.ver) size += 1 + textSize(message.ver);
  sizes.push(size);
  return size;
}

export function writeDowngradeVersionTestRequest(
  message: Init<typeof DowngradeVersionTestRequestSchema>,
  writer: Writer,
): void {
  if (message.ver) writer.text(10, message.ver);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.DowngradeVersionTestRequest");
}

export function readDowngradeVersionTestRequest(
  reader: Reader,
  end: number,
  message: DowngradeVersionTestRequest = { $typeName: "etcdserverpb.DowngradeVersionTestRequest", ver: "" },
): DowngradeVersionTestRequest {
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

export function sizeStatusRequest(message: Init<typeof StatusRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.StatusRequest") : 0;
  sizes.push(size);
  return size;
}

export function writeStatusRequest(message: Init<typeof StatusRequestSchema>, writer: Writer): void {
  if (message.$unknown) writer.unknown(message, "etcdserverpb.StatusRequest");
}

export function readStatusRequest(
  reader: Reader,
  end: number,
  message: StatusRequest = { $typeName: "etcdserverpb.StatusRequest" },
): StatusRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    reader.unknown(message, tag);
  }
  reader.leave();
  return message;
}

export function sizeStatusResponse(message: Init<typeof StatusResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.StatusResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  if (message.version) size += 1 + textSize(message.version);
  if (message.dbSize) size += 1 + int64Size(message.dbSize);
  if (message.leader) size += 1 + uint64Size(message.leader);
  if (message.raftIndex) size += 1 + uint64Size(message.raftIndex);
  if (message.raftTerm) size += 1 + uint64Size(message.raftTerm);
  if (message.raftAppliedIndex) size += 1 + uint64Size(message.raftAppliedIndex);
  if (message.errors) {
    for (const item of message.errors) {
      size += 1 + textSize(item);
    }
  }
  if (message.dbSizeInUse) size += 1 + int64Size(message.dbSizeInUse);
  if (message.isLearner) size += 1 + 1;
  if (message.storageVersion) size += 1 + textSize(message.storageVersion);
  if (message.dbSizeQuota) size += 1 + int64Size(message.dbSizeQuota);
  if (message.downgradeInfo) {
    size += 1 + delimitedSize(sizeDowngradeInfo(message.downgradeInfo, sizes));
  }
  sizes[place] = size;
  return size;
}

export function writeStatusResponse(message: Init<typeof StatusResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.version) writer.text(18, message.version);
  if (message.dbSize) writer.int64(24, message.dbSize);
  if (message.leader) writer.uint64(32, message.leader);
  if (message.raftIndex) writer.uint64(40, message.raftIndex);
  if (message.raftTerm) writer.uint64(48, message.raftTerm);
  if (message.raftAppliedIndex) writer.uint64(56, message.raftAppliedIndex);
  if (message.errors) {
    for (const item of message.errors) {
      writer.text(66, item);
    }
  }
  if (message.dbSizeInUse) writer.int64(72, message.dbSizeInUse);
  if (message.isLearner) writer.bool(80, message.isLearner);
  if (message.storageVersion) writer.text(90, message.storageVersion);
  if (message.dbSizeQuota) writer.int64(96, message.dbSizeQuota);
  if (message.downgradeInfo) {
    writer.nested(106);
    writeDowngradeInfo(message.downgradeInfo, writer);
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.StatusResponse");
}

export function readStatusResponse(
  reader: Reader,
  end: number,
  message: StatusResponse = {
    $typeName: "etcdserverpb.StatusResponse",
    version: "",
    dbSize: 0n,
    leader: 0n,
    raftIndex: 0n,
    raftTerm: 0n,
    raftAppliedIndex: 0n,
    errors: [],
    dbSizeInUse: 0n,
    isLearner: false,
    storageVersion: "",
    dbSizeQuota: 0n,
  },
): StatusResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.header = readResponseHeader(reader, reader.nested(), message.header);
        break;
      case 2:
        message.version = reader.text();
        break;
      case 3:
        message.dbSize = reader.int64();
        break;
      case 4:
        message.leader = reader.uint64();
        break;
      case 5:
        message.raftIndex = reader.uint64();
        break;
      case 6:
        message.raftTerm = reader.uint64();
        break;
      case 7:
        message.raftAppliedIndex = reader.uint64();
        break;
      case 8:
        message.errors.push(reader.text());
        break;
      case 9:
        message.dbSizeInUse = reader.int64();
        break;
      case 10:
        message.isLearner = reader.bool();
        break;
      case 11:
        message.storageVersion = reader.text();
        break;
      case 12:
        message.dbSizeQuota = reader.int64();
        break;
      case 13:
        message.downgradeInfo = readDowngradeInfo(reader, reader.nested(), message.downgradeInfo);
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeDowngradeInfo(message: Init<typeof DowngradeInfoSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.DowngradeInfo") : 0;
  if (message.enabled) size += 1 + 1;
  if (message.targetVersion) size += 1 + textSize(message.targetVersion);
  sizes.push(size);
  return size;
}

export function writeDowngradeInfo(message: Init<typeof DowngradeInfoSchema>, writer: Writer): void {
  if (message.enabled) writer.bool(8, message.enabled);
  if (message.targetVersion) writer.text(18, message.targetVersion);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.DowngradeInfo");
}

export function readDowngradeInfo(
  reader: Reader,
  end: number,
  message: DowngradeInfo = { $typeName: "etcdserverpb.DowngradeInfo", enabled: false, targetVersion: "" },
): DowngradeInfo {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.enabled = reader.bool();
        break;
      case 2:
        message.targetVersion = reader.text();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeAuthEnableRequest(message: Init<typeof AuthEnableRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthEnableRequest") : 0;
  sizes.push(size);
  return size;
}

export function writeAuthEnableRequest(message: Init<typeof AuthEnableRequestSchema>, writer: Writer): void {
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthEnableRequest");
}

export function readAuthEnableRequest(
  reader: Reader,
  end: number,
  message: AuthEnableRequest = { $typeName: "etcdserverpb.AuthEnableRequest" },
): AuthEnableRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    reader.unknown(message, tag);
  }
  reader.leave();
  return message;
}

export function sizeAuthDisableRequest(message: Init<typeof AuthDisableRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthDisableRequest") : 0;
  sizes.push(size);
  return size;
}

export function writeAuthDisableRequest(message: Init<typeof AuthDisableRequestSchema>, writer: Writer): void {
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthDisableRequest");
}

export function readAuthDisableRequest(
  reader: Reader,
  end: number,
  message: AuthDisableRequest = { $typeName: "etcdserverpb.AuthDisableRequest" },
): AuthDisableRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    reader.unknown(message, tag);
  }
  reader.leave();
  return message;
}

export function sizeAuthStatusRequest(message: Init<typeof AuthStatusRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthStatusRequest") : 0;
  sizes.push(size);
  return size;
}

export function writeAuthStatusRequest(message: Init<typeof AuthStatusRequestSchema>, writer: Writer): void {
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthStatusRequest");
}

export function readAuthStatusRequest(
  reader: Reader,
  end: number,
  message: AuthStatusRequest = { $typeName: "etcdserverpb.AuthStatusRequest" },
): AuthStatusRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    reader.unknown(message, tag);
  }
  reader.leave();
  return message;
}

export function sizeAuthenticateRequest(message: Init<typeof AuthenticateRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthenticateRequest") : 0;
  if (message.name) size += 1 + textSize(message.name);
  if (message.password) size += 1 + textSize(message.password);
  sizes.push(size);
  return size;
}

export function writeAuthenticateRequest(message: Init<typeof AuthenticateRequestSchema>, writer: Writer): void {
  if (message.name) writer.text(10, message.name);
  if (message.password) writer.text(18, message.password);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthenticateRequest");
}

export function readAuthenticateRequest(
  reader: Reader,
  end: number,
  message: AuthenticateRequest = { $typeName: "etcdserverpb.AuthenticateRequest", name: "", password: "" },
): AuthenticateRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.name = reader.text();
        break;
      case 2:
        message.password = reader.text();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeAuthUserAddRequest(message: Init<typeof AuthUserAddRequestSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthUserAddRequest") : 0;
  if (message.name) size += 1 + textSize(message.name);
  if (message.password) size += 1 + textSize(message.password);
  if (message.options) {
    size += 1 + delimitedSize(sizeUserAddOptions(message.options, sizes));
  }
  if (message.hashedPassword) size += 1 + textSize(message.hashedPassword);
  sizes[place] = size;
  return size;
}

export function writeAuthUserAddRequest(message: Init<typeof AuthUserAddRequestSchema>, writer: Writer): void {
  if (message.name) writer.text(10, message.name);
  if (message.password) writer.text(18, message.password);
  if (message.options) {
    writer.nested(26);
    writeUserAddOptions(message.options, writer);
  }
  if (message.hashedPassword) writer.text(34, message.hashedPassword);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthUserAddRequest");
}

export function readAuthUserAddRequest(
  reader: Reader,
  end: number,
  message: AuthUserAddRequest = {
    $typeName: "etcdserverpb.AuthUserAddRequest",
    name: "",
    password: "",
    hashedPassword: "",
  },
): AuthUserAddRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.name = reader.text();
        break;
      case 2:
        message.password = reader.text();
        break;
      case 3:
        message.options = readUserAddOptions(reader, reader.nested(), message.options);
        break;
      case 4:
        message.hashedPassword = reader.text();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeAuthUserGetRequest(message: Init<typeof AuthUserGetRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthUserGetRequest") : 0;
  if (message.name) size += 1 + textSize(message.name);
  sizes.push(size);
  return size;
}

export function writeAuthUserGetRequest(message: Init<typeof AuthUserGetRequestSchema>, writer: Writer): void {
  if (message.name) writer.text(10, message.name);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthUserGetRequest");
}

export function readAuthUserGetRequest(
  reader: Reader,
  end: number,
  message: AuthUserGetRequest = { $typeName: "etcdserverpb.AuthUserGetRequest", name: "" },
): AuthUserGetRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.name = reader.text();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeAuthUserDeleteRequest(message: Init<typeof AuthUserDeleteRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthUserDeleteRequest") : 0;
  if (message.name) size += 1 + textSize(message.name);
  sizes.push(size);
  return size;
}

export function writeAuthUserDeleteRequest(message: Init<typeof AuthUserDeleteRequestSchema>, writer: Writer): void {
  if (message.name) writer.text(10, message.name);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthUserDeleteRequest");
}

export function readAuthUserDeleteRequest(
  reader: Reader,
  end: number,
  message: AuthUserDeleteRequest = { $typeName: "etcdserverpb.AuthUserDeleteRequest", name: "" },
): AuthUserDeleteRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.name = reader.text();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeAuthUserChangePasswordRequest(
  message: Init<typeof AuthUserChangePasswordRequestSchema>,
  sizes: number[],
): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthUserChangePasswordRequest") : 0;
  if (message.name) size += 1 + textSize(message.name);
  if (message.password) size += 1 + textSize(message.password);
  if (message.hashedPassword) size += 1 + textSize(message.hashedPassword);
  sizes.push(size);
  return size;
}

export function writeAuthUserChangePasswordRequest(
  message: Init<typeof AuthUserChangePasswordRequestSchema>,
  writer: Writer,
): void {
  if (message.name) writer.text(10, message.name);
  if (message.password) writer.text(18, message.password);
  if (message.hashedPassword) writer.text(26, message.hashedPassword);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthUserChangePasswordRequest");
}

export function readAuthUserChangePasswordRequest(
  reader: Reader,
  end: number,
  message: AuthUserChangePasswordRequest = {
    $typeName: "etcdserverpb.AuthUserChangePasswordRequest",
    name: "",
    password: "",
    hashedPassword: "",
  },
): AuthUserChangePasswordRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.name = reader.text();
        break;
      case 2:
        message.password = reader.text();
        break;
      case 3:
        message.hashedPassword = reader.text();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeAuthUserGrantRoleRequest(
  message: Init<typeof AuthUserGrantRoleRequestSchema>,
  sizes: number[],
): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthUserGrantRoleRequest") : 0;
  if (message.user) size += 1 + textSize(message.user);
  if (message.role) size += 1 + textSize(message.role);
  sizes.push(size);
  return size;
}

export function writeAuthUserGrantRoleRequest(
  message: Init<typeof AuthUserGrantRoleRequestSchema>,
  writer: Writer,
): void {
  if (message.user) writer.text(10, message.user);
  if (message.role) writer.text(18, message.role);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthUserGrantRoleRequest");
}

export function readAuthUserGrantRoleRequest(
  reader: Reader,
  end: number,
  message: AuthUserGrantRoleRequest = { $typeName: "etcdserverpb.AuthUserGrantRoleRequest", user: "", role: "" },
): AuthUserGrantRoleRequest {
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

export function sizeAuthUserRevokeRoleRequest(
  message: Init<typeof AuthUserRevokeRoleRequestSchema>,
  sizes: number[],
): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthUserRevokeRoleRequest") : 0;
  if (message.name) size += 1 + textSize(message.name);
  if (message.role) size += 1 + textSize(message.role);
  sizes.push(size);
  return size;
}

export function writeAuthUserRevokeRoleRequest(
  message: Init<typeof AuthUserRevokeRoleRequestSchema>,
  writer: Writer,
): void {
  if (message.name) writer.text(10, message.name);
  if (message.role) writer.text(18, message.role);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthUserRevokeRoleRequest");
}

export function readAuthUserRevokeRoleRequest(
  reader: Reader,
  end: number,
  message: AuthUserRevokeRoleRequest = { $typeName: "etcdserverpb.AuthUserRevokeRoleRequest", name: "", role: "" },
): AuthUserRevokeRoleRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.name = reader.text();
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

export function sizeAuthRoleAddRequest(message: Init<typeof AuthRoleAddRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthRoleAddRequest") : 0;
  if (message.name) size += 1 + textSize(message.name);
  sizes.push(size);
  return size;
}

export function writeAuthRoleAddRequest(message: Init<typeof AuthRoleAddRequestSchema>, writer: Writer): void {
  if (message.name) writer.text(10, message.name);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthRoleAddRequest");
}

export function readAuthRoleAddRequest(
  reader: Reader,
  end: number,
  message: AuthRoleAddRequest = { $typeName: "etcdserverpb.AuthRoleAddRequest", name: "" },
): AuthRoleAddRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.name = reader.text();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeAuthRoleGetRequest(message: Init<typeof AuthRoleGetRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthRoleGetRequest") : 0;
  if (message.role) size += 1 + textSize(message.role);
  sizes.push(size);
  return size;
}

export function writeAuthRoleGetRequest(message: Init<typeof AuthRoleGetRequestSchema>, writer: Writer): void {
  if (message.role) writer.text(10, message.role);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthRoleGetRequest");
}

export function readAuthRoleGetRequest(
  reader: Reader,
  end: number,
  message: AuthRoleGetRequest = { $typeName: "etcdserverpb.AuthRoleGetRequest", role: "" },
): AuthRoleGetRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.role = reader.text();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeAuthUserListRequest(message: Init<typeof AuthUserListRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthUserListRequest") : 0;
  sizes.push(size);
  return size;
}

export function writeAuthUserListRequest(message: Init<typeof AuthUserListRequestSchema>, writer: Writer): void {
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthUserListRequest");
}

export function readAuthUserListRequest(
  reader: Reader,
  end: number,
  message: AuthUserListRequest = { $typeName: "etcdserverpb.AuthUserListRequest" },
): AuthUserListRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    reader.unknown(message, tag);
  }
  reader.leave();
  return message;
}

export function sizeAuthRoleListRequest(message: Init<typeof AuthRoleListRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthRoleListRequest") : 0;
  sizes.push(size);
  return size;
}

export function writeAuthRoleListRequest(message: Init<typeof AuthRoleListRequestSchema>, writer: Writer): void {
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthRoleListRequest");
}

export function readAuthRoleListRequest(
  reader: Reader,
  end: number,
  message: AuthRoleListRequest = { $typeName: "etcdserverpb.AuthRoleListRequest" },
): AuthRoleListRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    reader.unknown(message, tag);
  }
  reader.leave();
  return message;
}

export function sizeAuthRoleDeleteRequest(message: Init<typeof AuthRoleDeleteRequestSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthRoleDeleteRequest") : 0;
  if (message.role) size += 1 + textSize(message.role);
  sizes.push(size);
  return size;
}

export function writeAuthRoleDeleteRequest(message: Init<typeof AuthRoleDeleteRequestSchema>, writer: Writer): void {
  if (message.role) writer.text(10, message.role);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthRoleDeleteRequest");
}

export function readAuthRoleDeleteRequest(
  reader: Reader,
  end: number,
  message: AuthRoleDeleteRequest = { $typeName: "etcdserverpb.AuthRoleDeleteRequest", role: "" },
): AuthRoleDeleteRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.role = reader.text();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeAuthRoleGrantPermissionRequest(
  message: Init<typeof AuthRoleGrantPermissionRequestSchema>,
  sizes: number[],
): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthRoleGrantPermissionRequest") : 0;
  if (message.name) size += 1 + textSize(message.name);
  if (message.perm) {
    size += 1 + delimitedSize(sizePermission(message.perm, sizes));
  }
  sizes[place] = size;
  return size;
}

export function writeAuthRoleGrantPermissionRequest(
  message: Init<typeof AuthRoleGrantPermissionRequestSchema>,
  writer: Writer,
): void {
  if (message.name) writer.text(10, message.name);
  if (message.perm) {
    writer.nested(18);
    writePermission(message.perm, writer);
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthRoleGrantPermissionRequest");
}

export function readAuthRoleGrantPermissionRequest(
  reader: Reader,
  end: number,
  message: AuthRoleGrantPermissionRequest = { $typeName: "etcdserverpb.AuthRoleGrantPermissionRequest", name: "" },
): AuthRoleGrantPermissionRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.name = reader.text();
        break;
      case 2:
        message.perm = readPermission(reader, reader.nested(), message.perm);
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeAuthRoleRevokePermissionRequest(
  message: Init<typeof AuthRoleRevokePermissionRequestSchema>,
  sizes: number[],
): number {
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthRoleRevokePermissionRequest") : 0;
  if (message.role) size += 1 + textSize(message.role);
  if (message.key?.length) size += 1 + bytesSize(message.key);
  if (message.rangeEnd?.length) size += 1 + bytesSize(message.rangeEnd);
  sizes.push(size);
  return size;
}

export function writeAuthRoleRevokePermissionRequest(
  message: Init<typeof AuthRoleRevokePermissionRequestSchema>,
  writer: Writer,
): void {
  if (message.role) writer.text(10, message.role);
  if (message.key?.length) writer.bytes(18, message.key);
  if (message.rangeEnd?.length) writer.bytes(26, message.rangeEnd);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthRoleRevokePermissionRequest");
}

export function readAuthRoleRevokePermissionRequest(
  reader: Reader,
  end: number,
  message: AuthRoleRevokePermissionRequest = {
    $typeName: "etcdserverpb.AuthRoleRevokePermissionRequest",
    role: "",
    key: EMPTY_BYTES,
    rangeEnd: EMPTY_BYTES,
  },
): AuthRoleRevokePermissionRequest {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.role = reader.text();
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

export function sizeAuthEnableResponse(message: Init<typeof AuthEnableResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthEnableResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  sizes[place] = size;
  return size;
}

export function writeAuthEnableResponse(message: Init<typeof AuthEnableResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthEnableResponse");
}

export function readAuthEnableResponse(
  reader: Reader,
  end: number,
  message: AuthEnableResponse = { $typeName: "etcdserverpb.AuthEnableResponse" },
): AuthEnableResponse {
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

export function sizeAuthDisableResponse(message: Init<typeof AuthDisableResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthDisableResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  sizes[place] = size;
  return size;
}

export function writeAuthDisableResponse(message: Init<typeof AuthDisableResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthDisableResponse");
}

export function readAuthDisableResponse(
  reader: Reader,
  end: number,
  message: AuthDisableResponse = { $typeName: "etcdserverpb.AuthDisableResponse" },
): AuthDisableResponse {
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

export function sizeAuthStatusResponse(message: Init<typeof AuthStatusResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthStatusResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  if (message.enabled) size += 1 + 1;
  if (message.authRevision) size += 1 + uint64Size(message.authRevision);
  sizes[place] = size;
  return size;
}

export function writeAuthStatusResponse(message: Init<typeof AuthStatusResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.enabled) writer.bool(16, message.enabled);
  if (message.authRevision) writer.uint64(24, message.authRevision);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthStatusResponse");
}

export function readAuthStatusResponse(
  reader: Reader,
  end: number,
  message: AuthStatusResponse = { $typeName: "etcdserverpb.AuthStatusResponse", enabled: false, authRevision: 0n },
): AuthStatusResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.header = readResponseHeader(reader, reader.nested(), message.header);
        break;
      case 2:
        message.enabled = reader.bool();
        break;
      case 3:
        message.authRevision = reader.uint64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeAuthenticateResponse(message: Init<typeof AuthenticateResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthenticateResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  if (message.token) size += 1 + textSize(message.token);
  sizes[place] = size;
  return size;
}

export function writeAuthenticateResponse(message: Init<typeof AuthenticateResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.token) writer.text(18, message.token);
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthenticateResponse");
}

export function readAuthenticateResponse(
  reader: Reader,
  end: number,
  message: AuthenticateResponse = { $typeName: "etcdserverpb.AuthenticateResponse", token: "" },
): AuthenticateResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.header = readResponseHeader(reader, reader.nested(), message.header);
        break;
      case 2:
        message.token = reader.text();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeAuthUserAddResponse(message: Init<typeof AuthUserAddResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthUserAddResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  sizes[place] = size;
  return size;
}

export function writeAuthUserAddResponse(message: Init<typeof AuthUserAddResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthUserAddResponse");
}

export function readAuthUserAddResponse(
  reader: Reader,
  end: number,
  message: AuthUserAddResponse = { $typeName: "etcdserverpb.AuthUserAddResponse" },
): AuthUserAddResponse {
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

export function sizeAuthUserGetResponse(message: Init<typeof AuthUserGetResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthUserGetResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  if (message.roles) {
    for (const item of message.roles) {
      size += 1 + textSize(item);
    }
  }
  sizes[place] = size;
  return size;
}

export function writeAuthUserGetResponse(message: Init<typeof AuthUserGetResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.roles) {
    for (const item of message.roles) {
      writer.text(18, item);
    }
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthUserGetResponse");
}

export function readAuthUserGetResponse(
  reader: Reader,
  end: number,
  message: AuthUserGetResponse = { $typeName: "etcdserverpb.AuthUserGetResponse", roles: [] },
): AuthUserGetResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.header = readResponseHeader(reader, reader.nested(), message.header);
        break;
      case 2:
        message.roles.push(reader.text());
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeAuthUserDeleteResponse(
  message: Init<typeof AuthUserDeleteResponseSchema>,
  sizes: number[],
): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthUserDeleteResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  sizes[place] = size;
  return size;
}

export function writeAuthUserDeleteResponse(message: Init<typeof AuthUserDeleteResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthUserDeleteResponse");
}

export function readAuthUserDeleteResponse(
  reader: Reader,
  end: number,
  message: AuthUserDeleteResponse = { $typeName: "etcdserverpb.AuthUserDeleteResponse" },
): AuthUserDeleteResponse {
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

export function sizeAuthUserChangePasswordResponse(
  message: Init<typeof AuthUserChangePasswordResponseSchema>,
  sizes: number[],
): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthUserChangePasswordResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  sizes[place] = size;
  return size;
}

export function writeAuthUserChangePasswordResponse(
  message: Init<typeof AuthUserChangePasswordResponseSchema>,
  writer: Writer,
): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthUserChangePasswordResponse");
}

export function readAuthUserChangePasswordResponse(
  reader: Reader,
  end: number,
  message: AuthUserChangePasswordResponse = { $typeName: "etcdserverpb.AuthUserChangePasswordResponse" },
): AuthUserChangePasswordResponse {
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

export function sizeAuthUserGrantRoleResponse(
  message: Init<typeof AuthUserGrantRoleResponseSchema>,
  sizes: number[],
): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthUserGrantRoleResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  sizes[place] = size;
  return size;
}

export function writeAuthUserGrantRoleResponse(
  message: Init<typeof AuthUserGrantRoleResponseSchema>,
  writer: Writer,
): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthUserGrantRoleResponse");
}

export function readAuthUserGrantRoleResponse(
  reader: Reader,
  end: number,
  message: AuthUserGrantRoleResponse = { $typeName: "etcdserverpb.AuthUserGrantRoleResponse" },
): AuthUserGrantRoleResponse {
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

export function sizeAuthUserRevokeRoleResponse(
  message: Init<typeof AuthUserRevokeRoleResponseSchema>,
  sizes: number[],
): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthUserRevokeRoleResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  sizes[place] = size;
  return size;
}

export function writeAuthUserRevokeRoleResponse(
  message: Init<typeof AuthUserRevokeRoleResponseSchema>,
  writer: Writer,
): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthUserRevokeRoleResponse");
}

export function readAuthUserRevokeRoleResponse(
  reader: Reader,
  end: number,
  message: AuthUserRevokeRoleResponse = { $typeName: "etcdserverpb.AuthUserRevokeRoleResponse" },
): AuthUserRevokeRoleResponse {
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

export function sizeAuthRoleAddResponse(message: Init<typeof AuthRoleAddResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthRoleAddResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  sizes[place] = size;
  return size;
}

export function writeAuthRoleAddResponse(message: Init<typeof AuthRoleAddResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthRoleAddResponse");
}

export function readAuthRoleAddResponse(
  reader: Reader,
  end: number,
  message: AuthRoleAddResponse = { $typeName: "etcdserverpb.AuthRoleAddResponse" },
): AuthRoleAddResponse {
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

export function sizeAuthRoleGetResponse(message: Init<typeof AuthRoleGetResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthRoleGetResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  if (message.perm) {
    for (const item of message.perm) {
      size += 1 + delimitedSize(sizePermission(item, sizes));
    }
  }
  sizes[place] = size;
  return size;
}

export function writeAuthRoleGetResponse(message: Init<typeof AuthRoleGetResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.perm) {
    for (const item of message.perm) {
      writer.nested(18);
      writePermission(item, writer);
    }
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthRoleGetResponse");
}

export function readAuthRoleGetResponse(
  reader: Reader,
  end: number,
  message: AuthRoleGetResponse = { $typeName: "etcdserverpb.AuthRoleGetResponse", perm: [] },
): AuthRoleGetResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.header = readResponseHeader(reader, reader.nested(), message.header);
        break;
      case 2:
        message.perm.push(readPermission(reader, reader.nested()));
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeAuthRoleListResponse(message: Init<typeof AuthRoleListResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthRoleListResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  if (message.roles) {
    for (const item of message.roles) {
      size += 1 + textSize(item);
    }
  }
  sizes[place] = size;
  return size;
}

export function writeAuthRoleListResponse(message: Init<typeof AuthRoleListResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.roles) {
    for (const item of message.roles) {
      writer.text(18, item);
    }
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthRoleListResponse");
}

export function readAuthRoleListResponse(
  reader: Reader,
  end: number,
  message: AuthRoleListResponse = { $typeName: "etcdserverpb.AuthRoleListResponse", roles: [] },
): AuthRoleListResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.header = readResponseHeader(reader, reader.nested(), message.header);
        break;
      case 2:
        message.roles.push(reader.text());
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeAuthUserListResponse(message: Init<typeof AuthUserListResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthUserListResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  if (message.users) {
    for (const item of message.users) {
      size += 1 + textSize(item);
    }
  }
  sizes[place] = size;
  return size;
}

export function writeAuthUserListResponse(message: Init<typeof AuthUserListResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.users) {
    for (const item of message.users) {
      writer.text(18, item);
    }
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthUserListResponse");
}

export function readAuthUserListResponse(
  reader: Reader,
  end: number,
  message: AuthUserListResponse = { $typeName: "etcdserverpb.AuthUserListResponse", users: [] },
): AuthUserListResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.header = readResponseHeader(reader, reader.nested(), message.header);
        break;
      case 2:
        message.users.push(reader.text());
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeAuthRoleDeleteResponse(
  message: Init<typeof AuthRoleDeleteResponseSchema>,
  sizes: number[],
): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthRoleDeleteResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  sizes[place] = size;
  return size;
}

export function writeAuthRoleDeleteResponse(message: Init<typeof AuthRoleDeleteResponseSchema>, writer: Writer): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthRoleDeleteResponse");
}

export function readAuthRoleDeleteResponse(
  reader: Reader,
  end: number,
  message: AuthRoleDeleteResponse = { $typeName: "etcdserverpb.AuthRoleDeleteResponse" },
): AuthRoleDeleteResponse {
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

export function sizeAuthRoleGrantPermissionResponse(
  message: Init<typeof AuthRoleGrantPermissionResponseSchema>,
  sizes: number[],
): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthRoleGrantPermissionResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  sizes[place] = size;
  return size;
}

export function writeAuthRoleGrantPermissionResponse(
  message: Init<typeof AuthRoleGrantPermissionResponseSchema>,
  writer: Writer,
): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthRoleGrantPermissionResponse");
}

export function readAuthRoleGrantPermissionResponse(
  reader: Reader,
  end: number,
  message: AuthRoleGrantPermissionResponse = { $typeName: "etcdserverpb.AuthRoleGrantPermissionResponse" },
): AuthRoleGrantPermissionResponse {
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

export function sizeAuthRoleRevokePermissionResponse(
  message: Init<typeof AuthRoleRevokePermissionResponseSchema>,
  sizes: number[],
): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.AuthRoleRevokePermissionResponse") : 0;
  if (message.header) {
    size += 1 + delimitedSize(sizeResponseHeader(message.header, sizes));
  }
  sizes[place] = size;
  return size;
}

export function writeAuthRoleRevokePermissionResponse(
  message: Init<typeof AuthRoleRevokePermissionResponseSchema>,
  writer: Writer,
): void {
  if (message.header) {
    writer.nested(10);
    writeResponseHeader(message.header, writer);
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.AuthRoleRevokePermissionResponse");
}

export function readAuthRoleRevokePermissionResponse(
  reader: Reader,
  end: number,
  message: AuthRoleRevokePermissionResponse = { $typeName: "etcdserverpb.AuthRoleRevokePermissionResponse" },
): AuthRoleRevokePermissionResponse {
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

export function sizeRangeStreamResponse(message: Init<typeof RangeStreamResponseSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "etcdserverpb.RangeStreamResponse") : 0;
  if (message.rangeResponse) {
    size += 1 + delimitedSize(sizeRangeResponse(message.rangeResponse, sizes));
  }
  sizes[place] = size;
  return size;
}

export function writeRangeStreamResponse(message: Init<typeof RangeStreamResponseSchema>, writer: Writer): void {
  if (message.rangeResponse) {
    writer.nested(10);
    writeRangeResponse(message.rangeResponse, writer);
  }
  if (message.$unknown) writer.unknown(message, "etcdserverpb.RangeStreamResponse");
}

export function readRangeStreamResponse(
  reader: Reader,
  end: number,
  message: RangeStreamResponse = { $typeName: "etcdserverpb.RangeStreamResponse" },
): RangeStreamResponse {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.rangeResponse = readRangeResponse(reader, reader.nested(), message.rangeResponse);
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export const codecs: readonly CodecEntry[] = [
  codecOf(ResponseHeaderSchema, sizeResponseHeader, writeResponseHeader, readResponseHeader),
  codecOf(RangeRequestSchema, sizeRangeRequest, writeRangeRequest, readRangeRequest),
  codecOf(RangeResponseSchema, sizeRangeResponse, writeRangeResponse, readRangeResponse),
  codecOf(PutRequestSchema, sizePutRequest, writePutRequest, readPutRequest),
  codecOf(PutResponseSchema, sizePutResponse, writePutResponse, readPutResponse),
  codecOf(DeleteRangeRequestSchema, sizeDeleteRangeRequest, writeDeleteRangeRequest, readDeleteRangeRequest),
  codecOf(DeleteRangeResponseSchema, sizeDeleteRangeResponse, writeDeleteRangeResponse, readDeleteRangeResponse),
  codecOf(RequestOpSchema, sizeRequestOp, writeRequestOp, readRequestOp),
  codecOf(ResponseOpSchema, sizeResponseOp, writeResponseOp, readResponseOp),
  codecOf(CompareSchema, sizeCompare, writeCompare, readCompare),
  codecOf(TxnRequestSchema, sizeTxnRequest, writeTxnRequest, readTxnRequest),
  codecOf(TxnResponseSchema, sizeTxnResponse, writeTxnResponse, readTxnResponse),
  codecOf(CompactionRequestSchema, sizeCompactionRequest, writeCompactionRequest, readCompactionRequest),
  codecOf(CompactionResponseSchema, sizeCompactionResponse, writeCompactionResponse, readCompactionResponse),
  codecOf(HashRequestSchema, sizeHashRequest, writeHashRequest, readHashRequest),
  codecOf(HashKVRequestSchema, sizeHashKVRequest, writeHashKVRequest, readHashKVRequest),
  codecOf(HashKVResponseSchema, sizeHashKVResponse, writeHashKVResponse, readHashKVResponse),
  codecOf(HashResponseSchema, sizeHashResponse, writeHashResponse, readHashResponse),
  codecOf(SnapshotRequestSchema, sizeSnapshotRequest, writeSnapshotRequest, readSnapshotRequest),
  codecOf(SnapshotResponseSchema, sizeSnapshotResponse, writeSnapshotResponse, readSnapshotResponse),
  codecOf(WatchRequestSchema, sizeWatchRequest, writeWatchRequest, readWatchRequest),
  codecOf(WatchCreateRequestSchema, sizeWatchCreateRequest, writeWatchCreateRequest, readWatchCreateRequest),
  codecOf(WatchCancelRequestSchema, sizeWatchCancelRequest, writeWatchCancelRequest, readWatchCancelRequest),
  codecOf(WatchProgressRequestSchema, sizeWatchProgressRequest, writeWatchProgressRequest, readWatchProgressRequest),
  codecOf(WatchResponseSchema, sizeWatchResponse, writeWatchResponse, readWatchResponse),
  codecOf(LeaseGrantRequestSchema, sizeLeaseGrantRequest, writeLeaseGrantRequest, readLeaseGrantRequest),
  codecOf(LeaseGrantResponseSchema, sizeLeaseGrantResponse, writeLeaseGrantResponse, readLeaseGrantResponse),
  codecOf(LeaseRevokeRequestSchema, sizeLeaseRevokeRequest, writeLeaseRevokeRequest, readLeaseRevokeRequest),
  codecOf(LeaseRevokeResponseSchema, sizeLeaseRevokeResponse, writeLeaseRevokeResponse, readLeaseRevokeResponse),
  codecOf(LeaseCheckpointSchema, sizeLeaseCheckpoint, writeLeaseCheckpoint, readLeaseCheckpoint),
  codecOf(
    LeaseCheckpointRequestSchema,
    sizeLeaseCheckpointRequest,
    writeLeaseCheckpointRequest,
    readLeaseCheckpointRequest,
  ),
  codecOf(
    LeaseCheckpointResponseSchema,
    sizeLeaseCheckpointResponse,
    writeLeaseCheckpointResponse,
    readLeaseCheckpointResponse,
  ),
  codecOf(
    LeaseKeepAliveRequestSchema,
    sizeLeaseKeepAliveRequest,
    writeLeaseKeepAliveRequest,
    readLeaseKeepAliveRequest,
  ),
  codecOf(
    LeaseKeepAliveResponseSchema,
    sizeLeaseKeepAliveResponse,
    writeLeaseKeepAliveResponse,
    readLeaseKeepAliveResponse,
  ),
  codecOf(
    LeaseTimeToLiveRequestSchema,
    sizeLeaseTimeToLiveRequest,
    writeLeaseTimeToLiveRequest,
    readLeaseTimeToLiveRequest,
  ),
  codecOf(
    LeaseTimeToLiveResponseSchema,
    sizeLeaseTimeToLiveResponse,
    writeLeaseTimeToLiveResponse,
    readLeaseTimeToLiveResponse,
  ),
  codecOf(LeaseLeasesRequestSchema, sizeLeaseLeasesRequest, writeLeaseLeasesRequest, readLeaseLeasesRequest),
  codecOf(LeaseStatusSchema, sizeLeaseStatus, writeLeaseStatus, readLeaseStatus),
  codecOf(LeaseLeasesResponseSchema, sizeLeaseLeasesResponse, writeLeaseLeasesResponse, readLeaseLeasesResponse),
  codecOf(MemberSchema, sizeMember, writeMember, readMember),
  codecOf(MemberAddRequestSchema, sizeMemberAddRequest, writeMemberAddRequest, readMemberAddRequest),
  codecOf(MemberAddResponseSchema, sizeMemberAddResponse, writeMemberAddResponse, readMemberAddResponse),
  codecOf(MemberRemoveRequestSchema, sizeMemberRemoveRequest, writeMemberRemoveRequest, readMemberRemoveRequest),
  codecOf(MemberRemoveResponseSchema, sizeMemberRemoveResponse, writeMemberRemoveResponse, readMemberRemoveResponse),
  codecOf(MemberUpdateRequestSchema, sizeMemberUpdateRequest, writeMemberUpdateRequest, readMemberUpdateRequest),
  codecOf(MemberUpdateResponseSchema, sizeMemberUpdateResponse, writeMemberUpdateResponse, readMemberUpdateResponse),
  codecOf(MemberListRequestSchema, sizeMemberListRequest, writeMemberListRequest, readMemberListRequest),
  codecOf(MemberListResponseSchema, sizeMemberListResponse, writeMemberListResponse, readMemberListResponse),
  codecOf(MemberPromoteRequestSchema, sizeMemberPromoteRequest, writeMemberPromoteRequest, readMemberPromoteRequest),
  codecOf(
    MemberPromoteResponseSchema,
    sizeMemberPromoteResponse,
    writeMemberPromoteResponse,
    readMemberPromoteResponse,
  ),
  codecOf(DefragmentRequestSchema, sizeDefragmentRequest, writeDefragmentRequest, readDefragmentRequest),
  codecOf(DefragmentResponseSchema, sizeDefragmentResponse, writeDefragmentResponse, readDefragmentResponse),
  codecOf(MoveLeaderRequestSchema, sizeMoveLeaderRequest, writeMoveLeaderRequest, readMoveLeaderRequest),
  codecOf(MoveLeaderResponseSchema, sizeMoveLeaderResponse, writeMoveLeaderResponse, readMoveLeaderResponse),
  codecOf(AlarmRequestSchema, sizeAlarmRequest, writeAlarmRequest, readAlarmRequest),
  codecOf(AlarmMemberSchema, sizeAlarmMember, writeAlarmMember, readAlarmMember),
  codecOf(AlarmResponseSchema, sizeAlarmResponse, writeAlarmResponse, readAlarmResponse),
  codecOf(DowngradeRequestSchema, sizeDowngradeRequest, writeDowngradeRequest, readDowngradeRequest),
  codecOf(DowngradeResponseSchema, sizeDowngradeResponse, writeDowngradeResponse, readDowngradeResponse),
  codecOf(
    DowngradeVersionTestRequestSchema,
    sizeDowngradeVersionTestRequest,
    writeDowngradeVersionTestRequest,
    readDowngradeVersionTestRequest,
  ),
  codecOf(StatusRequestSchema, sizeStatusRequest, writeStatusRequest, readStatusRequest),
  codecOf(StatusResponseSchema, sizeStatusResponse, writeStatusResponse, readStatusResponse),
  codecOf(DowngradeInfoSchema, sizeDowngradeInfo, writeDowngradeInfo, readDowngradeInfo),
  codecOf(AuthEnableRequestSchema, sizeAuthEnableRequest, writeAuthEnableRequest, readAuthEnableRequest),
  codecOf(AuthDisableRequestSchema, sizeAuthDisableRequest, writeAuthDisableRequest, readAuthDisableRequest),
  codecOf(AuthStatusRequestSchema, sizeAuthStatusRequest, writeAuthStatusRequest, readAuthStatusRequest),
  codecOf(AuthenticateRequestSchema, sizeAuthenticateRequest, writeAuthenticateRequest, readAuthenticateRequest),
  codecOf(AuthUserAddRequestSchema, sizeAuthUserAddRequest, writeAuthUserAddRequest, readAuthUserAddRequest),
  codecOf(AuthUserGetRequestSchema, sizeAuthUserGetRequest, writeAuthUserGetRequest, readAuthUserGetRequest),
  codecOf(
    AuthUserDeleteRequestSchema,
    sizeAuthUserDeleteRequest,
    writeAuthUserDeleteRequest,
    readAuthUserDeleteRequest,
  ),
  codecOf(
    AuthUserChangePasswordRequestSchema,
    sizeAuthUserChangePasswordRequest,
    writeAuthUserChangePasswordRequest,
    readAuthUserChangePasswordRequest,
  ),
  codecOf(
    AuthUserGrantRoleRequestSchema,
    sizeAuthUserGrantRoleRequest,
    writeAuthUserGrantRoleRequest,
    readAuthUserGrantRoleRequest,
  ),
  codecOf(
    AuthUserRevokeRoleRequestSchema,
    sizeAuthUserRevokeRoleRequest,
    writeAuthUserRevokeRoleRequest,
    readAuthUserRevokeRoleRequest,
  ),
  codecOf(AuthRoleAddRequestSchema, sizeAuthRoleAddRequest, writeAuthRoleAddRequest, readAuthRoleAddRequest),
  codecOf(AuthRoleGetRequestSchema, sizeAuthRoleGetRequest, writeAuthRoleGetRequest, readAuthRoleGetRequest),
  codecOf(AuthUserListRequestSchema, sizeAuthUserListRequest, writeAuthUserListRequest, readAuthUserListRequest),
  codecOf(AuthRoleListRequestSchema, sizeAuthRoleListRequest, writeAuthRoleListRequest, readAuthRoleListRequest),
  codecOf(
    AuthRoleDeleteRequestSchema,
    sizeAuthRoleDeleteRequest,
    writeAuthRoleDeleteRequest,
    readAuthRoleDeleteRequest,
  ),
  codecOf(
    AuthRoleGrantPermissionRequestSchema,
    sizeAuthRoleGrantPermissionRequest,
    writeAuthRoleGrantPermissionRequest,
    readAuthRoleGrantPermissionRequest,
  ),
  codecOf(
    AuthRoleRevokePermissionRequestSchema,
    sizeAuthRoleRevokePermissionRequest,
    writeAuthRoleRevokePermissionRequest,
    readAuthRoleRevokePermissionRequest,
  ),
  codecOf(AuthEnableResponseSchema, sizeAuthEnableResponse, writeAuthEnableResponse, readAuthEnableResponse),
  codecOf(AuthDisableResponseSchema, sizeAuthDisableResponse, writeAuthDisableResponse, readAuthDisableResponse),
  codecOf(AuthStatusResponseSchema, sizeAuthStatusResponse, writeAuthStatusResponse, readAuthStatusResponse),
  codecOf(AuthenticateResponseSchema, sizeAuthenticateResponse, writeAuthenticateResponse, readAuthenticateResponse),
  codecOf(AuthUserAddResponseSchema, sizeAuthUserAddResponse, writeAuthUserAddResponse, readAuthUserAddResponse),
  codecOf(AuthUserGetResponseSchema, sizeAuthUserGetResponse, writeAuthUserGetResponse, readAuthUserGetResponse),
  codecOf(
    AuthUserDeleteResponseSchema,
    sizeAuthUserDeleteResponse,
    writeAuthUserDeleteResponse,
    readAuthUserDeleteResponse,
  ),
  codecOf(
    AuthUserChangePasswordResponseSchema,
    sizeAuthUserChangePasswordResponse,
    writeAuthUserChangePasswordResponse,
    readAuthUserChangePasswordResponse,
  ),
  codecOf(
    AuthUserGrantRoleResponseSchema,
    sizeAuthUserGrantRoleResponse,
    writeAuthUserGrantRoleResponse,
    readAuthUserGrantRoleResponse,
  ),
  codecOf(
    AuthUserRevokeRoleResponseSchema,
    sizeAuthUserRevokeRoleResponse,
    writeAuthUserRevokeRoleResponse,
    readAuthUserRevokeRoleResponse,
  ),
  codecOf(AuthRoleAddResponseSchema, sizeAuthRoleAddResponse, writeAuthRoleAddResponse, readAuthRoleAddResponse),
  codecOf(AuthRoleGetResponseSchema, sizeAuthRoleGetResponse, writeAuthRoleGetResponse, readAuthRoleGetResponse),
  codecOf(AuthRoleListResponseSchema, sizeAuthRoleListResponse, writeAuthRoleListResponse, readAuthRoleListResponse),
  codecOf(AuthUserListResponseSchema, sizeAuthUserListResponse, writeAuthUserListResponse, readAuthUserListResponse),
  codecOf(
    AuthRoleDeleteResponseSchema,
    sizeAuthRoleDeleteResponse,
    writeAuthRoleDeleteResponse,
    readAuthRoleDeleteResponse,
  ),
  codecOf(
    AuthRoleGrantPermissionResponseSchema,
    sizeAuthRoleGrantPermissionResponse,
    writeAuthRoleGrantPermissionResponse,
    readAuthRoleGrantPermissionResponse,
  ),
  codecOf(
    AuthRoleRevokePermissionResponseSchema,
    sizeAuthRoleRevokePermissionResponse,
    writeAuthRoleRevokePermissionResponse,
    readAuthRoleRevokePermissionResponse,
  ),
  codecOf(RangeStreamResponseSchema, sizeRangeStreamResponse, writeRangeStreamResponse, readRangeStreamResponse),
];
