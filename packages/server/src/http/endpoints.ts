/** A table of plain endpoints: a path, and what answers a GET of it. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Answer, notFound, send, text } from "./answer.js";

/** `signal` aborts when the caller has gone. */
export type Endpoint = (query: URLSearchParams, signal: AbortSignal) => Promise<Answer> | Answer;

export type Endpoints = ReadonlyMap<string, Endpoint>;

/** Answers the request; 404 for a path that is not in the table, 405 for another method than GET. */
export async function serveEndpoint(
  endpoints: Endpoints,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { path, query } = targetOf(request);
  const endpoint = endpoints.get(path);
  if (endpoint === undefined) return send(request, response, notFound());
  if (request.method !== "GET") {
    response.setHeader("Allow", "GET");
    return send(request, response, text(405, "Method Not Allowed\n"));
  }
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  send(request, response, await endpoint(query, gone.signal));
}

export interface Target {
  readonly path: string;
  readonly query: URLSearchParams;
}

/** The path as it was sent, and what follows the question mark. */
export function targetOf({ url = "" }: IncomingMessage): Target {
  const mark = url.indexOf("?");
  if (mark === -1) return { path: url, query: new URLSearchParams() };
  return { path: url.slice(0, mark), query: new URLSearchParams(url.slice(mark + 1)) };
}
