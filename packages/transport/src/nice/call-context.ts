/** nice-grpc's call context behind the port's. Metadata is converted when it is asked for. */
import type { CallContext as NiceCallContext } from "nice-grpc-common";
import type { Metadata, MetadataInit } from "../metadata.js";
import type { CallContext } from "../server.js";
import { fromNiceMetadata, writeNiceMetadata } from "./metadata.js";

export class NiceContext implements CallContext {
  readonly path: string;
  readonly certificateName: string | undefined;
  readonly #context: NiceCallContext;
  #metadata: Metadata | undefined;

  constructor(context: NiceCallContext, path: string, certificateName: string | undefined) {
    this.#context = context;
    this.path = path;
    this.certificateName = certificateName;
  }

  get signal(): AbortSignal {
    return this.#context.signal;
  }

  get metadata(): Metadata {
    this.#metadata ??= fromNiceMetadata(this.#context.metadata);
    return this.#metadata;
  }

  get peer(): string {
    return this.#context.peer;
  }

  sendHeader(header: MetadataInit = {}): void {
    writeNiceMetadata(this.#context.header, header);
    this.#context.sendHeader();
  }

  setTrailer(trailer: MetadataInit): void {
    writeNiceMetadata(this.#context.trailer, trailer);
  }
}
