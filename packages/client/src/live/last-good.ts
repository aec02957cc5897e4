/** The last good bytes of a configuration in its fallback file. A file that fails is reported, and no reason to stop. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { byteString } from "./byte-order.js";
import { type ConfigFile, readSaved, type SavedPair, writeSaved } from "./config-file.js";
import type { Checked, ConfigField, ConfigReader } from "./config-reader.js";
import { ConfigFileError } from "./options.js";
import { sameData } from "./same-data.js";

/** All keys at one revision, undefined where one does not exist. */
export interface Reading {
  readonly revision: bigint;
  readonly pairs: readonly (SavedPair | undefined)[];
}

export interface LastGoodInit<S extends StandardSchemaV1> {
  readonly file: ConfigFile;
  readonly fields: readonly ConfigField[];
  readonly reader: ConfigReader<S>;
  readonly onError: ((error: ConfigFileError) => void) | undefined;
}

export class LastGood<S extends StandardSchemaV1> {
  readonly #init: LastGoodInit<S>;
  /** The bytes that are in the file. */
  #saved: readonly (SavedPair | undefined)[] = [];

  constructor(init: LastGoodInit<S>) {
    this.#init = init;
  }

  /** What the file says today; undefined where there is none that can be used. */
  async load(): Promise<(Checked<StandardSchemaV1.InferOutput<S>> & { readonly revision: bigint }) | undefined> {
    const { file, fields, reader, onError } = this.#init;
    try {
      const text = await file.read();
      if (text === undefined) return undefined;
      const { revision, pairs: saved } = readSaved(text);
      const pairs = fields.map(({ wireKey }) => saved.get(byteString(wireKey)));
      if (pairs.every((pair) => pair === undefined)) throw new TypeError("it is of other keys");
      const checked = await reader.read(pairs);
      this.#saved = pairs;
      return { ...checked, revision };
    } catch (cause) {
      onError?.(new ConfigFileError("the fallback file cannot be used", { cause }));
      return undefined;
    }
  }

  /** Writes what is not there already. */
  async save({ revision, pairs }: Reading): Promise<void> {
    const { file, fields, onError } = this.#init;
    if (sameData(pairs, this.#saved)) return;
    const saved = new Map<string, SavedPair>();
    for (const [i, { wireKey }] of fields.entries()) {
      const pair = pairs[i];
      if (pair !== undefined) saved.set(byteString(wireKey), pair);
    }
    try {
      await file.write(writeSaved({ revision, pairs: saved }));
      this.#saved = pairs;
    } catch (cause) {
      onError?.(new ConfigFileError("the fallback file cannot be written", { cause }));
    }
  }
}
