// Codecs of the messages of etcd/mvccpb/kv.proto. Generated from the .proto files by `pnpm generate`. Do not edit.

import { codecOf, type Init, type CodecEntry } from "../../../codec/codec.js";
import { EMPTY_BYTES, type Reader } from "../../../codec/reader.js";
import { bytesSize, delimitedSize, int32Size, int64Size, unknownSize } from "../../../codec/sizes.js";
import type { Writer } from "../../../codec/writer.js";
import { KeyValueSchema, EventSchema, type KeyValue, type Event } from "./kv_pb.js";

export function sizeKeyValue(message: Init<typeof KeyValueSchema>, sizes: number[]): number {
  if (message.$encoded) {
    sizes.push(message.$encoded.length);
    return message.$encoded.length;
  }
  let size = message.$unknown ? unknownSize(message, "mvccpb.KeyValue") : 0;
  if (message.key?.length) size += 1 + bytesSize(message.key);
  if (message.createRevision) size += 1 + int64Size(message.createRevision);
  if (message.modRevision) size += 1 + int64Size(message.modRevision);
  if (message.version) size += 1 + int64Size(message.version);
  if (message.value?.length) size += 1 + bytesSize(message.value);
  if (message.lease) size += 1 + int64Size(message.lease);
  sizes.push(size);
  return size;
}

export function writeKeyValue(message: Init<typeof KeyValueSchema>, writer: Writer): void {
  if (message.$encoded) {
    writer.encoded(message.$encoded);
    return;
  }
  if (message.key?.length) writer.bytes(10, message.key);
  if (message.createRevision) writer.int64(16, message.createRevision);
  if (message.modRevision) writer.int64(24, message.modRevision);
  if (message.version) writer.int64(32, message.version);
  if (message.value?.length) writer.bytes(42, message.value);
  if (message.lease) writer.int64(48, message.lease);
  if (message.$unknown) writer.unknown(message, "mvccpb.KeyValue");
}

export function readKeyValue(
  reader: Reader,
  end: number,
  message: KeyValue = {
    $typeName: "mvccpb.KeyValue",
    key: EMPTY_BYTES,
    createRevision: 0n,
    modRevision: 0n,
    version: 0n,
    value: EMPTY_BYTES,
    lease: 0n,
  },
): KeyValue {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.key = reader.bytes();
        break;
      case 2:
        message.createRevision = reader.int64();
        break;
      case 3:
        message.modRevision = reader.int64();
        break;
      case 4:
        message.version = reader.int64();
        break;
      case 5:
        message.value = reader.bytes();
        break;
      case 6:
        message.lease = reader.int64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeEvent(message: Init<typeof EventSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "mvccpb.Event") : 0;
  if (message.type) size += 1 + int32Size(message.type);
  if (message.kv) {
    size += 1 + delimitedSize(sizeKeyValue(message.kv, sizes));
  }
  if (message.prevKv) {
    size += 1 + delimitedSize(sizeKeyValue(message.prevKv, sizes));
  }
  sizes[place] = size;
  return size;
}

export function writeEvent(message: Init<typeof EventSchema>, writer: Writer): void {
  if (message.type) writer.int32(8, message.type);
  if (message.kv) {
    writer.nested(18);
    writeKeyValue(message.kv, writer);
  }
  if (message.prevKv) {
    writer.nested(26);
    writeKeyValue(message.prevKv, writer);
  }
  if (message.$unknown) writer.unknown(message, "mvccpb.Event");
}

export function readEvent(reader: Reader, end: number, message: Event = { $typeName: "mvccpb.Event", type: 0 }): Event {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.type = reader.int32();
        break;
      case 2:
        message.kv = readKeyValue(reader, reader.nested(), message.kv);
        break;
      case 3:
        message.prevKv = readKeyValue(reader, reader.nested(), message.prevKv);
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export const codecs: readonly CodecEntry[] = [
  codecOf(KeyValueSchema, sizeKeyValue, writeKeyValue, readKeyValue),
  codecOf(EventSchema, sizeEvent, writeEvent, readEvent),
];
