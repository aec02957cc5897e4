/**
 * A proxy that ends its first connection right after the first message of an answer has passed, and lets everything through
 * from then on. Of a watch that first message is the one that says it was created, so what the server has to report is
 * still to come.
 *
 * It reads just enough of HTTP/2 for that: nine bytes of header a frame, whose first three are the length and whose fourth
 * is the type (RFC 9113 §4.1), DATA being 0 (§6.1).
 */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export interface FirstMessageProxy extends AsyncDisposable {
  /** `http://127.0.0.1:port` */
  readonly endpoint: string;
  /** Connections made so far. */
  connections(): number;
}

const FRAME_HEADER_BYTES = 9;
const DATA = 0;

export async function cutAfterFirstMessage(target: string): Promise<FirstMessageProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((client) => {
    connections += 1;
    const upstream = connect(Number(port), hostname);
    let held = connections === 1 ? Buffer.alloc(0) : undefined;
    client.on("data", (bytes: Buffer) => upstream.write(bytes));
    upstream.on("data", (bytes: Buffer) => {
      if (held === undefined) return void client.write(bytes);
      held = Buffer.concat([held, bytes]);
      const { passed, sawMessage } = wholeFrames(held);
      client.write(held.subarray(0, passed));
      held = held.subarray(passed);
      // An orderly end: a reset could overtake the message.
      if (sawMessage) upstream.destroy();
    });
    upstream.on("close", () => client.end());
    client.on("close", () => upstream.destroy());
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      // A cut shows as an error on one side or the other; the end of the socket is all that matters here.
      socket.on("error", () => undefined);
      socket.on("close", () => sockets.delete(socket));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    connections: () => connections,
    [Symbol.asyncDispose]: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

/** How many bytes of complete frames there are, up to and with the first DATA frame. */
function wholeFrames(bytes: Buffer): { readonly passed: number; readonly sawMessage: boolean } {
  let passed = 0;
  while (passed + FRAME_HEADER_BYTES <= bytes.length) {
    const end = passed + FRAME_HEADER_BYTES + bytes.readUIntBE(passed, 3);
    if (end > bytes.length) break;
    const type = bytes[passed + 3];
    passed = end;
    if (type === DATA) return { passed, sawMessage: true };
  }
  return { passed, sawMessage: false };
}
