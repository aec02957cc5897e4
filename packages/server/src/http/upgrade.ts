/**
 * Requests with an `Upgrade` header. Node takes every one of them out of HTTP once a server knows of WebSockets, also
 * those that merely offer HTTP/2 (`Upgrade: h2c`: Java's client, `curl --http2`), which a server may ignore (RFC 9110 §7.8). Those are
 * put back and read again without the offer.
 */
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";

export function isWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.trim().toLowerCase() === "websocket";
}

/** Offers that stand in the way of reading the request as a plain one. */
const DROPPED: ReadonlySet<string> = new Set(["upgrade", "http2-settings"]);

/** Hands the connection back to the server, the request in front of whatever follows it. */
export function replayAsRequest(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  for (let i = 0; i + 1 < request.rawHeaders.length; i += 2) {
    const [name = "", value = ""] = request.rawHeaders.slice(i, i + 2);
    const kept = name.toLowerCase() === "connection" ? withoutUpgrade(value) : value;
    if (!DROPPED.has(name.toLowerCase()) && kept !== "") lines.push(`${name}: ${kept}`);
  }
  // Header bytes are Latin-1 on the wire, and were read as such.
  const again = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  socket.unshift(Buffer.concat([again, head]));
  server.emit("connection", socket);
}

function withoutUpgrade(connection: string): string {
  return connection
    .split(",")
    .map((option) => option.trim())
    .filter((option) => !DROPPED.has(option.toLowerCase()))
    .join(", ");
}
