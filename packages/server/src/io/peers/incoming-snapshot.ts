/**
 * A snapshot file that arrives in frames, checked before a byte of it is handed on: each chunk's place and checksum, and
 * at the end that nothing is missing. The file's own digest is the reader's to check.
 */
import { crc32 } from "node:zlib";
import type { SnapshotFrame } from "@kvorum/proto";
import type { Clock } from "../../env.js";
import type { SnapshotBody } from "../../peer-network.js";
import { SNAPSHOT_CHUNK_BYTES_MAX } from "./bounds.js";
import { RefusalError } from "./handshake.js";
import { within } from "./within.js";

/** What is the same for all snapshots. */
export interface IncomingOptions {
  readonly clock: Clock;
  readonly idleMs: number;
  /** Aborts when the sender has gone. */
  readonly signal: AbortSignal;
}

export class IncomingSnapshot implements SnapshotBody {
  readonly bytes: number;
  readonly pieces: AsyncIterable<Uint8Array>;
  readonly #frames: AsyncIterator<SnapshotFrame>;

  /** `frames` stands behind the head, which said how many bytes there are. */
  constructor(frames: AsyncIterator<SnapshotFrame>, bytes: number, options: IncomingOptions) {
    this.bytes = bytes;
    this.#frames = frames;
    this.pieces = this.#read(options);
  }

  close(): void {
    // The iterator may be waiting for its connection; nothing of ours hangs on when it finishes.
    this.#frames.return?.().catch(() => {});
  }

  async *#read({ clock, idleMs, signal }: IncomingOptions): AsyncGenerator<Uint8Array, void, undefined> {
    let offset = 0;
    for (;;) {
      const { done, value } = await within(this.#frames.next(), idleMs, clock, "the snapshot does not move", signal);
      if (done === true) break;
      const data = this.#check(value, offset);
      offset += data.length;
      yield data;
    }
    if (offset !== this.bytes) throw damaged(`ends after ${offset} of ${this.bytes} bytes`);
  }

  #check({ frame }: SnapshotFrame, expected: number): Uint8Array {
    if (frame.case !== "chunk") throw damaged("holds a frame that is no chunk");
    const { offset, data, crc } = frame.value;
    if (offset !== BigInt(expected)) throw damaged(`goes on at byte ${offset} instead of ${expected}`);
    if (data.length === 0 || data.length > SNAPSHOT_CHUNK_BYTES_MAX)
      throw damaged(`has a chunk of ${data.length} bytes`);
    if (expected + data.length > this.bytes) throw damaged(`is longer than ${this.bytes} bytes`);
    if (crc32(data) !== crc) throw damaged(`has a damaged chunk at byte ${offset}`);
    return data.slice();
  }
}

function damaged(how: string): RefusalError {
  return new RefusalError("malformed", `the snapshot ${how}`);
}
