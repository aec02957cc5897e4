/** The network in memory: the contract of every network, and its own cuts, delays and losses. */
import { describe, expect, it } from "vitest";
import type { Message } from "../src/core/raft/types.js";
import { peerContract } from "../src/io/peers/contract.js";
import {
  append,
  connected,
  heartbeat,
  type Participant,
  PiecesBody,
  pair,
  snapshotMessage,
} from "../src/io/peers/contract-world.js";
import { MemoryWorld } from "./memory-world.js";

describe("peers in memory", () => {
  for (const { name, run } of peerContract) {
    it(name, async () => {
      const world = new MemoryWorld();
      await run(world);
    });
  }

  it("leaves no timer behind when its members are closed and what was on its way is over", async () => {
    const world = new MemoryWorld();
    const [one, two] = await pair(world);
    one.peers.send([heartbeat(1n, 2n)]);
    world.network.isolate(1n);
    await Promise.all([one.close(), two.close()]);
    await world.pass(1);
    expect(world.clock.pendingTimers).toBe(0);
  });

  it("notices a cut after a while, loses everything meanwhile, and is connected again when it heals", async () => {
    const world = new MemoryWorld({ noticeMs: 300 });
    const [one, two] = await pair(world);
    world.network.cut(1n, 2n);
    one.peers.send([append(1n, 2n, 1)]);
    await world.pass(299);
    expect(one.peers.connectedSince(2n)).toBeDefined();
    expect(one.witness.lost).toEqual([]);
    await world.pass(2);
    expect(one.peers.connectedSince(2n)).toBeUndefined();
    expect([one.witness.lost, two.witness.lost]).toEqual([[2n], [1n]]);
    world.network.heal();
    await connected(world, one, two);
    one.peers.send([append(1n, 2n, 2)]);
    await world.pass(1);
    expect(two.witness.received).toEqual([append(1n, 2n, 2)]);
  });

  it("a cut in one direction lets messages through in the other", async () => {
    const world = new MemoryWorld();
    const [one, two] = await pair(world);
    world.network.oneWay(1n, 2n);
    one.peers.send([heartbeat(1n, 2n)]);
    two.peers.send([heartbeat(2n, 1n)]);
    await world.pass(5);
    expect([one.witness.received.length, two.witness.received.length]).toEqual([1, 0]);
  });

  it("a cut also takes what is on its way, and a message may be told its own fate", async () => {
    const fate = (message: Message) => (message.type === "heartbeat" ? ({ delayMs: 40 } as const) : undefined);
    const world = new MemoryWorld({ fate });
    const [one, two] = await pair(world);
    one.peers.send([heartbeat(1n, 2n), append(1n, 2n, 1)]);
    await world.pass(39);
    expect(two.witness.received).toEqual([append(1n, 2n, 1)]);
    await world.pass(1);
    expect(two.witness.received.length).toBe(2);
    one.peers.send([heartbeat(1n, 2n)]);
    await world.pass(10);
    world.network.isolate(2n);
    await world.pass(30);
    expect(two.witness.received.length).toBe(2);
  });

  it("fails a snapshot whose receiver dies without a word while it takes it", async () => {
    const world = new MemoryWorld();
    const [one, two] = await pair(world);
    const body = new PiecesBody([Uint8Array.of(1), Uint8Array.of(2)], 2);
    two.witness.takeSnapshot = () => new Promise(() => {});
    one.peers.sendSnapshot(snapshotMessage(1n, 2n), body);
    await world.pass(100);
    expect(one.witness.sent).toEqual([]);
    await two.close();
    await world.eventually(() => one.witness.sent.length > 0, "the outcome");
    expect(one.witness.sent).toEqual(["2 failed"]);
    expect(body.closed).toBeGreaterThan(0);
  });

  it("repeats delays and losses from the seed", async () => {
    const [first, second] = [await lossyRun(), await lossyRun()];
    expect(first).toEqual(second);
    expect(first.length).toBeGreaterThan(20);
    expect(first.length).toBeLessThan(80);
  });
});

/** Which of a hundred messages arrived, and when. */
async function lossyRun(): Promise<readonly string[]> {
  const world = new MemoryWorld({ lostPerMille: 500, delayMs: { min: 1, max: 20 } });
  const [one, two]: readonly [Participant, Participant] = await pair(world);
  const seen: string[] = [];
  two.witness.receive = (message) =>
    seen.push(`${world.clock.nowMs()} ${message.type === "append" && message.prevIndex}`);
  for (let index = 1; index <= 100; index++) {
    one.peers.send([append(1n, 2n, index)]);
    await world.pass(1);
  }
  await world.pass(50);
  return seen;
}
