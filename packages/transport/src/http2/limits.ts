/**
 * What one side of a connection puts up with. Every attack on HTTP/2 that is known by a name asks for much with few bytes;
 * each number here is the end of one of them.
 */

export interface Http2Limits {
  /** Streams that the other side may have open at once; announced, and refused beyond. Default 10,000. */
  readonly concurrentStreamsMax: number;
  /** Bytes of a header list, counted as SETTINGS_MAX_HEADER_LIST_SIZE counts; announced. Default 65,536. */
  readonly headerListBytesMax: number;
  /** Fields of a header list. Default 256. */
  readonly headerFieldsMax: number;
  /** Payload of a frame, in bytes, from 16,384 to 16,777,215; announced. Default 16,384. */
  readonly frameBytesMax: number;
  /** CONTINUATION frames of one header block. Default 8. */
  readonly continuationFramesMax: number;
  /**
   * Streams a second that a client may reset, or make the server reset by breaking the rules on them (rapid reset,
   * CVE-2023-44487, and CVE-2025-8671). Default 500.
   */
  readonly resetsPerSecond: number;
  /** How many of them may come at once. Default 5,000. */
  readonly resetsBurst: number;
  /**
   * Frames a second that cost us work and the sender nothing: SETTINGS, PRIORITY, empty DATA, WINDOW_UPDATE of few bytes,
   * frames of unknown types, and PING unless we have sent something of a call since the last one. Default 1,000.
   */
  readonly controlFramesPerSecond: number;
  /** How many of them may come at once. Default 10,000. */
  readonly controlFramesBurst: number;
  /** Bytes of answers to SETTINGS, PING and wrong frames that may wait to be taken for the socket. Default 1 MiB. */
  readonly outputBytesMax: number;
  /** A server's floor for a client's keepalive pings, in milliseconds; 0 for none. Default 5,000. See `ping-floor.ts`. */
  readonly pingIntervalMsMin: number;
  /** Pings below the floor that are put up with. Default 2. */
  readonly pingStrikes: number;
}

export const DEFAULT_LIMITS: Http2Limits = {
  concurrentStreamsMax: 10_000,
  headerListBytesMax: 65_536,
  headerFieldsMax: 256,
  frameBytesMax: 16_384,
  continuationFramesMax: 8,
  resetsPerSecond: 500,
  resetsBurst: 5_000,
  controlFramesPerSecond: 1_000,
  controlFramesBurst: 10_000,
  outputBytesMax: 1_048_576,
  pingIntervalMsMin: 5_000,
  pingStrikes: 2,
};
