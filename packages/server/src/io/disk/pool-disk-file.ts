/**
 * A file whose operations run in Node's thread pool. Good for reading and for work in the background; a sync can wait
 * behind name look-ups and password hashes that share the four threads, so the log uses `worker-disk-file.ts` instead.
 */
import { readSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import type { DiskFile } from "../../env.js";
import { Poison } from "./poison.js";

export class PoolDiskFile implements DiskFile {
  readonly #handle: FileHandle;
  readonly #poison: Poison;
  #size: number;

  constructor(handle: FileHandle, path: string, size: number) {
    this.#handle = handle;
    this.#poison = new Poison(path);
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  async readAt(offset: number, length: number): Promise<Uint8Array> {
    this.#poison.check();
    return readFully(this.#handle, offset, length);
  }

  readNow(offset: number, length: number): Uint8Array {
    return readFullyNow(this.#handle.fd, offset, length);
  }

  async writeAt(offset: number, chunks: readonly Uint8Array[], options?: { readonly sync?: boolean }): Promise<void> {
    await this.#poison.guard(async () => {
      let at = offset;
      for (const chunk of chunks) {
        await this.#writeFully(at, chunk);
        at += chunk.length;
      }
      this.#size = Math.max(this.#size, at);
      if (options?.sync === true) await this.#handle.datasync();
    });
  }

  async dataSync(): Promise<void> {
    await this.#poison.guard(() => this.#handle.datasync());
  }

  async truncate(size: number): Promise<void> {
    await this.#poison.guard(() => this.#handle.truncate(size));
    this.#size = size;
  }

  async close(): Promise<void> {
    if (this.#poison.close()) await this.#handle.close();
  }

  async #writeFully(offset: number, chunk: Uint8Array): Promise<void> {
    for (let done = 0; done < chunk.length; ) {
      done += (await this.#handle.write(chunk, done, chunk.length - done, offset + done)).bytesWritten;
    }
  }
}

/** Reads until the length or the end of the file is reached: one read may bring less. */
export async function readFully(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done === length ? bytes : bytes.slice(0, done);
}

export function readFullyNow(fileDescriptor: number, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const bytesRead = readSync(fileDescriptor, bytes, done, length - done, offset + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done === length ? bytes : bytes.slice(0, done);
}
