/** What a watch can be asked for, and what it reports. */
import { checkCount, checkFlag, checkName, checkObject } from "../checks.js";
import type { DecodeError } from "../errors.js";
import type { KeyValue } from "../kv/results.js";
import { type BigIntLike, checkCallOptions } from "../options.js";

export interface WatchOptions {
  /** The first revision to report; may lie in the past (until it is compacted) or in the future. Default: from now on. */
  readonly startRevision?: BigIntLike;
  /** Report the pair that was there before. Absent for creations and where that revision is compacted. */
  readonly prevKv?: boolean;
  readonly only?: "put" | "delete";
  /**
   * When the next revision is compacted away: `throw` a `CompactedError`, or `resync`: report a `resync` event, then what
   * differs from what this watch has reported, as puts and deletes, then go on. Default `throw`.
   */
  readonly onCompacted?: "throw" | "resync";
  /** A value that the codec refuses: `throw` ends the watch, `skip` leaves the event out, a function is told and it is left out. */
  readonly onDecodeError?: "throw" | "skip" | ((error: DecodeError) => void);
  /** Events to hold for a consumer that is slow, before the server is asked to hold them instead. Default 1,024. */
  readonly bufferSize?: number;
  /**
   * A member that has lost its leader ends the watch, which then goes on at another; otherwise it would stay silent for as
   * long as the member is cut off. `false` stays, and reports what such a member still has. Default true.
   */
  readonly requireLeader?: boolean;
  /** Aborting ends the iteration, as `close()` does. */
  readonly signal?: AbortSignal;
}

export type WatchEvent<V> =
  | {
      readonly type: "put";
      readonly kv: KeyValue<V>;
      readonly prev?: KeyValue<V>;
      /** Did the key not exist before? */
      readonly isCreate: boolean;
    }
  | {
      readonly type: "delete";
      readonly key: string;
      readonly keyBytes: Uint8Array;
      /** The revision of the deletion. */
      readonly modRevision: bigint;
      readonly prev?: KeyValue<V>;
    }
  /** Only with `onCompacted: "resync"`: history is missing here; puts and deletes that make up for it follow. */
  | { readonly type: "resync"; readonly revision: bigint; readonly compactRevision: bigint };

/** All events of one revision: what one txn did. */
export interface WatchBatch<V> {
  readonly revision: bigint;
  readonly events: WatchEvent<V>[];
}

/** Errors: `TypeError`, `RangeError`, naming the option and what was given. The revision is looked at where it is used. */
export function checkWatchOptions(options: WatchOptions): void {
  checkObject(options, "the options of a watch");
  const { prevKv, only, onCompacted, onDecodeError, bufferSize, requireLeader, signal } = options;
  checkCallOptions({ ...(signal !== undefined && { signal }) });
  if (prevKv !== undefined) checkFlag(prevKv, "prevKv");
  if (requireLeader !== undefined) checkFlag(requireLeader, "requireLeader");
  if (only !== undefined) checkName(only, ["put", "delete"], "only");
  if (onCompacted !== undefined) checkName(onCompacted, ["throw", "resync"], "onCompacted");
  if (bufferSize !== undefined) checkCount(bufferSize, "bufferSize");
  if (onDecodeError !== undefined && typeof onDecodeError !== "function") {
    checkName(onDecodeError, ["throw", "skip"], "onDecodeError");
  }
}
