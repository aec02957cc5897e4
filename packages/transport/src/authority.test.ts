/** The repair of a URL in `:authority`, on bytes that nghttp2 itself has encoded. */
import { once } from "node:events";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import { type AddressInfo, connect, createServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { AuthorityRepair } from "./authority.js";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** What a client writes on a connection for one request to this authority. */
async function recorded(authority: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const listener = createServer((socket) => {
    // A server's empty SETTINGS, for which clients wait before they send a request.
    socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
    socket.on("data", (chunk) => chunks.push(chunk)).on("error", () => {});
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const session = connectHttp2(`http://127.0.0.1:${(listener.address() as AddressInfo).port}`);
  session.on("error", () => {});
  closers.push(() => {
    session.destroy();
    listener.close();
  });
  const stream = session.request({ ":method": "POST", ":path": "/a.B/C", ":authority": authority, te: "trailers" });
  stream.on("error", () => {});
  stream.end();
  const isHeaders = (): boolean => framesOf(Buffer.concat(chunks)).some(({ type }) => type === 1);
  while (!isHeaders()) await new Promise((resolve) => setTimeout(resolve, 5));
  return Buffer.concat(chunks);
}

function framesOf(bytes: Buffer): { type: number; start: number; end: number }[] {
  const frames = [];
  for (let at = 24; at + 9 <= bytes.length; ) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    if (end > bytes.length) break;
    frames.push({ type: bytes[at + 3] as number, start: at, end });
    at = end;
  }
  return frames;
}

function repaired(bytes: Buffer, chunkBytes: number): Buffer {
  const repair = new AuthorityRepair();
  const out: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const chunk = Buffer.from(bytes.subarray(at, at + chunkBytes));
    out.push(repair.done ? chunk : Buffer.from(repair.push(chunk)));
  }
  expect(repair.done).toBe(true);
  return Buffer.concat(out);
}

/** What an HTTP/2 server of Node reads from these bytes: the authority, or the code the stream is reset with. */
async function readByNode(bytes: Buffer): Promise<string> {
  const server = createHttp2Server();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  closers.push(() => {
    socket.destroy();
    server.close();
  });
  return new Promise((resolve) => {
    server.on("stream", (stream, headers) => {
      stream.on("error", () => {});
      resolve(String(headers[":authority"]));
    });
    let answer = Buffer.alloc(0);
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      answer = Buffer.concat([answer, chunk]);
      for (let at = 0; at + 13 <= answer.length; at += 9 + answer.readUIntBE(at, 3)) {
        if (answer[at + 3] === 3) resolve(`reset with ${answer.readUInt32BE(at + 9)}`);
      }
    });
    socket.write(bytes);
  });
}

describe("a URL as authority", () => {
  it("is refused by Node as it is, and read after the repair", async () => {
    for (const [sent, read] of [
      ["http://127.0.0.1:2379", "http:..127.0.0.1:2379"],
      ["https://etcd-0.example.test:2379/", "https:..etcd-0.example.test:2379."],
      ["http://[::1]:2379", "http:..[::1]:2379"],
    ] as const) {
      const bytes = await recorded(sent);
      expect(await readByNode(bytes)).toBe("reset with 1");
      expect(await readByNode(repaired(bytes, bytes.length))).toBe(read);
    }
  });

  it("is repaired alike however the bytes are cut", async () => {
    const bytes = await recorded("http://127.0.0.1:2379");
    const whole = repaired(bytes, bytes.length);
    for (const chunkBytes of [1, 2, 7, 24, 33]) expect(repaired(bytes, chunkBytes).equals(whole)).toBe(true);
    expect(whole.length).toBe(bytes.length);
  });

  it("is repaired when it is not Huffman-coded", () => {
    const block = Buffer.concat([Buffer.from([0x83, 0x41, 10]), Buffer.from("http://a:1"), Buffer.from([0x86])]);
    const bytes = Buffer.concat([Buffer.alloc(24, "P"), headersFrame(block, 4)]);
    expect(repaired(bytes, 5).toString("latin1")).toContain("http:..a:1");
  });
});

function headersFrame(payload: Buffer, flags: number): Buffer {
  return Buffer.concat([Buffer.from([0, 0, payload.length, 1, flags, 0, 0, 0, 1]), payload]);
}

describe("everything else", () => {
  it("passes untouched: ordinary authorities, padding and priority, frames before and after", async () => {
    const bytes = await recorded("127.0.0.1:2379");
    expect(repaired(bytes, 3).equals(bytes)).toBe(true);
    const path = Buffer.concat([Buffer.from([3, 0, 0, 0, 0, 16, 0x83, 0x04, 4]), Buffer.from("/a/b"), Buffer.alloc(3)]);
    const padded = Buffer.concat([Buffer.alloc(24, "P"), headersFrame(path, 0x2c), Buffer.from("/// later bytes ///")]);
    expect(repaired(padded, padded.length).equals(padded)).toBe(true);
  });

  it("is not held back: settings pass at once, half a HEADERS frame waits", async () => {
    const bytes = await recorded("http://127.0.0.1:2379");
    const headers = framesOf(bytes).find(({ type }) => type === 1) as { start: number; end: number };
    const repair = new AuthorityRepair();
    expect(repair.push(Buffer.from(bytes.subarray(0, headers.start))).length).toBe(headers.start);
    expect(repair.push(Buffer.from(bytes.subarray(headers.start, headers.end - 1))).length).toBe(0);
    expect(repair.push(Buffer.from(bytes.subarray(headers.end - 1, headers.end))).length).toBe(
      headers.end - headers.start,
    );
  });

  it("does no harm when it is garbage", () => {
    let seed = 7;
    for (let round = 0; round < 500; round++) {
      const payload = Buffer.from(
        Array.from({ length: 40 }, () => {
          seed = (seed * 48_271) % 2_147_483_647;
          return seed & 0xff;
        }),
      );
      const bytes = Buffer.concat([Buffer.alloc(24, "P"), headersFrame(payload, 4)]);
      expect(repaired(bytes, 11).length).toBe(bytes.length);
    }
  });
});
