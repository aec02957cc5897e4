/** The frames that we send, written into the output; `spoken` and `answerBytes` count what limits are made of. */
import { FrameFlag, FrameType } from "./frame.js";
import { joined } from "./octets.js";
import type { Output } from "./output.js";
import { HEADER_TABLE_BYTES_DEFAULT, type PeerSettings, SETTING_BYTES } from "./settings.js";

export const ACK = 0x1;
/** HPACK's update of the table to 0 bytes. */
const TABLE_OF_NOTHING: Uint8Array = Uint8Array.of(0x20);

export class FrameWriter {
  readonly output: Output;
  readonly #peer: PeerSettings;
  /** Frames of calls that were sent: HEADERS and DATA. */
  spoken = 0;
  /** Size of the table that our blocks may use. They use none, but the other side has to hear of a change. */
  #tableBytes: number = HEADER_TABLE_BYTES_DEFAULT;
  #answerBytes = 0;
  #answersTake = 0;

  constructor(output: Output, peer: PeerSettings) {
    this.output = output;
    this.#peer = peer;
  }

  /** Bytes of answers to frames that ask for one, since output was taken. */
  get answerBytes(): number {
    return this.#answersTake === this.output.takes ? this.#answerBytes : 0;
  }

  /** HEADERS, and CONTINUATION frames for what is longer than one frame may be. */
  headers(streamId: number, fields: Uint8Array, endStream: boolean): void {
    this.spoken++;
    const block = this.#peer.headerTableBytesMin < this.#tableBytes ? this.#withoutTable(fields) : fields;
    const flags = endStream ? FrameFlag.END_STREAM : 0;
    const most = this.#peer.frameBytes;
    if (block.length <= most) {
      this.output.head(FrameType.HEADERS, flags | FrameFlag.END_HEADERS, streamId, block.length);
      this.output.body(block);
      return;
    }
    for (let at = 0; at < block.length; at += most) {
      const part = block.subarray(at, at + most);
      const end = at + most >= block.length ? FrameFlag.END_HEADERS : 0;
      if (at === 0) this.output.head(FrameType.HEADERS, flags | end, streamId, part.length);
      else this.output.head(FrameType.CONTINUATION, end, streamId, part.length);
      this.output.body(part);
    }
  }

  /** Whoever makes its table smaller waits for a block that begins with taking that up (RFC 7541 §4.2). */
  #withoutTable(block: Uint8Array): Uint8Array {
    this.#tableBytes = 0;
    return joined([TABLE_OF_NOTHING, block]);
  }

  /** The head of a DATA frame; the caller writes the payload. */
  dataHead(streamId: number, length: number, endStream: boolean): void {
    this.spoken++;
    this.output.head(FrameType.DATA, endStream ? FrameFlag.END_STREAM : 0, streamId, length);
  }

  settings(entries: readonly (readonly [id: number, value: number])[]): void {
    this.output.head(FrameType.SETTINGS, 0, 0, entries.length * SETTING_BYTES);
    for (const [id, value] of entries) {
      this.output.uint16(id);
      this.output.uint32(value);
    }
  }

  settingsAck(): void {
    this.output.head(FrameType.SETTINGS, ACK, 0, 0);
    this.#answered(9);
  }

  ping(opaque: Uint8Array, ack: boolean): void {
    this.output.head(FrameType.PING, ack ? ACK : 0, 0, opaque.length);
    this.output.body(opaque);
    if (ack) this.#answered(17);
  }

  windowUpdate(streamId: number, bytes: number): void {
    this.output.head(FrameType.WINDOW_UPDATE, 0, streamId, 4);
    this.output.uint32(bytes);
  }

  reset(streamId: number, code: number): void {
    this.output.head(FrameType.RST_STREAM, 0, streamId, 4);
    this.output.uint32(code);
    this.#answered(13);
  }

  goAway(lastStreamId: number, code: number, debug: string): void {
    this.output.head(FrameType.GOAWAY, 0, 0, 8 + debug.length);
    this.output.uint32(lastStreamId);
    this.output.uint32(code);
    for (let i = 0; i < debug.length; i++) this.output.octet(debug.charCodeAt(i));
  }

  #answered(bytes: number): void {
    this.#answerBytes = this.answerBytes + bytes;
    this.#answersTake = this.output.takes;
  }
}
