/**
 * What goes over the wire for a range. Many rows are made bytes at once, and the answer forgets them when they are sent: the
 * promises of a call that has waited are old to the garbage collector, and what they hold stays for long after them.
 */
import { decodeMessage, encodeMessage, type RangeResponse, RangeResponseSchema } from "@kvorum/proto";
import { messageSlab } from "@kvorum/transport";
import type { RangeResult } from "../core/mvcc/operations.js";
import { rangeResponse } from "../io/wire/results.js";
import type { NodeApi } from "../node/api.js";
import { headerOf } from "./header.js";

/** Fewer rows are hardly worth a second look. */
const ROWS_MANY = 16;

type RangeMessage = ReturnType<typeof rangeResponse>;

export class RangeAnswers {
  readonly #node: NodeApi;
  readonly #slab = messageSlab();

  constructor(node: NodeApi) {
    this.#node = node;
  }

  of(result: RangeResult): RangeMessage {
    const response = rangeResponse(result, headerOf(this.#node, result.revision));
    if (result.kvs.length < ROWS_MANY) return response;
    return new EncodedRange(encodeMessage(RangeResponseSchema, response, this.#slab));
  }
}

/** All of a response is had by name until it is sent, taken apart when somebody asks; a spread of it has nothing. */
class EncodedRange {
  /** No property of its own, so that no copy with other fields takes it along. */
  #bytes: Uint8Array | undefined;
  #decoded: RangeResponse | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get $encoded(): Uint8Array | undefined {
    return this.#bytes;
  }

  $handedOn(): void {
    this.#bytes = undefined;
    this.#decoded = undefined;
  }

  get header(): RangeResponse["header"] {
    return this.#fields().header;
  }

  get kvs(): RangeResponse["kvs"] {
    return this.#fields().kvs;
  }

  get more(): boolean {
    return this.#fields().more;
  }

  get count(): bigint {
    return this.#fields().count;
  }

  #fields(): RangeResponse {
    if (this.#bytes === undefined) throw new Error("the answer is sent and no longer there");
    this.#decoded ??= decodeMessage(RangeResponseSchema, this.#bytes);
    return this.#decoded;
  }
}
