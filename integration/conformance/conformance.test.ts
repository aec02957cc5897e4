/**
 * Conformance: one list of cases, run against a real etcd and against Kvorum, every answer compared. Differences must
 * stand in `known-differences.txt` with their reason.
 */
import { readFileSync } from "node:fs";
import { type Channel, niceChannel } from "@kvorum/transport";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { etcdMissing, startEtcd, type TestServer } from "../support/etcd.js";
import { startKvorum } from "../support/kvorum.js";
import type { Case } from "./case.js";
import { clusterServiceCases } from "./cases/cluster.js";
import { electionServiceCases } from "./cases/election-service.js";
import { leaseCases } from "./cases/lease.js";
import { lockServiceCases } from "./cases/lock-service.js";
import { maintenanceServiceCases } from "./cases/maintenance.js";
import { authCases, clusterCases, compactionCases, healthCases, maintenanceCases } from "./cases/operations.js";
import { deleteCases, putCases } from "./cases/put-delete.js";
import { rangeCases } from "./cases/range.js";
import { txnCases } from "./cases/txn.js";
import { watchCases } from "./cases/watch.js";
import { Probe } from "./probe.js";

const CASES: readonly Case[] = [
  ...rangeCases,
  ...putCases,
  ...deleteCases,
  ...txnCases,
  ...watchCases,
  ...leaseCases,
  ...maintenanceCases,
  ...clusterCases,
  ...authCases,
  ...healthCases,
  ...maintenanceServiceCases,
  ...clusterServiceCases,
  ...lockServiceCases,
  ...electionServiceCases,
  ...compactionCases,
];

/** Case name → why it differs. */
const knownDifferences = new Map(
  readFileSync(new URL("known-differences.txt", import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(" | ", 2) as [string, string]),
);

interface Peer {
  readonly server: TestServer;
  readonly channel: Channel;
}

async function connect(server: TestServer): Promise<Peer> {
  return { server, channel: niceChannel(server.endpoint) };
}

async function transcriptOf(peer: Peer, testCase: Case, number: number): Promise<readonly string[]> {
  const probe = new Probe(peer.channel, `case${number}/`);
  probe.transcript.startAt(await probe.revision());
  await testCase.run(probe);
  return probe.transcript.lines;
}

const missing = etcdMissing();
if (missing !== undefined) console.warn(`conformance is skipped: ${missing}`);

describe.skipIf(missing !== undefined)("conformance with etcd", () => {
  let etcd: Peer;
  let kvorum: Peer;

  beforeAll(async () => {
    etcd = await connect(await startEtcd());
    kvorum = await connect(await startKvorum());
  });

  afterAll(async () => {
    for (const peer of [etcd, kvorum]) {
      await peer?.channel.close();
      await peer?.server.stop();
    }
  });

  it("names every case once, at least 150 of them", () => {
    expect(CASES.length).toBeGreaterThanOrEqual(150);
    expect(new Set(CASES.map((testCase) => testCase.name)).size).toBe(CASES.length);
    for (const name of knownDifferences.keys()) expect(CASES.map((testCase) => testCase.name)).toContain(name);
  });

  for (const [number, testCase] of CASES.entries()) {
    it(testCase.name, async () => {
      const [theirs, ours] = await Promise.all([
        transcriptOf(etcd, testCase, number),
        transcriptOf(kvorum, testCase, number),
      ]);
      expect(theirs.length, "a case records something").toBeGreaterThan(0);
      const reason = knownDifferences.get(testCase.name);
      if (reason === undefined) expect(ours).toEqual(theirs);
      else expect(ours, `listed as different: ${reason}`).not.toEqual(theirs);
    });
  }
});
