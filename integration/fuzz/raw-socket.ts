/** Bytes on a connection, and whatever comes back. */
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

export interface RawExchange {
  readonly port: number;
  /** Written one after the other. */
  readonly parts: readonly Buffer[];
  /** Milliseconds between two parts. Default 0. */
  readonly pauseMs?: number;
  /** Whether the client ends its side after the last part. Default false. */
  readonly end?: boolean;
  /** Shake hands first, offering this protocol. */
  readonly tls?: { readonly protocol: string };
  /** After which the connection is cut, if the other side has not ended it. */
  readonly waitMs: number;
  /** Cut it as soon as this is true of what has come. */
  readonly until?: (answer: Buffer) => boolean;
}

export interface RawAnswer {
  readonly bytes: Buffer;
  /** The other side has ended the connection. */
  readonly ended: boolean;
}

const KEPT_MAX = 65_536;

/** Never rejects: a connection that breaks has ended. */
export async function exchange({
  port,
  parts,
  pauseMs = 0,
  end = false,
  tls,
  waitMs,
  until,
}: RawExchange): Promise<RawAnswer> {
  const socket: Socket =
    tls === undefined
      ? connectPlain({ port, host: "127.0.0.1" })
      : connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: [tls.protocol] });
  socket.on("error", () => {});
  let bytes: Buffer = Buffer.alloc(0);
  let ended = false;
  const over = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, waitMs);
    socket.once("close", () => {
      ended = true;
      clearTimeout(timer);
      resolve();
    });
    socket.on("data", (chunk: Buffer) => {
      if (bytes.length < KEPT_MAX) bytes = Buffer.concat([bytes, chunk]);
      if (until?.(bytes) !== true) return;
      clearTimeout(timer);
      resolve();
    });
  });
  for (const part of parts) {
    if (socket.destroyed) break;
    socket.write(part);
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  if (end) socket.end();
  await over;
  socket.destroy();
  return { bytes, ended };
}
