/** Finding the instances of services. `directory.ts` has what is found. */
import { type Codec, codec, type Store } from "@kvorum/client";
import { checkStore } from "../../contention/checks.js";
import { type DirectoryOptions, LiveDirectory, type ServiceDirectory } from "./directory.js";
import { checkService, type Endpoint, endpointCodec } from "./endpoint.js";

export interface DiscoveryOptions<M> {
  /** JSON of `Metadata` to metadata: `codec.schema(…)` or a codec of JSON text. Default: any JSON, unchecked. */
  readonly metadata?: Codec<M, never>;
}

/** Reads a client, or a namespace of one, which may be shared with anything else. Holds nothing itself. */
export class Discovery<M = unknown> {
  readonly #store: Store<Endpoint<M>>;

  constructor(store: Pick<Store, "withCodec">, options: DiscoveryOptions<M> = {}) {
    checkStore(store, "discovery");
    const metadata = (options.metadata ?? codec.json<unknown>()) as Codec<M, unknown>;
    this.#store = store.withCodec(endpointCodec(metadata)) as Store<Endpoint<M>>;
  }

  /**
   * The live directory of a service, which reads and watches until it is closed. It begins at once and does not wait: `ready`
   * and `waitFor` do. Errors: `TypeError`, `RangeError` of a wrong argument.
   */
  watch(service: string, options: DirectoryOptions<M> = {}): ServiceDirectory<M> {
    checkService(service);
    return new LiveDirectory(this.#store, service, options);
  }
}
