/** Connections that have not shown what they speak: how many there may be, and which one gives way. */
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { describe, expect, it, vi } from "vitest";
import { PendingConnections } from "./pending-connections.js";

/** What the class uses of a socket. */
class Knocker extends EventEmitter {
  readonly remoteAddress: string | undefined;
  destroyed = false;

  constructor(remoteAddress?: string) {
    super();
    this.remoteAddress = remoteAddress;
  }

  destroy(): void {
    this.destroyed = true;
    this.emit("close");
  }
}

function knock(pending: PendingConnections, address?: string): Knocker {
  const knocker = new Knocker(address);
  pending.add(knocker as unknown as Socket);
  return knocker;
}

const limits = { timeoutMs: 10_000, perAddressMax: 3, totalMax: 5 };
const alive = (knockers: readonly Knocker[]): boolean[] => knockers.map(({ destroyed }) => !destroyed);

describe("pending connections", () => {
  it("of one address are limited, and the oldest gives way", () => {
    const pending = new PendingConnections(limits);
    const other = knock(pending, "b");
    const flood = Array.from({ length: 5 }, () => knock(pending, "a"));
    expect(alive([other, ...flood])).toEqual([true, false, false, true, true, true]);
    expect(pending.size).toBe(4);
  });

  it("are limited in total, without an address too", () => {
    const pending = new PendingConnections(limits);
    const all = ["a", undefined, "b", "c", "d", "e", "f"].map((address) => knock(pending, address));
    expect(alive(all)).toEqual([false, false, true, true, true, true, true]);
    expect(pending.size).toBe(5);
  });

  it("do not count any more when they have settled or closed", () => {
    const pending = new PendingConnections({ ...limits, perAddressMax: 1 });
    const settled = knock(pending, "a");
    pending.settle(settled as unknown as Socket);
    const closed = knock(pending, "a");
    closed.destroy();
    const last = knock(pending, "a");
    expect([settled.destroyed, last.destroyed, pending.size]).toEqual([false, false, 1]);
  });

  it("are closed when their time is over, and a settled one is not", () => {
    vi.useFakeTimers();
    try {
      const pending = new PendingConnections(limits);
      const [late, settled] = [knock(pending, "a"), knock(pending, "a")];
      pending.settle(settled as unknown as Socket);
      vi.advanceTimersByTime(9_999);
      expect(late.destroyed).toBe(false);
      vi.advanceTimersByTime(1);
      expect([late.destroyed, settled.destroyed, pending.size]).toEqual([true, false, 0]);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});
