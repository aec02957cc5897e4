/**
 * Raft's nouns as bytes: the payloads of the WAL's frames and the data of a membership entry. The messages are those of
 * `proto/kvorum/internal/raft.proto`; the format number that covers them stands in the WAL's segment header.
 *
 * A decoded `bytes` field is a view into the whole message, so an entry's data is copied here, once, on its way into the
 * log: otherwise a three-byte command would keep a whole WAL read buffer alive.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type ConfState as ConfStateMessage,
  type ConfStateSchema,
  decodeMessage,
  EntryBatchSchema,
  type Entry as EntryMessage,
  type EntrySchema,
  EntryType,
  encodeMessage,
  HardStateSchema,
  Slab,
  SnapshotMarkerSchema,
} from "@kvorum/proto";
import type { ConfState, Entry, HardState, SnapshotMark } from "../../core/raft/types.js";
import { toSafeNumber } from "./numbers.js";

/** Any number of entries as one `EntryBatch`. */
export function encodeEntries(entries: readonly Entry[]): Uint8Array {
  return encodeMessage(EntryBatchSchema, { entries: entries.map(toEntryMessage) });
}

/** Throws when the bytes are no `EntryBatch`, or name an entry type of a later version. */
export function decodeEntries(bytes: Uint8Array): readonly Entry[] {
  return toEntries(decodeMessage(EntryBatchSchema, bytes).entries);
}

export function encodeHardState(state: HardState): Uint8Array {
  const { term, vote, commit } = state;
  return encodeMessage(HardStateSchema, { term: BigInt(term), vote, commit: BigInt(commit) });
}

export function decodeHardState(bytes: Uint8Array): HardState {
  const message = decodeMessage(HardStateSchema, bytes);
  return {
    term: toSafeNumber(message.term, "hard state term"),
    vote: message.vote,
    commit: toSafeNumber(message.commit, "hard state commit"),
  };
}

export function encodeSnapshotMark(mark: SnapshotMark): Uint8Array {
  return encodeMessage(SnapshotMarkerSchema, {
    index: BigInt(mark.index),
    term: BigInt(mark.term),
    confState: toConfStateMessage(mark.confState),
  });
}

export function decodeSnapshotMark(bytes: Uint8Array): SnapshotMark {
  const message = decodeMessage(SnapshotMarkerSchema, bytes);
  return {
    index: toSafeNumber(message.index, "snapshot index"),
    term: toSafeNumber(message.term, "snapshot term"),
    confState: toConfState(message.confState),
  };
}

export function toConfStateMessage(state: ConfState): MessageInitShape<typeof ConfStateSchema> {
  return {
    voters: [...state.voters],
    learners: [...state.learners],
    votersOutgoing: [...state.votersOutgoing],
    learnersNext: [...state.learnersNext],
    autoLeave: state.autoLeave,
  };
}

/** An absent message is the empty configuration. */
export function toConfState(message: ConfStateMessage | undefined): ConfState {
  return {
    voters: message?.voters ?? [],
    learners: message?.learners ?? [],
    votersOutgoing: message?.votersOutgoing ?? [],
    learnersNext: message?.learnersNext ?? [],
    autoLeave: message?.autoLeave ?? false,
  };
}

export function toEntryMessage(entry: Entry): MessageInitShape<typeof EntrySchema> {
  return {
    type: toEntryTypeNumber(entry.type),
    term: BigInt(entry.term),
    index: BigInt(entry.index),
    data: entry.data,
  };
}

/**
 * Throws for an entry type of a later version. The data is a copy; that of small entries shares memory with that of their
 * neighbours, which leave the log when they do.
 */
export function toEntries(messages: readonly EntryMessage[]): Entry[] {
  const memory = new Slab();
  return messages.map(({ type, term, index, data }) => {
    const copy = memory.take(data.length);
    copy.set(data);
    return {
      type: toEntryType(type),
      term: toSafeNumber(term, "entry term"),
      index: toSafeNumber(index, "entry index"),
      data: copy,
    };
  });
}

export function toEntryTypeNumber(type: Entry["type"]): EntryType {
  return type === "command" ? EntryType.COMMAND : EntryType.CONF_CHANGE;
}

function toEntryType(type: EntryType): Entry["type"] {
  switch (type) {
    case EntryType.COMMAND:
      return "command";
    case EntryType.CONF_CHANGE:
      return "conf-change";
    default:
      // A newer version wrote this log. Skipping an entry would make the state diverge, so reading stops here.
      throw new RangeError(`entry type ${type as number} is unknown to this version`);
  }
}
