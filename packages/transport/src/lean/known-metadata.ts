/**
 * The fields of metadata that a caller hands over with every call, such as its token: they are made once, and being the same
 * array they are told from others at a glance. Only what cannot change is remembered: a frozen object of texts. Bytes can.
 */
import { fieldsOf } from "../grpc/metadata-fields.js";
import type { HeaderField } from "../http2/hpack/header-field.js";
import type { MetadataInit } from "../metadata.js";

export class KnownMetadata {
  #init: MetadataInit | undefined = undefined;
  #fields: readonly HeaderField[] = [];

  /** Errors: those of `fieldsOf`. */
  fields(init: MetadataInit): readonly HeaderField[] {
    if (init === this.#init) return this.#fields;
    const fields = fieldsOf(init);
    if (isConstant(init)) {
      this.#init = init;
      this.#fields = fields;
    }
    return fields;
  }
}

function isConstant(init: MetadataInit): boolean {
  return Object.isFrozen(init) && Object.values(init).every((value) => typeof value === "string");
}
