/**
 * One file of the memory disk: the bytes programs see, the bytes that survive a power loss, and which 512-byte sectors
 * differ. Only dirty sectors are remembered, so a sync costs what was written since the last one.
 */
import { invariant } from "../../core/invariant.js";

export const SECTOR_BYTES = 512;

export class MemoryInode {
  /** Capacity grows by doubling; `size` says how much is file. Bytes behind `size` are zero. */
  #bytes: Uint8Array = new Uint8Array(0);
  #size = 0;
  #durable: Uint8Array = new Uint8Array(0);
  #durableSize = 0;
  #dirty: Set<number> = new Set();
  /** Whether a copy reads the same array: it is copied before the next change of it. */
  #bytesShared = false;
  #durableShared = false;

  get size(): number {
    return this.#size;
  }

  /** What a power loss would leave, when not one unsynced sector survives. A view: good until the next change. */
  get durable(): Uint8Array {
    return this.#durable.subarray(0, this.#durableSize);
  }

  /** The same file on another disk. Costs nothing until one of the two changes. */
  clone(): MemoryInode {
    const twin = new MemoryInode();
    twin.#bytes = this.#bytes;
    twin.#size = this.#size;
    twin.#durable = this.#durable;
    twin.#durableSize = this.#durableSize;
    twin.#dirty = new Set(this.#dirty);
    for (const inode of [this, twin]) {
      inode.#bytesShared = true;
      inode.#durableShared = true;
    }
    return twin;
  }

  /** A copy; shorter than asked at the end of the file. */
  read(offset: number, length: number): Uint8Array {
    return this.#bytes.slice(Math.min(offset, this.#size), Math.min(offset + length, this.#size));
  }

  write(offset: number, chunks: readonly Uint8Array[]): void {
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    this.#ownBytes();
    this.#bytes = grown(this.#bytes, offset + length);
    let at = offset;
    for (const chunk of chunks) {
      this.#bytes.set(chunk, at);
      at += chunk.length;
    }
    this.#size = Math.max(this.#size, at);
    this.#markDirty(offset, at);
  }

  truncate(size: number): void {
    this.#ownBytes();
    if (size > this.#size) this.#bytes = grown(this.#bytes, size);
    else this.#bytes.fill(0, size, this.#size);
    this.#markDirty(Math.min(size, this.#size), Math.max(size, this.#size));
    this.#size = size;
  }

  sync(): void {
    this.#ownDurable();
    this.#durable = grown(this.#durable, this.#size);
    for (const sector of this.#dirty) this.#persist(sector);
    this.#dirty.clear();
    this.#durableSize = this.#size;
  }

  /**
   * Keeps the dirty sectors that `survives` (called with the sector's offset) and reverts the others. With `sizeSurvives` the
   * file is as long as programs saw it, with zeros where new space was lost.
   */
  crash(survives: (offset: number) => boolean, sizeSurvives = false): void {
    this.#ownDurable();
    this.#durable = grown(this.#durable, this.#size);
    for (const sector of [...this.#dirty].sort((a, b) => a - b)) {
      const offset = sector * SECTOR_BYTES;
      // A sector beyond the new end is gone with the truncation, if that survived; keeping the old one is as legal.
      if (offset >= this.#size || !survives(offset)) continue;
      this.#persist(sector);
      this.#durableSize = Math.max(this.#durableSize, Math.min(offset + SECTOR_BYTES, this.#size));
    }
    this.#dirty.clear();
    if (sizeSurvives) {
      this.#durable.fill(0, this.#size, Math.max(this.#size, this.#durableSize));
      this.#durableSize = this.#size;
    }
    this.#bytes = this.#durable.slice();
    this.#bytesShared = false;
    this.#size = this.#durableSize;
    invariant(this.#size <= this.#bytes.length, "a file is not longer than its bytes");
  }

  #ownBytes(): void {
    if (this.#bytesShared) this.#bytes = this.#bytes.slice();
    this.#bytesShared = false;
  }

  #ownDurable(): void {
    if (this.#durableShared) this.#durable = this.#durable.slice();
    this.#durableShared = false;
  }

  #persist(sector: number): void {
    const start = sector * SECTOR_BYTES;
    const end = Math.min(start + SECTOR_BYTES, this.#bytes.length, this.#durable.length);
    if (start < end) this.#durable.set(this.#bytes.subarray(start, end), start);
  }

  #markDirty(from: number, to: number): void {
    for (let sector = Math.floor(from / SECTOR_BYTES); sector * SECTOR_BYTES < to; sector++) this.#dirty.add(sector);
  }
}

function grown(bytes: Uint8Array, length: number): Uint8Array {
  if (length <= bytes.length) return bytes;
  const larger = new Uint8Array(Math.max(length, bytes.length * 2));
  larger.set(bytes);
  return larger;
}
