/**
 * The requests in a body, as text, while it arrives. What waits for its other half is bounded twice: each object by its
 * size, all of one node's together by a budget, so that many slow senders cost no more memory than a few.
 */
import { RpcError, StatusCode } from "@kvorum/transport";
import { type DocumentLimits, DocumentSplitter } from "./json/documents.js";
import { JsonError } from "./json/json-error.js";

/** Bytes of all unfinished requests of a node. */
const UNFINISHED_BYTES_MAX = 128 * 1024 * 1024;

/** Memory for requests that have not arrived completely. */
export class BodyBudget {
  #free: number;

  constructor(bytesMax: number = UNFINISHED_BYTES_MAX) {
    this.#free = bytesMax;
  }

  get freeBytes(): number {
    return this.#free;
  }

  /** Errors: RESOURCE_EXHAUSTED, and nothing is taken. */
  take(bytes: number): void {
    if (bytes > this.#free) {
      throw new RpcError(StatusCode.RESOURCE_EXHAUSTED, "too many unfinished requests: try again later");
    }
    this.#free -= bytes;
  }

  give(bytes: number): void {
    this.#free += bytes;
  }
}

export interface BodyLimits {
  readonly budget: BodyBudget;
  /** Of one request. */
  readonly document: DocumentLimits;
}

/**
 * Every request of a body. Errors: `JsonError`; RESOURCE_EXHAUSTED for one that is too large or while memory is short; those of
 * the chunks.
 */
export async function* documentsOf(
  chunks: AsyncIterable<Uint8Array>,
  { budget, document }: BodyLimits,
): AsyncGenerator<string, void, undefined> {
  const splitter = new DocumentSplitter(document);
  let taken = 0;
  try {
    for await (const chunk of chunks) {
      for (const text of splitter.push(chunk)) yield text;
      budget.take(Math.max(0, splitter.pendingBytes - taken));
      budget.give(Math.max(0, taken - splitter.pendingBytes));
      taken = splitter.pendingBytes;
    }
    splitter.end();
  } finally {
    budget.give(taken);
  }
}

/** The one request of a call that takes one; undefined for an empty body. Errors: `JsonError` for more than one. */
export async function onlyDocument(documents: AsyncIterable<string>): Promise<string | undefined> {
  let only: string | undefined;
  for await (const text of documents) {
    if (only !== undefined) throw new JsonError("proto: syntax error: a second request follows the first");
    only = text;
  }
  return only;
}
