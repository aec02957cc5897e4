/**
 * Everything that the network of members bounds, in one place: times in milliseconds, sizes in bytes. The times of a
 * dead connection are reasoned in the head of `grpc-peers.ts`.
 */
const MEBIBYTE = 1024 * 1024;

export interface PeerBounds {
  /** Until a TCP connection must stand. */
  readonly connectTimeoutMs: number;
  /** Until a fresh stream must be welcomed, TLS and HTTP/2 included. */
  readonly welcomeTimeoutMs: number;
  /** The first pause between two attempts to connect, doubled with each failure up to the longest. */
  readonly retryMsFirst: number;
  readonly retryMsMax: number;
  /** A pause after the other side has refused for good: another cluster, another member, removed. */
  readonly refusedRetryMs: number;
  /** A connection that lived for so long counts as a success; one that ends sooner is a failure. */
  readonly stableMs: number;
  /** HTTP/2 pings of a connection that carries little, so that an answer that is late means a dead connection. */
  readonly controlKeepAlive: KeepAlive;
  /** The same where an answer may stand behind megabytes. */
  readonly bulkKeepAlive: KeepAlive;
  /** A snapshot that does not move for so long is given up. */
  readonly snapshotIdleMs: number;
  /** From the last byte of a snapshot to the answer that it is installed. */
  readonly snapshotInstallMs: number;
  /** Snapshots that a member receives at once, all senders together. */
  readonly snapshotsReceivedMax: number;
  /** Waiting messages of one class to one member. */
  readonly queueMessagesMax: number;
  readonly queueBytesMax: number;
  /** Messages are put into one frame up to here; a larger one travels alone. */
  readonly frameBytesMax: number;
  /** Largest frame to receive: the largest entry that a configuration may allow must fit. */
  readonly receiveBytesMax: number;
  /** Streams of Raft messages that a member takes at once, all senders together. */
  readonly exchangesMax: number;
}

export interface KeepAlive {
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

export const DEFAULT_BOUNDS: PeerBounds = {
  connectTimeoutMs: 750,
  welcomeTimeoutMs: 1500,
  retryMsFirst: 25,
  retryMsMax: 500,
  refusedRetryMs: 2000,
  stableMs: 1000,
  controlKeepAlive: { intervalMs: 500, timeoutMs: 1000 },
  bulkKeepAlive: { intervalMs: 2000, timeoutMs: 8000 },
  snapshotIdleMs: 30_000,
  snapshotInstallMs: 600_000,
  snapshotsReceivedMax: 2,
  queueMessagesMax: 4096,
  queueBytesMax: 64 * MEBIBYTE,
  frameBytesMax: MEBIBYTE,
  receiveBytesMax: 64 * MEBIBYTE,
  exchangesMax: 1024,
};

/** Largest piece of a snapshot in one frame. */
export const SNAPSHOT_CHUNK_BYTES_MAX: number = MEBIBYTE;
