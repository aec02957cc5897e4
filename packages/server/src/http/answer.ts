/** Answers of the plain HTTP endpoints: made whole, then sent. */
import type { IncomingMessage, ServerResponse } from "node:http";

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export function json(status: number, value: object): Answer {
  return { status, contentType: "application/json", body: JSON.stringify(value) };
}

export function text(status: number, body: string): Answer {
  return { status, contentType: "text/plain; charset=utf-8", body };
}

export function notFound(): Answer {
  return text(404, "404 page not found\n");
}

export function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  // A body that nobody asked for is not read: the connection ends instead.
  if (request.headers["content-length"] !== undefined || request.headers["transfer-encoding"] !== undefined) {
    response.setHeader("Connection", "close");
  }
  response.writeHead(answer.status, {
    "Content-Type": answer.contentType,
    "Content-Length": Buffer.byteLength(answer.body),
    "X-Content-Type-Options": "nosniff",
  });
  response.end(answer.body);
}
