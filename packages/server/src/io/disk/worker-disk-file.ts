/** A file whose writes and syncs run in the disk worker, each batch in one round trip; reads use the thread pool. */
import type { FileHandle } from "node:fs/promises";
import type { DiskFile } from "../../env.js";
import type { DiskWorkerClient, DiskWorkerThread } from "./disk-worker-client.js";
import { DATA_BYTES, Operation } from "./disk-worker-protocol.js";
import { Poison } from "./poison.js";
import { readFully, readFullyNow } from "./pool-disk-file.js";

export class WorkerDiskFile implements DiskFile {
  readonly #handle: FileHandle;
  readonly #client: DiskWorkerClient;
  readonly #thread: DiskWorkerThread;
  readonly #poison: Poison;
  #size: number;

  constructor(handle: FileHandle, path: string, size: number, client: DiskWorkerClient) {
    this.#handle = handle;
    this.#client = client;
    this.#thread = client.acquire();
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
    const sync = options?.sync === true;
    const pieces = split(chunks, DATA_BYTES);
    await this.#poison.guard(async () => {
      let at = offset;
      for (const [i, piece] of pieces.entries()) {
        const last = i === pieces.length - 1;
        await this.#run(Operation.write, { offset: at, chunks: piece, sync: sync && last });
        at += piece.reduce((sum, chunk) => sum + chunk.length, 0);
      }
      this.#size = Math.max(this.#size, at);
    });
  }

  async dataSync(): Promise<void> {
    await this.#poison.guard(() => this.#run(Operation.dataSync, {}));
  }

  async truncate(size: number): Promise<void> {
    await this.#poison.guard(() => this.#run(Operation.truncate, { offset: size }));
    this.#size = size;
  }

  async close(): Promise<void> {
    if (!this.#poison.close()) return;
    this.#client.release();
    await this.#handle.close();
  }

  #run(
    operation: Operation,
    request: { readonly offset?: number; readonly chunks?: readonly Uint8Array[]; readonly sync?: boolean },
  ): Promise<void> {
    return this.#thread.run({ operation, fileDescriptor: this.#handle.fd, ...request });
  }
}

/** The chunks in groups of at most `bytesMax`, cutting a longer one; at least one group. */
function split(chunks: readonly Uint8Array[], bytesMax: number): readonly (readonly Uint8Array[])[] {
  const groups: Uint8Array[][] = [[]];
  let room = bytesMax;
  for (let rest of chunks) {
    while (rest.length > 0) {
      if (room === 0) {
        groups.push([]);
        room = bytesMax;
      }
      const part = rest.subarray(0, room);
      groups.at(-1)?.push(part);
      room -= part.length;
      rest = rest.subarray(part.length);
    }
  }
  return groups;
}
