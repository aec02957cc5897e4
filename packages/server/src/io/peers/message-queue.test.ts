/** The queue of a link: its bounds, its frames, and heartbeats that replace older ones. */
import { describe, expect, it } from "vitest";
import type { Message } from "../../core/raft/types.js";
import { append, heartbeat } from "./contract-world.js";
import { MessageQueue } from "./message-queue.js";

const queueOf = (queueMessagesMax: number, queueBytesMax = 1_000_000): MessageQueue =>
  new MessageQueue({ queueMessagesMax, queueBytesMax });
const indexes = (messages: readonly Message[]): number[] =>
  messages.map((message) => (message.type === "append" ? message.prevIndex + 1 : -1));

describe("the queue of a link", () => {
  it("takes as many messages as its bound, and again as many when it was emptied", () => {
    const queue = queueOf(2);
    expect([1, 2, 3].map((index) => queue.push(append(1n, 2n, index)))).toEqual([true, true, false]);
    expect(indexes(queue.take(1_000_000))).toEqual([1, 2]);
    expect(queue.length).toBe(0);
    expect(queue.push(append(1n, 2n, 4))).toBe(true);
    expect(queue.clear()).toBe(1);
  });

  it("takes as many bytes as its bound, but one message whatever its size", () => {
    const queue = queueOf(100, 1000);
    expect(queue.push(append(1n, 2n, 1, new Uint8Array(5000)))).toBe(true);
    expect(queue.push(append(1n, 2n, 2))).toBe(false);
    queue.clear();
    expect(queue.push(append(1n, 2n, 2, new Uint8Array(500)))).toBe(true);
    expect(queue.push(append(1n, 2n, 3, new Uint8Array(500)))).toBe(false);
  });

  it("cuts frames by bytes, in order, a large message alone", () => {
    const queue = queueOf(100);
    const sizes = [100, 100, 5000, 100];
    for (const [at, size] of sizes.entries()) queue.push(append(1n, 2n, at + 1, new Uint8Array(size)));
    const frames: number[][] = [];
    while (queue.length > 0) frames.push(indexes(queue.take(1000)));
    expect(frames).toEqual([[1, 2], [3], [4]]);
  });

  it("replaces an older heartbeat by a newer one that says as much, and keeps everything else", () => {
    const queue = queueOf(100);
    const response: Message = { type: "heartbeat-response", from: 1n, to: 2n, term: 1, context: 0 };
    queue.push(heartbeat(1n, 2n, 4));
    queue.push(response);
    queue.push(heartbeat(1n, 2n, 5));
    expect(queue.take(1_000_000)).toEqual([response, heartbeat(1n, 2n, 5)]);
    queue.push(heartbeat(1n, 2n, 5));
    queue.push(heartbeat(1n, 2n, 0));
    expect(queue.length).toBe(2);
    expect(queue.push({ ...heartbeat(1n, 2n, 6), term: 2 })).toBe(true);
    expect(queue.length).toBe(3);
  });
});
