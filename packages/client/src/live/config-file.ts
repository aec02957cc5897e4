/**
 * The seam to the file in which a live value keeps its last good bytes, and the form of what is in it. Node's file system is
 * imported when a path is first used, so that a client without such a file runs where there is none.
 */
import { byteString, fromByteString } from "./byte-order.js";

/** A place for one text. */
export interface ConfigFile {
  /** Undefined when there is none. */
  read(): Promise<string | undefined>;
  /** Replaces it: whoever reads meanwhile, or after a crash, finds the old text or the new one. */
  write(text: string): Promise<void>;
}

/** The pair of one key as it was in the store. */
export interface SavedPair {
  readonly value: Uint8Array;
  readonly modRevision: bigint;
}

export interface SavedConfig {
  /** The revision at which it was read. */
  readonly revision: bigint;
  /** By the whole key, with the namespace, as its text. A key that did not exist is not there. */
  readonly pairs: ReadonlyMap<string, SavedPair>;
}

const FORMAT = 1;

export function writeSaved(saved: SavedConfig): string {
  const pairs = Object.fromEntries(
    [...saved.pairs].map(([key, { value, modRevision }]) => [
      key,
      { modRevision: String(modRevision), value: btoa(byteString(value)) },
    ]),
  );
  return `${JSON.stringify({ format: FORMAT, revision: String(saved.revision), pairs }, undefined, 2)}\n`;
}

/** Errors: when the text is not what `writeSaved` makes. What is in it is not repeated. */
export function readSaved(text: string): SavedConfig {
  const fields = parse(text);
  if (fields["format"] !== FORMAT) throw new TypeError("it is not the last good value of a configuration");
  const pairs = Object.entries(record(fields["pairs"])).map(([key, pair]) => {
    const { value, modRevision } = record(pair);
    if (typeof value !== "string") throw new TypeError("a pair has no value");
    return [key, { value: fromBase64(value), modRevision: revision(modRevision) }] as const;
  });
  return { revision: revision(fields["revision"]), pairs: new Map(pairs) };
}

/** A file that is replaced by renaming, with mode 0600. */
export function nodeFile(path: string): ConfigFile {
  return {
    async read() {
      const { readFile } = await import("node:fs/promises");
      try {
        return await readFile(path, "utf8");
      } catch (error) {
        if ((error as { code?: unknown }).code === "ENOENT") return undefined;
        throw error;
      }
    },
    async write(text) {
      const { open, rename, rm } = await import("node:fs/promises");
      // Beside the file, for a rename does not leave its file system. Exclusive: what lies there is somebody else's.
      const temporary = `${path}.${crypto.randomUUID()}.tmp`;
      try {
        const file = await open(temporary, "wx", 0o600);
        try {
          await file.writeFile(text);
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(temporary, path);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
    },
  };
}

function parse(text: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // The parser quotes what it could not read.
    throw new TypeError("it is not JSON");
  }
  return record(parsed);
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null)
    throw new TypeError("it is not the last good value of a configuration");
  return value as Record<string, unknown>;
}

function revision(value: unknown): bigint {
  if (typeof value !== "string" || !/^\d{1,19}$/.test(value)) throw new TypeError("a revision is none");
  return BigInt(value);
}

function fromBase64(text: string): Uint8Array {
  try {
    return fromByteString(atob(text));
  } catch {
    throw new TypeError("a value is not base64");
  }
}
