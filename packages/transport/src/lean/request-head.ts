/**
 * What every call of one method begins with, as an HPACK block that is written once. A call adds its timeout and its
 * metadata, and where both are those of the last time, nothing is written at all.
 */
import type { DescMethod } from "@bufbuild/protobuf";
import { encodeHeaders } from "../http2/hpack/encoder.js";
import type { HeaderField } from "../http2/hpack/header-field.js";
import { joined } from "../http2/octets.js";
import { methodPath } from "../method.js";

const USER_AGENT = "grpc-kvorum";

export class RequestHead {
  readonly path: string;
  readonly #fixed: Uint8Array;
  #lastTimeout: string | undefined;
  #lastMetadata: readonly HeaderField[] | undefined;
  #lastBlock: Uint8Array;

  constructor(method: DescMethod, authority: string, secure: boolean) {
    this.path = methodPath(method);
    this.#fixed = encodeHeaders(fixedFields(this.path, authority, secure));
    this.#lastBlock = this.#fixed;
  }

  /** The block of a call with this `grpc-timeout` and this metadata, which is known by its array. */
  block(timeout: string | undefined, metadata: readonly HeaderField[] | undefined): Uint8Array {
    if (timeout !== this.#lastTimeout || metadata !== this.#lastMetadata) {
      const fields = timeout === undefined ? [] : [{ name: "grpc-timeout", value: timeout }];
      this.#lastBlock = joined([
        this.#fixed,
        encodeHeaders(metadata === undefined ? fields : [...fields, ...metadata]),
      ]);
      this.#lastTimeout = timeout;
      this.#lastMetadata = metadata;
    }
    return this.#lastBlock;
  }
}

function fixedFields(path: string, authority: string, secure: boolean): HeaderField[] {
  const fields = {
    ":method": "POST",
    ":scheme": secure ? "https" : "http",
    ":path": path,
    ":authority": authority,
    te: "trailers",
    "content-type": "application/grpc",
    "user-agent": USER_AGENT,
    "grpc-accept-encoding": "identity,gzip",
  };
  return Object.entries(fields).map(([name, value]) => ({ name, value }));
}
