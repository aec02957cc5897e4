/**
 * Header blocks that come: decoded in their order whatever becomes of them, because the tables must stay in step, and then
 * given to the stream they belong to, or refused (RFC 9113 §8.1).
 */
import type { ConnectionState } from "./connection-state.js";
import { ErrorCode, Http2Error } from "./error-code.js";
import type { Http2Events, StreamHandler } from "./events.js";
import { type ListKind, type Verdict, verdictOn } from "./field-rules.js";
import type { FloodGuard } from "./flood-guard.js";
import { HpackDecoder } from "./hpack/decoder.js";
import { HpackError } from "./hpack/header-field.js";
import type { HeaderList } from "./hpack/header-list.js";
import type { Http2Limits } from "./limits.js";
import type { Http2Stream } from "./stream.js";
import type { Streams } from "./streams.js";

export class HeaderReceiver {
  readonly #state: ConnectionState;
  readonly #limits: Http2Limits;
  readonly #events: Http2Events;
  readonly #streams: Streams;
  readonly #guard: FloodGuard;
  readonly #decoder: HpackDecoder;

  constructor(state: ConnectionState, limits: Http2Limits, events: Http2Events, streams: Streams, guard: FloodGuard) {
    this.#state = state;
    this.#limits = limits;
    this.#events = events;
    this.#streams = streams;
    this.#guard = guard;
    this.#decoder = new HpackDecoder(limits);
  }

  /** A whole block, the octets from `from` up to `to`. */
  block(id: number, endStream: boolean, selfDependent: boolean, bytes: Uint8Array, from: number, to: number): void {
    const list = this.#decode(bytes, from, to);
    const stream = this.#streams.get(id);
    if (stream === undefined) this.#withoutStream(id, endStream, selfDependent, list);
    else if (stream.remoteEnded) this.refuse(id, ErrorCode.STREAM_CLOSED);
    else if (selfDependent) this.refuse(id, ErrorCode.PROTOCOL_ERROR);
    else if (stream.headSeen) this.#trailers(stream, endStream, list);
    else this.#response(stream, endStream, list);
  }

  /** Ends a stream because of what has come for it, and counts that. */
  refuse(id: number, code: number): void {
    this.#streams.refuse(id, code);
    this.#guard.reset();
  }

  #decode(bytes: Uint8Array, from: number, to: number): HeaderList {
    try {
      return this.#decoder.decode(bytes, from, to);
    } catch (error) {
      if (error instanceof HpackError) throw new Http2Error(ErrorCode.COMPRESSION_ERROR, error.message);
      throw error;
    }
  }

  #withoutStream(id: number, endStream: boolean, selfDependent: boolean, list: HeaderList): void {
    if (id % 2 === 0) throw new Http2Error(ErrorCode.PROTOCOL_ERROR, `HEADERS on stream ${id}, which nobody opened`);
    if (!this.#state.isIdle(id)) this.#late(id);
    else if (this.#state.client) {
      throw new Http2Error(ErrorCode.PROTOCOL_ERROR, `an answer on stream ${id}, which was not opened`);
    } else this.#request(id, endStream, selfDependent, list);
  }

  /** For a stream that is over: sent before our reset was seen, or wrong. */
  #late(id: number): void {
    const resetByUs = this.#streams.wasResetByUs(id);
    if (resetByUs === true) this.#guard.reaction();
    else if (resetByUs === false)
      throw new Http2Error(ErrorCode.STREAM_CLOSED, `HEADERS on stream ${id}, which is over`);
    else if (!this.#state.client) {
      throw new Http2Error(ErrorCode.PROTOCOL_ERROR, `stream ${id} comes after stream ${this.#state.lastPeerId}`);
    } else this.#guard.reaction();
  }

  #request(id: number, endStream: boolean, selfDependent: boolean, list: HeaderList): void {
    this.#state.lastPeerId = id;
    const verdict = this.#verdict(list, "request", endStream);
    if (this.#state.refusing || this.#streams.count >= this.#limits.concurrentStreamsMax) {
      this.refuse(id, ErrorCode.REFUSED_STREAM);
    } else if (list.tooLarge) this.refuse(id, ErrorCode.ENHANCE_YOUR_CALM);
    else if (selfDependent || verdict === undefined) this.refuse(id, ErrorCode.PROTOCOL_ERROR);
    else {
      this.#state.lastRequestId = id;
      const stream = this.#streams.begin(id, NOBODY, true);
      stream.contentLeft = verdict.contentLength;
      stream.remoteEnded = endStream;
      this.#events.request(stream, list.fields, endStream);
    }
  }

  #response(stream: Http2Stream, endStream: boolean, list: HeaderList): void {
    const verdict = this.#verdict(list, "response", endStream);
    if (list.tooLarge) this.refuse(stream.id, ErrorCode.ENHANCE_YOUR_CALM);
    else if (verdict === undefined || verdict.status === 101) this.refuse(stream.id, ErrorCode.PROTOCOL_ERROR);
    else if (verdict.status < 200) {
      if (endStream) this.refuse(stream.id, ErrorCode.PROTOCOL_ERROR);
      else this.#guard.controlFrame();
    } else {
      stream.headSeen = true;
      stream.contentLeft = verdict.contentLength;
      this.#deliver(stream, endStream, list);
    }
  }

  #trailers(stream: Http2Stream, endStream: boolean, list: HeaderList): void {
    if (list.tooLarge) this.refuse(stream.id, ErrorCode.ENHANCE_YOUR_CALM);
    else if (!endStream || stream.contentLeft > 0 || verdictOn(list, "trailers").malformed) {
      this.refuse(stream.id, ErrorCode.PROTOCOL_ERROR);
    } else this.#deliver(stream, true, list);
  }

  #deliver(stream: Http2Stream, endStream: boolean, list: HeaderList): void {
    if (endStream) this.#streams.endRemote(stream);
    stream.handler.headers(list.fields, endStream);
  }

  /** Undefined for a list that is malformed, or that ends a message which should be longer. */
  #verdict(list: HeaderList, kind: ListKind, endStream: boolean): Verdict | undefined {
    const verdict = verdictOn(list, kind);
    return verdict.malformed || (endStream && verdict.contentLength > 0 && verdict.status !== 304)
      ? undefined
      : verdict;
  }
}

/** Until a request has its handler, and if it is not given one. */
const NOBODY: StreamHandler = { headers() {}, data() {}, reset() {}, drained() {} };
