/**
 * Server-sent events to any number of browsers. Each gets a snapshot when it connects, also after a reconnect, and then
 * every change, so no page can have a gap.
 */
import type { IncomingMessage, ServerResponse } from "node:http";

/** A browser that reads nothing is cut off at this many bytes; it comes back by itself and gets a snapshot. */
const UNREAD_BYTES_MAX = 1024 * 1024;
const HEARTBEAT_MS = 15_000;

export class EventStream implements Disposable {
  readonly #responses = new Set<ServerResponse>();
  #heartbeat: NodeJS.Timeout | undefined;

  open(request: IncomingMessage, response: ServerResponse, snapshot: unknown): void {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.write(`retry: 1000\n${eventText("snapshot", snapshot)}`);
    this.#responses.add(response);
    this.#heartbeat ??= setInterval(() => this.#write(": still here\n\n"), HEARTBEAT_MS);
    request.once("close", () => this.#responses.delete(response));
  }

  send(name: string, data: unknown): void {
    this.#write(eventText(name, data));
  }

  [Symbol.dispose](): void {
    clearInterval(this.#heartbeat);
    for (const response of this.#responses) response.end();
  }

  #write(text: string): void {
    for (const response of this.#responses) {
      if (response.writableLength > UNREAD_BYTES_MAX) response.destroy();
      else response.write(text);
    }
  }
}

function eventText(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
