/**
 * What a mux tells the RPC engine of a connection that it passes on: who is at the other end. The first bytes on the
 * engine's private socket are a key that only the two know, a length, and the introduction; the client's bytes follow.
 * So nothing that a client sends can be taken for an introduction, and a connection without one is not served.
 */
import { timingSafeEqual } from "node:crypto";
import type { Socket } from "node:net";

export interface Introduction {
  /** Its number among the mux's own; see `Partings`. */
  readonly connection?: number;
  /** Undefined for a unix socket. */
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  /** Common name of a client certificate that was verified. */
  readonly certificateName?: string | undefined;
}

/** Length of the key, in bytes. */
export const INTRODUCTION_KEY_BYTES = 32;
const LENGTH_BYTES = 2;
const HEAD_BYTES = INTRODUCTION_KEY_BYTES + LENGTH_BYTES;
const BODY_BYTES_MAX = 0xffff;
/** The mux says it with its first write, in the same process. */
const TIMEOUT_MS = 10_000;

/** Errors: `RangeError` for an introduction that is too long to be true. */
export function introductionBytes(key: Uint8Array, introduction: Introduction): Uint8Array {
  const body = Buffer.from(JSON.stringify(introduction));
  if (body.length > BODY_BYTES_MAX) throw new RangeError(`an introduction has ${body.length} bytes`);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt16BE(body.length);
  return Buffer.concat([key, length, body]);
}

/**
 * Reads the introduction off the socket, which then stands at the client's first byte. A connection that does not begin
 * with one, ends before or takes too long is closed, and nobody hears of it.
 */
export function readIntroduction(key: Uint8Array, socket: Socket, read: (introduction: Introduction) => void): void {
  let head: Buffer = Buffer.alloc(0);
  const late = setTimeout(() => socket.destroy(), TIMEOUT_MS);
  const leave = (): void => {
    clearTimeout(late);
    socket.off("readable", onReadable).off("end", refuse).off("close", leave);
  };
  const refuse = (): void => {
    leave();
    socket.destroy();
  };
  const onReadable = (): void => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
    if (head.length < HEAD_BYTES) return;
    if (!timingSafeEqual(head.subarray(0, INTRODUCTION_KEY_BYTES), key)) {
      refuse();
      return;
    }
    const end = HEAD_BYTES + head.readUInt16BE(INTRODUCTION_KEY_BYTES);
    if (head.length < end) return;
    leave();
    if (head.length > end) socket.unshift(head.subarray(end));
    read(JSON.parse(head.toString("utf8", HEAD_BYTES, end)) as Introduction);
  };
  // Stays until somebody else listens: a socket without a listener for errors takes the process down.
  socket.on("error", () => {});
  socket.on("readable", onReadable).on("end", refuse).on("close", leave);
}
