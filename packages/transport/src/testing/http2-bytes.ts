/** For tests of HTTP/2: what nghttp2 writes, what it reads out of bytes, and frames made by hand. */
import { once } from "node:events";
import { type ClientHttp2Session, connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import { type AddressInfo, connect, createServer } from "node:net";
import { type Frame, FrameFlag, FrameSplitter, FrameType, frameBytes } from "../http2/frame.js";
import { encodeHeaders } from "../http2/hpack/encoder.js";
import { joined } from "../http2/octets.js";

export const preface: Uint8Array = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
export const settings: Uint8Array = frameBytes({ type: FrameType.SETTINGS, flags: 0, streamId: 0 }, new Uint8Array(0));

/** The frames of a connection's bytes. */
export function framesOf(bytes: Uint8Array, skip: number = preface.length): Frame[] {
  const splitter = new FrameSplitter(2 ** 24);
  splitter.push(bytes.subarray(skip));
  const frames: Frame[] = [];
  for (let frame = splitter.next(); frame !== undefined; frame = splitter.next()) frames.push(frame);
  return frames;
}

/** The head of a gRPC call. */
export function callFields(authority: string, path = "/a.B/C"): { name: string; value: string }[] {
  const fields = { ":method": "POST", ":scheme": "http", ":path": path, ":authority": authority, te: "trailers" };
  return Object.entries({ ...fields, "content-type": "application/grpc" }).map(([name, value]) => ({ name, value }));
}

/** HEADERS of a call without indexing, in one frame, with any flags beside END_HEADERS. */
export function callFrame(authority: string, streamId = 1, flags = 0): Uint8Array {
  const head = { type: FrameType.HEADERS, flags: FrameFlag.END_HEADERS | flags, streamId };
  return frameBytes(head, encodeHeaders(callFields(authority)));
}

/** All that nghttp2 writes for calls to this authority on one connection, with these headers beside the usual ones. */
export async function recorded(authority: string, calls: readonly Record<string, string>[] = [{}]): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const listener = createServer((socket) => {
    // Clients wait for a server's SETTINGS before they send a request.
    socket.write(settings);
    socket.on("data", (chunk) => chunks.push(chunk)).on("error", () => {});
  }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const session = connectHttp2(`http://127.0.0.1:${(listener.address() as AddressInfo).port}`).on("error", () => {});
  const opened = (): number =>
    framesOf(Buffer.concat(chunks)).filter(({ flags }) => (flags & FrameFlag.END_HEADERS) !== 0).length;
  try {
    for (const [i, headers] of calls.entries()) {
      startCall(session, authority, headers).end();
      while (opened() <= i) await new Promise((resolve) => setTimeout(resolve, 1));
    }
  } finally {
    session.destroy();
    listener.close();
  }
  return Buffer.concat(chunks);
}

/** Opens a stream as a gRPC client does; its body is the caller's to send. */
export function startCall(
  session: ClientHttp2Session,
  authority: string,
  headers: Record<string, string> = {},
): ReturnType<ClientHttp2Session["request"]> {
  const usual = Object.fromEntries(callFields(authority).map(({ name, value }) => [name, value]));
  return session.request({ ...usual, ...headers }).on("error", () => {});
}

/** What an HTTP/2 server of Node reads from these bytes: the authority, or the code the stream is reset with. */
export async function readByNode(bytes: Uint8Array): Promise<string> {
  const server = createHttp2Server().listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1").on("error", () => {});
  try {
    return await new Promise((resolve) => {
      server.on("stream", (stream, headers) => {
        stream.on("error", () => {});
        resolve(String(headers[":authority"]));
      });
      let answer = new Uint8Array(0);
      socket.on("data", (chunk) => {
        answer = joined([answer, chunk]) as Uint8Array<ArrayBuffer>;
        const reset = framesOf(answer, 0).find(({ type }) => type === FrameType.RST_STREAM);
        if (reset !== undefined) resolve(`reset with ${reset.payload[3]}`);
      });
      socket.write(bytes);
    });
  } finally {
    socket.destroy();
    server.close();
  }
}
