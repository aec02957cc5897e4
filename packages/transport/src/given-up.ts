/**
 * Connections that the engine has given up. nghttp2 answers a mistake of the connection (RFC 9113 §5.4.1) or the end of it in
 * the middle of a frame with GOAWAY, and Node then neither reads nor closes it, also when the client has long gone: each
 * would cost three sockets and a session for good. Node ends all calls of a client that has ended its side, so that nothing
 * is lost when such a connection is closed a little later. The engine's own end of it is closed by `Partings`.
 */
import type { Socket } from "node:net";
import { FRAME_HEAD_BYTES, FrameType } from "./http2/frame.js";
import { FrameHeads } from "./http2/frame-heads.js";

/** How long the engine has to tell a client why its connection ends, in milliseconds. */
const FAREWELL_MS_MAX = 500;
/** Of GOAWAY's payload: the last stream and the error. */
const GOAWAY_BYTES = 8;
const ERROR_AT = FRAME_HEAD_BYTES + 4;
const NO_ERROR = 0;

/** Closes the connection to the engine when the engine does not: once the client is gone, or was told of an error. */
export function closeGivenUp(client: Socket, engine: Socket): void {
  const heads = new FrameHeads(
    (type, _flags, _streamId, bytes) => {
      if (type === FrameType.GOAWAY && errorOf(bytes) !== NO_ERROR) closeLate(engine);
    },
    0,
    GOAWAY_BYTES,
  );
  engine.on("data", (chunk: Buffer) => heads.push(chunk));
  client.once("end", () => closeLate(engine));
}

/** Closes it if it does not close by itself within half a second. */
export function closeLate(socket: Socket): void {
  if (socket.closed) return;
  const late = setTimeout(() => socket.destroy(), FAREWELL_MS_MAX);
  socket.once("close", () => clearTimeout(late));
}

function errorOf(goaway: Uint8Array): number {
  const octet = (at: number): number => goaway[ERROR_AT + at] ?? 0;
  return ((octet(0) << 24) | (octet(1) << 16) | (octet(2) << 8) | octet(3)) >>> 0;
}
