/**
 * What every network of members must do: the laws of `peer-network.ts` as cases that need no test runner. A case gets a
 * world in which members join, and in which time passes by itself (real sockets) or by hand (in memory).
 */
import assert from "node:assert/strict";
import type { Message } from "../../core/raft/types.js";
import { PeerUnavailableError } from "../../peer-network.js";
import { questionCases } from "./contract-questions.js";
import { snapshotCases } from "./contract-snapshots.js";
import {
  addressOf,
  append,
  CLUSTER,
  connected,
  heartbeat,
  type PeerCase,
  pair,
  participant,
  settled,
  Witness,
} from "./contract-world.js";

const MEMBER = { id: 9n, name: "nine", peerUrls: ["http://9"], clientUrls: ["http://99"], isLearner: true };

const memberCases: readonly PeerCase[] = [
  {
    name: "messages of a class arrive whole and in the order they were sent",
    async run(world) {
      const [one, two] = await pair(world);
      const sent: Message[] = [];
      for (let index = 1; index <= 300; index++) {
        const batch = [append(1n, 2n, index)];
        sent.push(...batch);
        one.peers.send(batch);
        if (index % 50 === 0) await world.pass(2);
      }
      await world.eventually(() => two.witness.received.length === 300, "300 messages");
      assert.deepEqual(two.witness.received, sent);
      two.peers.send([{ type: "heartbeat-response", from: 2n, to: 1n, term: 1, context: 5 }]);
      await world.eventually(() => one.witness.received.length === 1, "the answer");
      assert.deepEqual([one.witness.lost, two.witness.lost], [[], []]);
    },
  },
  {
    name: "what arrives shares nothing with what was sent",
    async run(world) {
      const [one, two] = await pair(world);
      const data = Uint8Array.of(1, 2, 3);
      one.peers.send([append(1n, 2n, 1, data)]);
      await world.eventually(() => two.witness.received.length === 1, "the message");
      data.fill(0);
      const [received] = two.witness.received;
      assert.ok(received?.type === "append");
      assert.deepEqual(received.entries[0]?.data, Uint8Array.of(1, 2, 3));
      assert.equal(received.entries[0]?.data.buffer.byteLength, 3);
    },
  },
  {
    name: "a member that connects tells where it is reached, and can be answered there",
    async run(world) {
      const [stranger, host] = [await participant(world, 8n), await participant(world, 1n)];
      stranger.peers.setPeers([addressOf(host)]);
      await world.eventually(() => host.witness.acquaintances.has(8n), "the acquaintance");
      assert.deepEqual(host.witness.acquaintances.get(8n), [stranger.url]);
      host.peers.setPeers([addressOf(stranger)]);
      await connected(world, host, stranger);
      host.peers.send([heartbeat(1n, 8n)]);
      await world.eventually(() => stranger.witness.received.length === 1, "the answer");
    },
  },
  {
    name: "a member that is new where it was known to have started is not listened to, and is told why",
    async run(world) {
      let isNew = true;
      const [wiped, host] = [await participant(world, 8n, { isNew: () => isNew }), await participant(world, 1n)];
      host.witness.startedIds.add(8n);
      wiped.peers.setPeers([addressOf(host)]);
      wiped.peers.send([heartbeat(8n, 1n)]);
      await world.eventually(() => wiped.witness.timesForgotten > 0, "the refusal");
      const asked = await settled(world, wiped.peers.ask(1n, { kind: "lease-renew", id: 7n }, 2000));
      assert.ok(asked.status === "rejected" && asked.reason instanceof PeerUnavailableError);
      assert.deepEqual(host.witness.received, []);
      isNew = false;
      await connected(world, wiped, host);
    },
  },
  {
    name: "messages that are sent before the connection stands arrive when it does",
    async run(world) {
      const [one, two] = [await participant(world, 1n), await participant(world, 2n)];
      two.peers.setPeers([addressOf(one)]);
      one.peers.setPeers([addressOf(two)]);
      one.peers.send([append(1n, 2n, 1), heartbeat(1n, 2n)]);
      await world.eventually(() => two.witness.received.length === 2, "both messages");
      assert.deepEqual(one.witness.lost, []);
    },
  },
  {
    name: "a member that nobody has told of the sender listens to it",
    async run(world) {
      const [one, two] = [await participant(world, 1n), await participant(world, 2n)];
      one.peers.setPeers([addressOf(two)]);
      await connected(world, one, two);
      one.peers.send([heartbeat(1n, 2n)]);
      await world.eventually(() => two.witness.received.length === 1, "the heartbeat");
      assert.equal(two.peers.connectedSince(1n), undefined);
    },
  },
  {
    name: "messages to a member that is not there are lost, which is told once",
    async run(world) {
      const gone = await world.join();
      await gone.close();
      const one = await participant(world, 1n);
      one.peers.setPeers([{ id: 2n, urls: [gone.url] }]);
      for (let index = 1; index <= 20; index++) {
        one.peers.send([append(1n, 2n, index), heartbeat(1n, 2n)]);
        await world.pass(20);
      }
      await world.eventually(() => one.witness.lost.length > 0, "the report");
      assert.deepEqual(one.witness.lost, [2n]);
      assert.equal(one.peers.connectedSince(2n), undefined);
      one.peers.send([heartbeat(1n, 9n), heartbeat(1n, 9n)]);
      await world.eventually(() => one.witness.lost.length > 1, "the report of an id without an address");
      await world.pass(20);
      assert.deepEqual(one.witness.lost, [2n, 9n]);
    },
  },
  {
    name: "a member that closes is unreachable, and reachable again after its restart on the same address",
    async run(world) {
      const [one, two] = await pair(world);
      const sinceMs = one.peers.connectedSince(2n) ?? Number.POSITIVE_INFINITY;
      assert.ok(sinceMs <= world.clock.nowMs());
      await settled(world, two.close());
      await world.eventually(() => one.peers.connectedSince(2n) === undefined, "the end of the connection");
      await world.eventually(() => one.witness.lost.length > 0, "the report");
      assert.deepEqual(one.witness.lost, [2n]);
      const again = await participant(world, 2n, { url: two.url });
      await connected(world, one, again);
      assert.ok((one.peers.connectedSince(2n) ?? 0) > sinceMs);
      one.peers.send([heartbeat(1n, 2n)]);
      await world.eventually(() => again.witness.received.length === 1, "the heartbeat");
    },
  },
  {
    name: "a member that has not started refuses, and is reached as soon as it has",
    async run(world) {
      const place = await world.join();
      const one = await participant(world, 1n);
      one.peers.setPeers([{ id: 2n, urls: [place.url] }]);
      await world.pass(100);
      assert.equal(one.peers.connectedSince(2n), undefined);
      assert.equal((await settled(world, one.peers.discover([place.url], 500))).status, "fulfilled");
      place.peers.start({ clusterId: CLUSTER, memberId: 2n, peerUrls: [place.url], isNew: () => false }, new Witness());
      await world.eventually(() => one.peers.connectedSince(2n) !== undefined, "the connection");
    },
  },
  {
    name: "another cluster and another member refuse before they read a message",
    async run(world) {
      const one = await participant(world, 1n);
      const stranger = await participant(world, 2n, { clusterId: 99n });
      const three = await participant(world, 3n);
      one.peers.setPeers([addressOf(stranger), { id: 4n, urls: [three.url] }]);
      for (let round = 0; round < 10; round++) {
        one.peers.send([heartbeat(1n, 2n), heartbeat(1n, 4n), append(1n, 4n, 1)]);
        await world.pass(20);
      }
      await world.eventually(() => one.witness.lost.length === 2, "the reports");
      assert.deepEqual([stranger.witness.received, three.witness.received], [[], []]);
      assert.deepEqual([one.peers.connectedSince(2n), one.peers.connectedSince(4n)], [undefined, undefined]);
      assert.equal(one.witness.timesRemoved, 0);
      const asked = await settled(world, one.peers.ask(4n, { kind: "hash-kv", revision: 0n }, 500));
      assert.ok(asked.status === "rejected" && asked.reason instanceof PeerUnavailableError);
    },
  },
  {
    name: "a removed member is refused and told why, also when it is removed while connected",
    async run(world) {
      const [one, two] = await pair(world);
      two.witness.removedIds.add(1n);
      const before = two.witness.received.length;
      one.peers.send([heartbeat(1n, 2n)]);
      await world.eventually(() => one.witness.timesRemoved > 0, "the word that it was removed");
      assert.equal(two.witness.received.length, before);
      const three = await participant(world, 3n);
      two.witness.removedIds.add(3n);
      three.peers.setPeers([addressOf(two)]);
      three.peers.send([append(3n, 2n, 1)]);
      await world.eventually(() => three.witness.timesRemoved > 0, "the word to a member that comes back");
      assert.equal(two.witness.received.length, before);
    },
  },
  {
    name: "a member that moves is reached at its new address, one that leaves the list not at all",
    async run(world) {
      const [one, two] = await pair(world);
      const moved = await participant(world, 2n);
      one.peers.setPeers([addressOf(moved)]);
      await connected(world, one, moved);
      one.peers.send([heartbeat(1n, 2n)]);
      await world.eventually(() => moved.witness.received.length === 1, "the heartbeat");
      one.peers.setPeers([]);
      assert.equal(one.peers.connectedSince(2n), undefined);
      one.peers.send([heartbeat(1n, 2n)]);
      await world.pass(50);
      assert.deepEqual([two.witness.received.length, moved.witness.received.length], [0, 1]);
    },
  },
  {
    name: "a member with several addresses is reached at the one that answers",
    async run(world) {
      const gone = await world.join();
      await gone.close();
      const [one, two] = [await participant(world, 1n), await participant(world, 2n)];
      one.peers.setPeers([{ id: 2n, urls: [gone.url, two.url] }]);
      await connected(world, one, two);
      two.witness.answerWith = async () => ({ kind: "lease-renew", ttlSeconds: 5 });
      const asked = await settled(world, one.peers.ask(2n, { kind: "lease-renew", id: 1n }, 2000));
      assert.deepEqual(asked, { status: "fulfilled", value: { kind: "lease-renew", ttlSeconds: 5 } });
    },
  },
  {
    name: "anybody may ask for the cluster, at the first address that answers",
    async run(world) {
      const gone = await world.join();
      await gone.close();
      const waiting = await world.join();
      const two = await participant(world, 2n);
      two.witness.description = { clusterId: CLUSTER, members: [MEMBER], removed: [5n, 2n ** 64n - 1n] };
      const asking = await world.join();
      const urls = [gone.url, waiting.url, two.url];
      assert.deepEqual(await settled(world, asking.peers.discover(urls, 3000)), {
        status: "fulfilled",
        value: two.witness.description,
      });
      const nobody = await settled(world, asking.peers.discover([gone.url, waiting.url], 1000));
      assert.deepEqual(nobody, { status: "fulfilled", value: undefined });
    },
  },
  {
    name: "after close nothing is received, reported or sent, and closing again is nothing",
    async run(world) {
      const [one, two] = await pair(world);
      await settled(world, one.close());
      await settled(world, one.close());
      one.peers.send([heartbeat(1n, 2n)]);
      two.peers.send([heartbeat(2n, 1n)]);
      one.peers.setPeers([addressOf(two)]);
      await world.pass(100);
      assert.deepEqual([one.witness.received, one.witness.lost, two.witness.received], [[], [], []]);
      assert.equal(one.peers.connectedSince(2n), undefined);
    },
  },
];

export const peerContract: readonly PeerCase[] = [...memberCases, ...questionCases, ...snapshotCases];
