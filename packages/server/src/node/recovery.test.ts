/** First starts and restarts that are cut short: whatever reached the disk, the next start is the same member. */
import { describe, expect, it } from "vitest";
import { committedEntries, memberOf, peerUrl, RecoveredMachine, THREE } from "../../testing/recovered-machine.js";
import type { Entry } from "../core/raft/types.js";
import { MemoryBackend } from "../io/backend/memory-backend.js";
import type { DiskOperation } from "../io/disk/memory-disk.js";
import { Wal } from "../io/wal/wal.js";
import { SeededRandom } from "../simulation/seeded-random.js";

/** Long names, so that the first entries do not fit into one sector. */
const FIVE = [1, 2, 3, 4, 5].map((n) => ({
  name: `n${n}`,
  peerUrls: [`http://${"a-rather-long-host-name.".repeat(6)}n${n}.example.test:2380`],
}));
const SELF = { peerUrls: (FIVE[0] as (typeof FIVE)[number]).peerUrls, initialCluster: FIVE };

describe("a first start that is cut short", () => {
  it("anywhere, by a power loss that keeps any sectors, is made good by the next", async () => {
    const whole = await new RecoveredMachine(SELF).recover();
    const expected = committedEntries(whole);
    expect(expected).toHaveLength(5);
    let wasCut = true;
    for (let cutAt = 1; wasCut; cutAt++) {
      for (let seed = 1; seed <= 8; seed++) wasCut = await survivesCut(cutAt, seed, expected);
    }
  });
});

/** Whether the first start came as far as the operation at which the power goes. */
async function survivesCut(cutAt: number, seed: number, expected: readonly Entry[]): Promise<boolean> {
  const random = new SeededRandom(seed);
  let left = cutAt;
  const machine = new RecoveredMachine(SELF, {
    before: () => {
      if (--left === 0) throw new Error("power");
    },
  });
  const wasCut = await machine.recover().then(
    () => false,
    () => true,
  );
  left = 0;
  machine.disk.crash({ sectorSurvives: () => random.int(2) === 0, directoriesSurvive: random.int(2) === 0 });
  const recovered = await machine.recover();
  const { term, commitIndex, lastIndex } = recovered.raft.status;
  expect({ cutAt, seed, term, commitIndex, lastIndex, entries: committedEntries(recovered) }).toEqual({
    ...{ cutAt, seed, term: 1, commitIndex: 5, lastIndex: 5 },
    entries: expected,
  });
  return wasCut;
}

describe("the first record of a member that joins", () => {
  it("may be torn: the member goes on joining", async () => {
    let torn = 0;
    // The lengths move the border between two sectors through the entries and the hard state behind them.
    for (let length = 0; length < 512; length += 8) if (await joinsAfterTear(length)) torn++;
    expect(torn).toBeGreaterThan(0);
  });
});

/** Whether the sector that was kept held the entries and not the hard state behind them. */
async function joinsAfterTear(length: number): Promise<boolean> {
  let powerIsGone = false;
  const before = ({ type }: DiskOperation): void => {
    if (powerIsGone && type === "sync") throw new Error("power");
  };
  const machine = new RecoveredMachine(
    { initialCluster: THREE, initialClusterState: "existing", walSegmentBytes: 64 * 1024 },
    { before },
  );
  const members = THREE.map(({ name, peerUrls }, i) => memberOf(BigInt(i + 1), name === "n1" ? "" : name, peerUrls));
  machine.neighbours.set(peerUrl("n2"), { clusterId: 77n, members, removed: [] });
  const { wal, identity } = await machine.recover();
  powerIsGone = true;
  const entries: Entry[] = [{ type: "command", term: 2, index: 1, data: new Uint8Array(length).fill(7) }];
  await wal.append({ entries, hardState: { term: 2, vote: 0n, commit: 0 }, mustSync: true }).catch(() => {});
  powerIsGone = false;
  let sectors = 0;
  machine.disk.crash({ sectorSurvives: () => sectors++ < 1 });
  const left = await Wal.open({ disk: machine.disk, directory: "/wal", ...identity, backendAppliedIndex: 0 });
  await left.wal.close();
  const isTorn = left.recovered.entries.length === 1 && left.recovered.hardState === undefined;
  const recovered = await machine.recover();
  expect(recovered.identity).toEqual(identity);
  const { term, lastIndex } = recovered.raft.status;
  expect({ length, lastIndex, term }).toEqual({ length, lastIndex, term: lastIndex === 0 ? 0 : 2 });
  // What was left on disk is overwritten by what the leader sends.
  const sent: Entry[] = [{ type: "command", term: 3, index: 1, data: new Uint8Array(1) }];
  await recovered.wal.append({ entries: sent, hardState: { term: 3, vote: 0n, commit: 0 }, mustSync: true });
  await recovered.wal.close();
  const again = await machine.recover();
  expect(again.raft.status).toMatchObject({ term: 3, lastIndex: 1 });
  return isTorn;
}

describe("a log that is gone", () => {
  it("is not replaced by a new one beside a backend with content", async () => {
    const machine = new RecoveredMachine();
    const backend = new MemoryBackend(machine.store);
    const { confState } = backend.appliedAt();
    backend.commit([], { index: 9, term: 1, confState });
    expect(await machine.refusal()).toContain("there is no log, and the backend has applied entry 9");
  });
});
