/** The contract's cases on questions and their answers. */
import assert from "node:assert/strict";
import { ServerError } from "../../core/errors.js";
import { type PeerAnswer, type PeerQuestion, PeerUnavailableError } from "../../peer-network.js";
import { type PeerCase, pair, settled } from "./contract-world.js";

const member = { id: 2n, name: "two", peerUrls: ["http://two"], clientUrls: ["http://2"], isLearner: true };

const QUESTIONS: readonly (readonly [PeerQuestion, PeerAnswer])[] = [
  [
    { kind: "lease-renew", id: 7n },
    { kind: "lease-renew", ttlSeconds: 9_000_000_000 },
  ],
  [
    { kind: "lease-time-to-live", id: 7n },
    {
      kind: "lease-time-to-live",
      ttlSeconds: -1,
      grantedTtlSeconds: 0,
      keys: [Uint8Array.of(0, 255), Uint8Array.of()],
    },
  ],
  [
    { kind: "hash-kv", revision: 0n },
    { kind: "hash-kv", hash: 2 ** 32 - 1, compactRevision: -1n, hashRevision: 2n ** 62n },
  ],
  [
    { kind: "member-change", request: { kind: "add", peerUrls: ["http://x", "http://y"], isLearner: true } },
    { kind: "member-change", member, members: [member] },
  ],
  [
    { kind: "member-change", request: { kind: "remove", id: 2n ** 64n - 1n } },
    { kind: "member-change", member: undefined, members: [] },
  ],
  [
    { kind: "member-change", request: { kind: "update", id: 2n, peerUrls: ["http://z"] } },
    { kind: "member-change", member: undefined, members: [member] },
  ],
  [
    { kind: "member-change", request: { kind: "promote", id: 2n } },
    { kind: "member-change", member: undefined, members: [{ ...member, isLearner: false }] },
  ],
];

export const questionCases: readonly PeerCase[] = [
  {
    name: "questions of every kind get their answers",
    async run(world) {
      const [one, two] = await pair(world);
      for (const [question, answer] of QUESTIONS) {
        const asked: PeerQuestion[] = [];
        two.witness.answerWith = async (heard) => {
          asked.push(heard);
          return answer;
        };
        assert.deepEqual(await settled(world, one.peers.ask(2n, question, 2000)), {
          status: "fulfilled",
          value: answer,
        });
        assert.deepEqual(asked, [question]);
      }
    },
  },
  {
    name: "an error of the other side comes back as the same error",
    async run(world) {
      const [one, two] = await pair(world);
      for (const reason of ["leaseNotFound", "notLeader", "learnerNotReady", "memberNotEnoughStarted"] as const) {
        two.witness.answerWith = () => Promise.reject(new ServerError(reason));
        const asked = await settled(world, one.peers.ask(2n, { kind: "lease-renew", id: 1n }, 2000));
        assert.ok(asked.status === "rejected" && asked.reason instanceof ServerError, reason);
        assert.equal(asked.reason.reason, reason);
      }
    },
  },
  {
    name: "a question without an answer ends in time, and one to nobody at once",
    async run(world) {
      const [one, two] = await pair(world);
      two.witness.answerWith = () => new Promise(() => {});
      const startMs = world.clock.nowMs();
      const asked = await settled(world, one.peers.ask(2n, { kind: "lease-renew", id: 1n }, 300));
      assert.ok(asked.status === "rejected" && asked.reason instanceof PeerUnavailableError);
      assert.ok(world.clock.nowMs() - startMs >= 295, "not before its time");
      const nobody = await settled(world, one.peers.ask(9n, { kind: "lease-renew", id: 1n }, 60_000));
      assert.ok(nobody.status === "rejected" && nobody.reason instanceof PeerUnavailableError);
      await settled(world, two.close());
      const gone = await settled(world, one.peers.ask(2n, { kind: "lease-renew", id: 1n }, 60_000));
      assert.ok(gone.status === "rejected" && gone.reason instanceof PeerUnavailableError);
    },
  },
];
