// Codecs of the messages of kvorum/internal/raft.proto. Generated from the .proto files by `pnpm generate`. Do not edit.

import { codecOf, type Init, type CodecEntry } from "../../../codec/codec.js";
import { EMPTY_BYTES, type Reader } from "../../../codec/reader.js";
import {
  bytesSize,
  delimitedSize,
  int32Size,
  uint64ListLength,
  uint64Size,
  unknownSize,
} from "../../../codec/sizes.js";
import type { Writer } from "../../../codec/writer.js";
import {
  EntrySchema,
  EntryBatchSchema,
  HardStateSchema,
  ConfStateSchema,
  SnapshotMarkerSchema,
  ConfChangeSchema,
  type Entry,
  type EntryBatch,
  type HardState,
  type ConfState,
  type SnapshotMarker,
  type ConfChange,
} from "./raft_pb.js";

export function sizeEntry(message: Init<typeof EntrySchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.Entry") : 0;
  if (message.type) size += 1 + int32Size(message.type);
  if (message.term) size += 1 + uint64Size(message.term);
  if (message.index) size += 1 + uint64Size(message.index);
  if (message.data?.length) size += 1 + bytesSize(message.data);
  sizes.push(size);
  return size;
}

export function writeEntry(message: Init<typeof EntrySchema>, writer: Writer): void {
  if (message.type) writer.int32(8, message.type);
  if (message.term) writer.uint64(16, message.term);
  if (message.index) writer.uint64(24, message.index);
  if (message.data?.length) writer.bytes(34, message.data);
  if (message.$unknown) writer.unknown(message, "kvorum.internal.Entry");
}

export function readEntry(
  reader: Reader,
  end: number,
  message: Entry = { $typeName: "kvorum.internal.Entry", type: 0, term: 0n, index: 0n, data: EMPTY_BYTES },
): Entry {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.type = reader.int32();
        break;
      case 2:
        message.term = reader.uint64();
        break;
      case 3:
        message.index = reader.uint64();
        break;
      case 4:
        message.data = reader.bytes();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeEntryBatch(message: Init<typeof EntryBatchSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.EntryBatch") : 0;
  if (message.entries) {
    for (const item of message.entries) {
      size += 1 + delimitedSize(sizeEntry(item, sizes));
    }
  }
  sizes[place] = size;
  return size;
}

export function writeEntryBatch(message: Init<typeof EntryBatchSchema>, writer: Writer): void {
  if (message.entries) {
    for (const item of message.entries) {
      writer.nested(10);
      writeEntry(item, writer);
    }
  }
  if (message.$unknown) writer.unknown(message, "kvorum.internal.EntryBatch");
}

export function readEntryBatch(
  reader: Reader,
  end: number,
  message: EntryBatch = { $typeName: "kvorum.internal.EntryBatch", entries: [] },
): EntryBatch {
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

export function sizeHardState(message: Init<typeof HardStateSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.HardState") : 0;
  if (message.term) size += 1 + uint64Size(message.term);
  if (message.vote) size += 1 + uint64Size(message.vote);
  if (message.commit) size += 1 + uint64Size(message.commit);
  sizes.push(size);
  return size;
}

export function writeHardState(message: Init<typeof HardStateSchema>, writer: Writer): void {
  if (message.term) writer.uint64(8, message.term);
  if (message.vote) writer.uint64(16, message.vote);
  if (message.commit) writer.uint64(24, message.commit);
  if (message.$unknown) writer.unknown(message, "kvorum.internal.HardState");
}

export function readHardState(
  reader: Reader,
  end: number,
  message: HardState = { $typeName: "kvorum.internal.HardState", term: 0n, vote: 0n, commit: 0n },
): HardState {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.term = reader.uint64();
        break;
      case 2:
        message.vote = reader.uint64();
        break;
      case 3:
        message.commit = reader.uint64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeConfState(message: Init<typeof ConfStateSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.ConfState") : 0;
  if (message.voters?.length) size += 1 + delimitedSize(uint64ListLength(message.voters));
  if (message.learners?.length) size += 1 + delimitedSize(uint64ListLength(message.learners));
  if (message.votersOutgoing?.length) size += 1 + delimitedSize(uint64ListLength(message.votersOutgoing));
  if (message.learnersNext?.length) size += 1 + delimitedSize(uint64ListLength(message.learnersNext));
  if (message.autoLeave) size += 1 + 1;
  sizes.push(size);
  return size;
}

export function writeConfState(message: Init<typeof ConfStateSchema>, writer: Writer): void {
  if (message.voters?.length) writer.uint64List(10, message.voters);
  if (message.learners?.length) writer.uint64List(18, message.learners);
  if (message.votersOutgoing?.length) writer.uint64List(26, message.votersOutgoing);
  if (message.learnersNext?.length) writer.uint64List(34, message.learnersNext);
  if (message.autoLeave) writer.bool(40, message.autoLeave);
  if (message.$unknown) writer.unknown(message, "kvorum.internal.ConfState");
}

export function readConfState(
  reader: Reader,
  end: number,
  message: ConfState = {
    $typeName: "kvorum.internal.ConfState",
    voters: [],
    learners: [],
    votersOutgoing: [],
    learnersNext: [],
    autoLeave: false,
  },
): ConfState {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        reader.uint64List(tag, message.voters);
        break;
      case 2:
        reader.uint64List(tag, message.learners);
        break;
      case 3:
        reader.uint64List(tag, message.votersOutgoing);
        break;
      case 4:
        reader.uint64List(tag, message.learnersNext);
        break;
      case 5:
        message.autoLeave = reader.bool();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export function sizeSnapshotMarker(message: Init<typeof SnapshotMarkerSchema>, sizes: number[]): number {
  const place = sizes.push(0) - 1;
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.SnapshotMarker") : 0;
  if (message.index) size += 1 + uint64Size(message.index);
  if (message.term) size += 1 + uint64Size(message.term);
  if (message.confState) {
    size += 1 + delimitedSize(sizeConfState(message.confState, sizes));
  }
  sizes[place] = size;
  return size;
}

export function writeSnapshotMarker(message: Init<typeof SnapshotMarkerSchema>, writer: Writer): void {
  if (message.index) writer.uint64(8, message.index);
  if (message.term) writer.uint64(16, message.term);
  if (message.confState) {
    writer.nested(26);
    writeConfState(message.confState, writer);
  }
  if (message.$unknown) writer.unknown(message, "kvorum.internal.SnapshotMarker");
}

export function readSnapshotMarker(
  reader: Reader,
  end: number,
  message: SnapshotMarker = { $typeName: "kvorum.internal.SnapshotMarker", index: 0n, term: 0n },
): SnapshotMarker {
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

export function sizeConfChange(message: Init<typeof ConfChangeSchema>, sizes: number[]): number {
  let size = message.$unknown ? unknownSize(message, "kvorum.internal.ConfChange") : 0;
  if (message.type) size += 1 + int32Size(message.type);
  if (message.memberId) size += 1 + uint64Size(message.memberId);
  if (message.context?.length) size += 1 + bytesSize(message.context);
  if (message.requestId) size += 1 + uint64Size(message.requestId);
  sizes.push(size);
  return size;
}

export function writeConfChange(message: Init<typeof ConfChangeSchema>, writer: Writer): void {
  if (message.type) writer.int32(8, message.type);
  if (message.memberId) writer.uint64(16, message.memberId);
  if (message.context?.length) writer.bytes(26, message.context);
  if (message.requestId) writer.uint64(32, message.requestId);
  if (message.$unknown) writer.unknown(message, "kvorum.internal.ConfChange");
}

export function readConfChange(
  reader: Reader,
  end: number,
  message: ConfChange = {
    $typeName: "kvorum.internal.ConfChange",
    type: 0,
    memberId: 0n,
    context: EMPTY_BYTES,
    requestId: 0n,
  },
): ConfChange {
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag >>> 3) {
      case 1:
        message.type = reader.int32();
        break;
      case 2:
        message.memberId = reader.uint64();
        break;
      case 3:
        message.context = reader.bytes();
        break;
      case 4:
        message.requestId = reader.uint64();
        break;
      default:
        reader.unknown(message, tag);
    }
  }
  reader.leave();
  return message;
}

export const codecs: readonly CodecEntry[] = [
  codecOf(EntrySchema, sizeEntry, writeEntry, readEntry),
  codecOf(EntryBatchSchema, sizeEntryBatch, writeEntryBatch, readEntryBatch),
  codecOf(HardStateSchema, sizeHardState, writeHardState, readHardState),
  codecOf(ConfStateSchema, sizeConfState, writeConfState, readConfState),
  codecOf(SnapshotMarkerSchema, sizeSnapshotMarker, writeSnapshotMarker, readSnapshotMarker),
  codecOf(ConfChangeSchema, sizeConfChange, writeConfChange, readConfChange),
];
