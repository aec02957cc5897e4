/** Which members the comparison of hashes accuses. */
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../testing/manual-clock.js";
import { SILENT_LOGGER } from "../../testing/test-env.js";
import type { Command, Member } from "../core/apply/command.js";
import type { HashKvResult } from "../core/mvcc/hash.js";
import type { Raft } from "../core/raft/raft.js";
import { NO_PEERS } from "../io/peers/no-peers.js";
import { type PeerNetwork, PeerUnavailableError } from "../peer-network.js";
import { CorruptionCheck } from "./corruption.js";

type Hash = readonly [hash: number, compactRevision?: bigint];

interface Outcome {
  readonly check: CorruptionCheck;
  readonly clock: ManualClock;
  /** Members of the alarms that were raised. */
  readonly accused: bigint[];
}

/** Member 1 is the one that checks; a member without a hash does not answer. */
function scene(hashes: Readonly<Record<number, Hash | undefined>>, role: "leader" | "follower" = "leader"): Outcome {
  const accused: bigint[] = [];
  const clock = new ManualClock();
  const hashOf = (id: bigint): HashKvResult => {
    const [hash, compactRevision = -1n] = hashes[Number(id)] ?? [];
    if (hash === undefined) throw new PeerUnavailableError("no answer");
    return { hash, compactRevision, hashRevision: 7n };
  };
  const ask = async (to: bigint): Promise<object> => ({ kind: "hash-kv", ...hashOf(to) });
  const check = new CorruptionCheck({
    raft: { status: { role } } as unknown as Raft,
    peers: { ...NO_PEERS, ask: ask as PeerNetwork["ask"] },
    clock,
    logger: SILENT_LOGGER,
    memberId: 1n,
    intervalMs: 60_000,
    members: () => Object.keys(hashes).map((id) => ({ id: BigInt(id) }) as Member),
    hashHere: async () => hashOf(1n),
    barrier: () => Promise.resolve(),
    propose: async (command: Command) => {
      if (command.kind === "alarm" && command.alarm === "corrupt") accused.push(command.memberId);
    },
  });
  return { check, clock, accused };
}

describe("the leader's comparison", () => {
  it.each<[string, Readonly<Record<number, Hash | undefined>>, readonly bigint[]]>([
    ["nobody when all are equal", { 1: [5], 2: [5], 3: [5] }, []],
    ["a follower that differs from the majority", { 1: [5], 2: [6], 3: [5] }, [2n]],
    ["the leader itself when the others agree against it", { 1: [5], 2: [6], 3: [6] }, [1n]],
    ["nobody known when there is no majority", { 1: [5], 2: [6], 3: undefined }, [0n]],
    ["nobody because of a member that is compacted differently", { 1: [5], 2: [6, 3n], 3: [5] }, []],
    ["nobody because of a member that does not answer", { 1: [5], 2: undefined, 3: [5] }, []],
    ["two of five", { 1: [5], 2: [6], 3: [5], 4: [7], 5: [5] }, [2n, 4n]],
  ])("accuses %s", async (_name, hashes, expected) => {
    const { check, accused } = scene(hashes);
    await check.check();
    expect(accused).toEqual(expected);
  });

  it("is not made by a follower", async () => {
    const { check, accused } = scene({ 1: [5], 2: [6], 3: [6] }, "follower");
    await check.check();
    expect(accused).toEqual([]);
  });

  it("is repeated at the interval until it is stopped", async () => {
    const { check, clock, accused } = scene({ 1: [5], 2: [6], 3: [5] });
    check.start();
    await clock.advance(59_999);
    expect(accused).toEqual([]);
    await clock.advance(1);
    await clock.advance(60_000);
    expect(accused).toEqual([2n, 2n]);
    check.stop();
    await clock.advance(120_000);
    expect(accused).toHaveLength(2);
  });
});

describe("a member's comparison of itself before it serves", () => {
  it("passes when nobody differs or nobody answers", async () => {
    await scene({ 1: [5], 2: [5], 3: [5] }).check.checkSelf();
    await scene({ 1: [5], 2: undefined, 3: undefined }).check.checkSelf();
  });

  it("names the members it differs from", async () => {
    const { check } = scene({ 1: [5], 2: [6], 171: [5] });
    await expect(check.checkSelf()).rejects.toThrow("differs from that of 2 at revision 7");
  });
});
