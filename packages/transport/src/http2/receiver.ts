/**
 * What the other side sends: each frame is checked (RFC 9113 §6) and done. An error of the connection is thrown as
 * `Http2Error`, one of a stream resets that stream.
 */
import type { ConnectionState } from "./connection-state.js";
import { ErrorCode, Http2Error } from "./error-code.js";
import type { Http2Events } from "./events.js";
import { type FloodGuard, WINDOW_UPDATE_BYTES_MIN } from "./flood-guard.js";
import { FrameFlag, FrameType } from "./frame.js";
import type { FrameTaker } from "./frame-reader.js";
import { ACK, type FrameWriter } from "./frame-writer.js";
import { type Fragment, HeaderFragments, readFragment } from "./header-fragments.js";
import type { HeaderReceiver } from "./header-receiver.js";
import type { Http2Limits } from "./limits.js";
import type { ReceiveWindows } from "./receive-windows.js";
import { type PeerSettings, SETTING_BYTES, uint32 } from "./settings.js";
import type { Http2Stream } from "./stream.js";
import type { Streams } from "./streams.js";

/** The parts of a connection that frames go to. */
export interface ReceiverParts {
  readonly state: ConnectionState;
  readonly limits: Http2Limits;
  readonly events: Http2Events;
  readonly peer: PeerSettings;
  readonly frames: FrameWriter;
  readonly streams: Streams;
  readonly windows: ReceiveWindows;
  readonly guard: FloodGuard;
  readonly headers: HeaderReceiver;
}

export class Receiver implements FrameTaker {
  readonly #state: ConnectionState;
  readonly #events: Http2Events;
  readonly #peer: PeerSettings;
  readonly #frames: FrameWriter;
  readonly #streams: Streams;
  readonly #windows: ReceiveWindows;
  readonly #guard: FloodGuard;
  readonly #headers: HeaderReceiver;
  readonly #fragments: HeaderFragments;
  readonly #fragment: Fragment = { from: 0, to: 0, selfDependent: false };

  constructor(parts: ReceiverParts) {
    this.#state = parts.state;
    this.#events = parts.events;
    this.#peer = parts.peer;
    this.#frames = parts.frames;
    this.#streams = parts.streams;
    this.#windows = parts.windows;
    this.#guard = parts.guard;
    this.#headers = parts.headers;
    this.#fragments = new HeaderFragments(parts.limits);
  }

  /** Bytes kept of a header block that is not whole. */
  get fragmentBytes(): number {
    return this.#fragments.bytes;
  }

  frame(type: number, flags: number, id: number, bytes: Uint8Array, from: number, to: number): boolean {
    if (this.#fragments.streamId !== 0 && (type !== FrameType.CONTINUATION || id !== this.#fragments.streamId)) {
      throw wrong("a frame inside a header block");
    }
    if (!this.#state.ready && (type !== FrameType.SETTINGS || (flags & ACK) !== 0)) {
      throw wrong("the first frame is not SETTINGS");
    }
    switch (type) {
      case FrameType.DATA:
        this.#data(flags, id, bytes, from, to);
        break;
      case FrameType.HEADERS:
        this.#headersFrame(flags, id, bytes, from, to);
        break;
      case FrameType.PRIORITY:
        this.#priority(id, bytes, from, to);
        break;
      case FrameType.RST_STREAM:
        this.#reset(id, bytes, from, to);
        break;
      case FrameType.SETTINGS:
        this.#settings(flags, id, bytes, from, to);
        break;
      case FrameType.PUSH_PROMISE:
        throw wrong("PUSH_PROMISE, which nobody allows");
      case FrameType.PING:
        this.#ping(flags, id, bytes, from, to);
        break;
      case FrameType.GOAWAY:
        this.#goAway(id, bytes, from, to);
        break;
      case FrameType.WINDOW_UPDATE:
        this.#windowUpdate(id, bytes, from, to);
        break;
      case FrameType.CONTINUATION:
        this.#continuation(flags, id, bytes, from, to);
        break;
      default:
        // Frames of unknown types are ignored (§5.5).
        this.#guard.controlFrame();
    }
    return !this.#state.over;
  }

  #data(flags: number, id: number, bytes: Uint8Array, from: number, to: number): void {
    if (id === 0) throw wrong("DATA on the connection");
    const length = to - from;
    this.#windows.received(length);
    let padding = 0;
    if ((flags & FrameFlag.PADDED) !== 0) {
      padding = length === 0 ? 1 : 1 + (bytes[from] as number);
      if (padding > length) throw wrong("more padding than DATA has");
    }
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      this.#late(id, "DATA");
      this.#windows.giveBackToConnection(length);
      return;
    }
    stream.unreadBytes += length;
    if (stream.remoteEnded) {
      this.#headers.refuse(id, ErrorCode.STREAM_CLOSED);
      return;
    }
    stream.receiveWindow -= length;
    const endStream = (flags & FrameFlag.END_STREAM) !== 0;
    if (stream.receiveWindow < 0) this.#headers.refuse(id, ErrorCode.FLOW_CONTROL_ERROR);
    else if (!stream.headSeen || !fitsContentLength(stream, length - padding, endStream)) {
      this.#headers.refuse(id, ErrorCode.PROTOCOL_ERROR);
    } else {
      const start = padding === 0 ? from : from + 1;
      if (padding > 0) this.#windows.consumed(stream, padding);
      this.#content(stream, bytes, start, start + length - padding, endStream);
    }
  }

  #content(stream: Http2Stream, bytes: Uint8Array, from: number, to: number, endStream: boolean): void {
    if (from === to && !endStream) {
      this.#guard.controlFrame();
      return;
    }
    if (endStream) this.#streams.endRemote(stream);
    stream.handler.data(new Uint8Array(bytes.buffer, bytes.byteOffset + from, to - from), endStream);
  }

  #headersFrame(flags: number, id: number, bytes: Uint8Array, from: number, to: number): void {
    if (id === 0) throw wrong("HEADERS on the connection");
    const fragment = this.#fragment;
    readFragment(fragment, flags, id, bytes, from, to);
    if ((flags & FrameFlag.END_HEADERS) === 0) {
      this.#fragments.begin(id, flags, bytes, fragment);
      return;
    }
    const endStream = (flags & FrameFlag.END_STREAM) !== 0;
    this.#headers.block(id, endStream, fragment.selfDependent, bytes, fragment.from, fragment.to);
  }

  #continuation(flags: number, id: number, bytes: Uint8Array, from: number, to: number): void {
    const fragments = this.#fragments;
    if (fragments.streamId === 0) throw wrong("CONTINUATION without a header block");
    fragments.add(bytes, from, to);
    if ((flags & FrameFlag.END_HEADERS) === 0) return;
    const endStream = (fragments.flags & FrameFlag.END_STREAM) !== 0;
    const block = fragments.end();
    this.#headers.block(id, endStream, fragments.selfDependent, block, 0, block.length);
  }

  /** Priorities are ignored (§5.3.2), and wrong ones are wrong all the same. */
  #priority(id: number, bytes: Uint8Array, from: number, to: number): void {
    if (id === 0) throw wrong("PRIORITY on the connection");
    if (to - from !== 5) this.#wrongPriority(id, ErrorCode.FRAME_SIZE_ERROR);
    else if (uint32(bytes, from) % 0x80000000 === id) this.#wrongPriority(id, ErrorCode.PROTOCOL_ERROR);
    this.#guard.controlFrame();
  }

  /** A stream that is not open cannot be reset. */
  #wrongPriority(id: number, code: number): void {
    if (this.#streams.get(id) === undefined) throw new Http2Error(code, `a wrong PRIORITY for stream ${id}`);
    this.#headers.refuse(id, code);
  }

  #reset(id: number, bytes: Uint8Array, from: number, to: number): void {
    if (id === 0) throw wrong("RST_STREAM on the connection");
    checkSize("RST_STREAM", to - from, 4);
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      if (this.#state.isIdle(id)) throw wrong(`RST_STREAM for stream ${id}, which was not opened`);
      this.#guard.reaction();
      return;
    }
    const code = uint32(bytes, from);
    this.#streams.cut(stream, code, code === ErrorCode.REFUSED_STREAM);
    if (!this.#state.client) this.#guard.reset();
  }

  #settings(flags: number, id: number, bytes: Uint8Array, from: number, to: number): void {
    if (id !== 0) throw wrong("SETTINGS on a stream");
    if ((flags & ACK) !== 0) {
      checkSize("SETTINGS with ACK", to - from, 0);
      this.#guard.controlFrame();
      this.#windows.acknowledged(this.#streams.all());
      return;
    }
    if ((to - from) % SETTING_BYTES !== 0) checkSize("SETTINGS", to - from, SETTING_BYTES);
    const windowBytes = this.#peer.windowBytes;
    this.#peer.read(bytes, from, to, this.#state.client);
    this.#state.ready = true;
    this.#frames.settingsAck();
    this.#guard.controlFrame();
    const more = this.#peer.windowBytes - windowBytes;
    if (more !== 0 && !this.#streams.sender.shift(this.#streams.all(), more)) {
      throw new Http2Error(ErrorCode.FLOW_CONTROL_ERROR, "SETTINGS make a stream's window too large");
    }
    this.#events.settings();
  }

  #ping(flags: number, id: number, bytes: Uint8Array, from: number, to: number): void {
    if (id !== 0) throw wrong("PING on a stream");
    checkSize("PING", to - from, 8);
    if ((flags & ACK) !== 0) {
      this.#guard.reaction();
      this.#events.pong(bytes.slice(from, to));
      return;
    }
    this.#guard.ping(this.#streams.count > 0);
    this.#frames.ping(bytes.subarray(from, to), true);
  }

  #goAway(id: number, bytes: Uint8Array, from: number, to: number): void {
    if (id !== 0) throw wrong("GOAWAY on a stream");
    if (to - from < 8) checkSize("GOAWAY", to - from, 8);
    this.#guard.controlFrame();
    // A second one may only lower the bound (§6.8).
    const state = this.#state;
    state.lastAllowedId = Math.min(state.lastAllowedId, uint32(bytes, from) % 0x80000000);
    state.leaving = true;
    const code = uint32(bytes, from + 4);
    if (state.client) {
      for (const stream of this.#streams.all()) {
        if (stream.id > state.lastAllowedId) this.#streams.cut(stream, code, true);
      }
    }
    this.#events.goAway(state.lastAllowedId, code, bytes.slice(from + 8, to));
  }

  #windowUpdate(id: number, bytes: Uint8Array, from: number, to: number): void {
    checkSize("WINDOW_UPDATE", to - from, 4);
    const more = uint32(bytes, from) % 0x80000000;
    if (more < WINDOW_UPDATE_BYTES_MIN) this.#guard.reaction();
    if (id === 0) {
      if (more === 0) throw wrong("WINDOW_UPDATE of 0");
      if (this.#streams.sender.grantConnection(more)) return;
      throw new Http2Error(ErrorCode.FLOW_CONTROL_ERROR, "WINDOW_UPDATE makes the connection's window too large");
    }
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      if (this.#state.isIdle(id)) throw wrong(`WINDOW_UPDATE for stream ${id}, which was not opened`);
    } else if (more === 0) this.#headers.refuse(id, ErrorCode.PROTOCOL_ERROR);
    else if (!this.#streams.sender.grant(stream, more)) this.#headers.refuse(id, ErrorCode.FLOW_CONTROL_ERROR);
  }

  /** A frame for a stream that is not open: from before our reset was seen, or wrong (§5.1). */
  #late(id: number, what: string): void {
    if (this.#state.isIdle(id)) throw wrong(`${what} on stream ${id}, which was not opened`);
    const resetByUs = this.#streams.wasResetByUs(id);
    if (resetByUs === true || (resetByUs === undefined && this.#state.client)) this.#guard.reaction();
    else this.#headers.refuse(id, ErrorCode.STREAM_CLOSED);
  }
}

/** Takes bytes off what content-length has announced; false when they are too many, or the last ones too few. */
function fitsContentLength(stream: Http2Stream, bytes: number, endStream: boolean): boolean {
  if (stream.contentLeft < 0) return true;
  stream.contentLeft -= bytes;
  return endStream ? stream.contentLeft === 0 : stream.contentLeft >= 0;
}

function checkSize(what: string, bytes: number, wanted: number): void {
  if (bytes !== wanted) throw new Http2Error(ErrorCode.FRAME_SIZE_ERROR, `${what} of ${bytes} bytes`);
}

function wrong(message: string): Http2Error {
  return new Http2Error(ErrorCode.PROTOCOL_ERROR, message);
}
