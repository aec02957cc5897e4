/** The network of members over loopback sockets: the contract, and what only sockets can show. */
import { describe, expect, it } from "vitest";
import { peerContract } from "./contract.js";
import {
  addressOf,
  append,
  collect,
  connected,
  heartbeat,
  PiecesBody,
  pair,
  participant,
  snapshotMessage,
} from "./contract-world.js";
import { Relay, SocketWorld, TEST_TLS } from "./testing/sockets.js";

describe("peers over gRPC", () => {
  for (const { name, run } of peerContract) {
    it(name, async () => {
      await using world = new SocketWorld();
      await run(world);
    });
  }
});

describe("peers over mutual TLS", () => {
  for (const { name, run } of peerContract.filter((one) =>
    /order they were sent|arrives whole|comes back/.test(one.name),
  )) {
    it(name, async () => {
      await using world = new SocketWorld({ tls: TEST_TLS });
      await run(world);
    });
  }

  it("a member without a certificate is not let in", async () => {
    await using world = new SocketWorld({ tls: TEST_TLS });
    await using plain = new SocketWorld({
      tls: {
        listener: TEST_TLS.listener,
        dial: async () => ({ ca: (await TEST_TLS.dial()).ca ?? "" }),
      },
    });
    const two = await participant(world, 2n);
    const one = await participant(plain, 1n);
    one.peers.setPeers([addressOf(two)]);
    one.peers.send([heartbeat(1n, 2n)]);
    await world.eventually(() => one.witness.lost.length > 0, "the report");
    expect(two.witness.received).toEqual([]);
  });
});

describe("connections between members", () => {
  it("control messages, the log and a snapshot have a connection each", async () => {
    await using world = new SocketWorld();
    const two = await participant(world, 2n);
    await using relay = await Relay.to(two.url);
    const one = await participant(world, 1n);
    one.peers.setPeers([{ id: 2n, urls: [relay.url] }]);
    one.peers.send([heartbeat(1n, 2n), append(1n, 2n, 1)]);
    await world.eventually(() => two.witness.received.length === 2, "both messages");
    expect(relay.talking).toBe(2);
    let read = false;
    two.witness.takeSnapshot = async (_message, body) => {
      await world.eventually(() => relay.talking === 3, "a third connection");
      await collect(body.pieces);
      read = true;
    };
    one.peers.sendSnapshot(snapshotMessage(1n, 2n), new PiecesBody([Uint8Array.of(1)], 1));
    await world.eventually(() => one.witness.sent.length > 0, "the outcome");
    expect([one.witness.sent, read]).toEqual([["2 finished"], true]);
  });

  it("heartbeats pass while a receiver does not read megabytes of a snapshot", async () => {
    await using world = new SocketWorld();
    const [one, two] = await pair(world);
    let release: () => void = () => {};
    two.witness.takeSnapshot = async (_message, body) => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      expect((await collect(body.pieces)).length).toBe(64 * 1024 * 1024);
    };
    const pieces = Array.from({ length: 64 }, () => new Uint8Array(1024 * 1024));
    one.peers.sendSnapshot(snapshotMessage(1n, 2n), new PiecesBody(pieces, 64 * 1024 * 1024));
    for (let round = 1; round <= 20; round++) {
      one.peers.send([heartbeat(1n, 2n, round)]);
      await world.pass(5);
    }
    // One that had to wait for a moment may have been replaced by the next.
    const arrived = (): boolean =>
      two.witness.received.some((message) => message.type === "heartbeat" && message.context === 20);
    await world.eventually(arrived, "the last heartbeat");
    expect(one.witness.sent).toEqual([]);
    release();
    await world.eventually(() => one.witness.sent.length > 0, "the outcome");
    expect(one.witness.sent).toEqual(["2 finished"]);
  });

  it("a link that goes silent is noticed without an error from TCP, and is used again soon after it heals", async () => {
    await using world = new SocketWorld();
    const two = await participant(world, 2n);
    await using relay = await Relay.to(two.url);
    const one = await participant(world, 1n);
    one.peers.setPeers([{ id: 2n, urls: [relay.url] }]);
    await connected(world, one, two);
    relay.silence();
    const cutMs = world.clock.nowMs();
    const beat = setInterval(() => one.peers.send([heartbeat(1n, 2n), append(1n, 2n, 1)]), 100);
    try {
      await world.eventually(() => one.peers.connectedSince(2n) === undefined, "the end of the silent connection");
      // 1.5 s, and as much again for a busy machine.
      expect(world.clock.nowMs() - cutMs).toBeLessThan(3000);
      await world.pass(1500);
      expect(one.witness.lost).toEqual([2n]);
      const before = two.witness.received.length;
      relay.heal();
      const healedMs = world.clock.nowMs();
      const kinds = (): Set<string> => new Set(two.witness.received.slice(before).map(({ type }) => type));
      await world.eventually(() => kinds().size === 2, "a heartbeat and an append");
      // A stream that was accepted but not answered is given up after 1.5 s; a connection that was not, sooner.
      expect(world.clock.nowMs() - healedMs).toBeLessThan(4000);
    } finally {
      clearInterval(beat);
    }
  });

  it("a member that comes back wakes the other one's pause", async () => {
    await using world = new SocketWorld({ bounds: { retryMsFirst: 60_000, retryMsMax: 60_000 } });
    const gone = await world.join();
    await gone.close();
    const one = await participant(world, 1n);
    one.peers.setPeers([{ id: 2n, urls: [gone.url] }]);
    await world.pass(200);
    const two = await participant(world, 2n, { url: gone.url });
    two.peers.setPeers([addressOf(one)]);
    await connected(world, one, two);
  });

  it("a full queue loses messages, which is told once", async () => {
    await using world = new SocketWorld({ bounds: { queueMessagesMax: 10 } });
    const [one, two] = await pair(world);
    one.peers.send(Array.from({ length: 50 }, (_, index) => append(1n, 2n, index + 1)));
    await world.eventually(() => two.witness.received.length === 10 && one.witness.lost.length > 0, "ten of them");
    await world.pass(20);
    expect(one.witness.lost).toEqual([2n]);
    one.peers.send([append(1n, 2n, 51)]);
    await world.eventually(() => two.witness.received.length === 11, "one more");
    one.peers.send(Array.from({ length: 50 }, (_, index) => append(1n, 2n, index + 1)));
    await world.eventually(() => one.witness.lost.length === 2, "a second incident is told too");
  });

  it("closing leaves no socket, listener or timer behind", async () => {
    const before = process
      .getActiveResourcesInfo()
      .filter((kind) => kind !== "Immediate")
      .sort();
    {
      await using world = new SocketWorld();
      const [one] = await pair(world);
      one.peers.setPeers([
        { id: 2n, urls: ["http://127.0.0.1:1"] },
        { id: 3n, urls: ["http://192.0.2.1:2380"] },
      ]);
      const asking = one.peers.ask(3n, { kind: "lease-renew", id: 1n }, 60_000).catch((error) => error);
      await world.pass(20);
      await one.close();
      expect(await asking).toBeInstanceOf(Error);
    }
    const after = (): string[] =>
      process
        .getActiveResourcesInfo()
        .filter((kind) => kind !== "Immediate")
        .sort();
    await new SocketWorld().eventually(() => after().length <= before.length, `only ${before} left, not ${after()}`);
  });
});
