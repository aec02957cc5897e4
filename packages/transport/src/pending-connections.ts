/**
 * Connections that have not shown yet what they speak: in their TLS handshake, or silent. Each has a time limit from the
 * moment it was accepted, however often it says a byte, and there are only so many, of one address and in total. One
 * more ends the oldest and not the newest: an honest handshake is over in milliseconds, a flood would keep it out.
 */
import type { Socket } from "node:net";

export interface PendingLimits {
  /** From being accepted to the first bytes that decide, in milliseconds. */
  readonly timeoutMs: number;
  readonly perAddressMax: number;
  readonly totalMax: number;
}

interface Pending {
  readonly address: string;
  readonly timer: NodeJS.Timeout;
}

export class PendingConnections {
  readonly #limits: PendingLimits;
  /** Oldest first, both. */
  readonly #all = new Map<Socket, Pending>();
  readonly #byAddress = new Map<string, Set<Socket>>();

  constructor(limits: PendingLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#all.size;
  }

  /** The socket is closed unless it settles in time. */
  add(socket: Socket): void {
    const { timeoutMs, perAddressMax, totalMax } = this.#limits;
    const address = socket.remoteAddress ?? "";
    const before = this.#byAddress.get(address);
    if (before !== undefined && before.size >= perAddressMax) this.#end(before);
    if (this.#all.size >= totalMax) this.#end(this.#all.keys());
    // Fetched again: an address that has nobody left is forgotten.
    const same = this.#byAddress.get(address) ?? new Set();
    same.add(socket);
    this.#byAddress.set(address, same);
    const timer = setTimeout(() => socket.destroy(), timeoutMs);
    this.#all.set(socket, { address, timer });
    socket.once("close", () => this.settle(socket));
  }

  /** The socket has shown what it speaks, or is gone. */
  settle(socket: Socket): void {
    const pending = this.#all.get(socket);
    if (pending === undefined) return;
    clearTimeout(pending.timer);
    this.#all.delete(socket);
    const same = this.#byAddress.get(pending.address);
    same?.delete(socket);
    if (same?.size === 0) this.#byAddress.delete(pending.address);
  }

  #end(sockets: Iterable<Socket>): void {
    for (const oldest of sockets) {
      this.settle(oldest);
      oldest.destroy();
      return;
    }
  }
}
