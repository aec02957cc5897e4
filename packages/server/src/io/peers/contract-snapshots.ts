/** The contract's cases on snapshots: whole, unneeded, refused, of a wrong length, and cut off. */
import assert from "node:assert/strict";
import type { SnapshotMessage } from "../../peer-network.js";
import { collect, type PeerCase, PiecesBody, pair, settled, snapshotMessage } from "./contract-world.js";

export const snapshotCases: readonly PeerCase[] = [
  {
    name: "a snapshot arrives whole, and its sender is told once that it did",
    async run(world) {
      const [one, two] = await pair(world);
      const file = Uint8Array.from({ length: 2_500_000 }, (_, index) => (index * 2_654_435_761) >>> 24);
      const taken: (readonly [SnapshotMessage, number, Uint8Array])[] = [];
      two.witness.takeSnapshot = async (message, incoming) => {
        taken.push([message, incoming.bytes, await collect(incoming.pieces)]);
      };
      const body = new PiecesBody(
        [file.subarray(0, 10), file.subarray(10, 2_000_000), file.subarray(2_000_000)],
        file.length,
      );
      one.peers.sendSnapshot(snapshotMessage(1n, 2n), body);
      await world.eventually(() => one.witness.sent.length > 0, "the outcome");
      assert.deepEqual(one.witness.sent, ["2 finished"]);
      const [[message, bytes, content] = []] = taken;
      assert.deepEqual([message, bytes], [snapshotMessage(1n, 2n), file.length]);
      assert.equal(Buffer.compare(content ?? new Uint8Array(), file), 0);
      assert.ok(body.closed > 0);
    },
  },
  {
    name: "a snapshot that is found unneeded is finished without being read",
    async run(world) {
      const [one] = await pair(world);
      const body = new PiecesBody([new Uint8Array(5_000_000)], 5_000_000);
      one.peers.sendSnapshot(snapshotMessage(1n, 2n), body);
      await world.eventually(() => one.witness.sent.length > 0, "the outcome");
      assert.deepEqual(one.witness.sent, ["2 finished"]);
      assert.ok(body.closed > 0);
    },
  },
  {
    name: "a snapshot that is refused, too short or too long has failed",
    async run(world) {
      const [one, two] = await pair(world);
      const errors: unknown[] = [];
      const bodies = [3, 2, 4].map((bytes) => new PiecesBody([Uint8Array.of(1), Uint8Array.of(2, 3)], bytes));
      two.witness.takeSnapshot = async (_message, incoming) => {
        if (errors.length === 0) errors.push("refused");
        else await collect(incoming.pieces).catch((error) => errors.push(error));
        throw new Error("not installed");
      };
      for (const [index, body] of bodies.entries()) {
        one.peers.sendSnapshot(snapshotMessage(1n, 2n), body);
        await world.eventually(() => one.witness.sent.length === index + 1, "the outcome");
      }
      assert.deepEqual(one.witness.sent, ["2 failed", "2 failed", "2 failed"]);
      assert.deepEqual(
        errors.map((error) => error instanceof Error),
        [false, true, true],
      );
      assert.ok(bodies.every(({ closed }) => closed > 0));
    },
  },
  {
    name: "a snapshot whose sender vanishes fails at the receiver, one to nobody at the sender",
    async run(world) {
      const [one, two] = await pair(world);
      const failures: unknown[] = [];
      two.witness.takeSnapshot = async (_message, incoming) => {
        await collect(incoming.pieces).catch((error) => failures.push(error));
      };
      let more = true;
      const body = new PiecesBody(
        (async function* () {
          while (more) {
            yield new Uint8Array(1000);
            await new Promise((resolve) => world.clock.setTimer(5, () => resolve(undefined)));
          }
        })(),
        1_000_000_000,
      );
      one.peers.sendSnapshot(snapshotMessage(1n, 2n), body);
      await world.pass(100);
      assert.equal(failures.length, 0);
      const closing = one.close();
      await world.eventually(() => failures.length > 0, "the end of the pieces");
      more = false;
      await settled(world, closing);
      assert.ok(failures[0] instanceof Error);
      const nobody = new PiecesBody([Uint8Array.of(1)], 1);
      two.peers.sendSnapshot(snapshotMessage(2n, 1n), nobody);
      two.peers.sendSnapshot(snapshotMessage(2n, 7n), nobody);
      await world.eventually(() => two.witness.sent.length === 2, "both outcomes");
      assert.deepEqual(two.witness.sent.sort(), ["1 failed", "7 failed"]);
      assert.ok(nobody.closed >= 2);
    },
  },
];
