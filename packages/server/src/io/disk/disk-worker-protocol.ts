/**
 * How the main thread and the disk worker talk: two pieces of shared memory and no messages. The main thread fills in a
 * request, raises `request` and wakes the worker; the worker answers, sets `response` to the same number and wakes the main
 * thread. One request at a time, so every other field belongs to whoever has the turn; `disk-worker-turns.ts` tells whose
 * turn it is.
 */

/** Places in the control array (32-bit integers). */
export const Control = {
  request: 0,
  response: 1,
  operation: 2,
  fileDescriptor: 3,
  length: 4,
  /** The offset is `offsetHigh * 2^31 + offsetLow`, so that both halves fit a signed integer. */
  offsetLow: 5,
  offsetHigh: 6,
  sync: 7,
  /** Bytes of an error's text in the data area; 0 means success. */
  errorLength: 8,
} as const;
export const CONTROL_LENGTH = 9;
export const OFFSET_BASE: number = 2 ** 31;

export const Operation = { write: 1, dataSync: 2, truncate: 3, quit: 4 } as const;
export type Operation = (typeof Operation)[keyof typeof Operation];

/** Longer writes travel in several requests, with the sync in the last one. */
export const DATA_BYTES: number = 1024 * 1024;

export interface DiskWorkerData {
  readonly control: SharedArrayBuffer;
  readonly data: SharedArrayBuffer;
  /** Answer by a message as well, for a main thread that can not wait on shared memory. */
  readonly postMessages: boolean;
}
