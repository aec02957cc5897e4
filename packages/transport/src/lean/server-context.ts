/** What a handler sees of its call. Nothing is made before it is asked for: most handlers never look. */
import { metadataFrom } from "../grpc/metadata-fields.js";
import type { Metadata, MetadataInit } from "../metadata.js";
import type { CallContext } from "../server.js";
import type { ServerCall } from "./server-call.js";

export class ServerContext implements CallContext {
  readonly path: string;
  readonly peer: string;
  readonly certificateName: string | undefined;
  readonly #call: ServerCall;
  #metadata: Metadata | undefined;

  constructor(call: ServerCall, path: string, peer: string, certificateName: string | undefined) {
    this.path = path;
    this.peer = peer;
    this.certificateName = certificateName;
    this.#call = call;
    this.#metadata = undefined;
  }

  get signal(): AbortSignal {
    return this.#call.signal;
  }

  get metadata(): Metadata {
    this.#metadata ??= metadataFrom(this.#call.fields);
    return this.#metadata;
  }

  sendHeader(header?: MetadataInit): void {
    this.#call.sendHeader(header);
  }

  setTrailer(trailer: MetadataInit): void {
    this.#call.setTrailer(trailer);
  }
}
