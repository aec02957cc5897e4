/**
 * Conformance: one list of cases, run against a real etcd and against Kvorum, every answer compared. Differences must
 * stand in `known-differences.txt` with their reason.
 */
import { readFileSync } from "node:fs";
import { type Channel, defaultEngine, niceChannel } from "@kvorum/transport";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { etcdMissing, startEtcd, type TestServer } from "../support/etcd.js";
import { startKvorum } from "../support/kvorum.js";
import type { Case } from "./case.js";
import { callCases } from "./cases/calls.js";
import { clusterServiceCases } from "./cases/cluster.js";
import { electionServiceCases } from "./cases/election-service.js";
import { laterCases } from "./cases/later.js";
import { leaseCases } from "./cases/lease.js";
import { leaseFormCases } from "./cases/lease-forms.js";
import { lockServiceCases } from "./cases/lock-service.js";
import { maintenanceServiceCases } from "./cases/maintenance.js";
import { authCases, clusterCases, compactionCases, healthCases, maintenanceCases } from "./cases/operations.js";
import { deleteCases, putCases } from "./cases/put-delete.js";
import { rangeCases } from "./cases/range.js";
import { rangeOptionCases } from "./cases/range-options.js";
import { securedCases } from "./cases/secured.js";
import { txnCases } from "./cases/txn.js";
import { txnFormCases } from "./cases/txn-forms.js";
import { enablingCases, permissionCases, roleCases, userCases } from "./cases/users.js";
import { watchCases } from "./cases/watch.js";
import { watchStreamCases } from "./cases/watch-streams.js";
import { type Caller, compareWithFile, Evidence, observed } from "./evidence.js";
import { type People, Probe } from "./probe.js";
import { unhurried } from "./unhurried.js";
import { disableUsers, enableUsers } from "./users.js";

/** Compactions come last: they cut off the history that others look at. */
const OPEN: readonly Case[] = [
  ...rangeCases,
  ...rangeOptionCases,
  ...putCases,
  ...deleteCases,
  ...txnCases,
  ...txnFormCases,
  ...watchCases,
  ...watchStreamCases,
  ...leaseCases,
  ...leaseFormCases,
  ...callCases,
  ...maintenanceCases,
  ...clusterCases,
  ...authCases,
  ...healthCases,
  ...maintenanceServiceCases,
  ...clusterServiceCases,
  ...lockServiceCases,
  ...electionServiceCases,
  ...userCases,
  ...roleCases,
  ...permissionCases,
  ...enablingCases,
  ...compactionCases,
];
const CASES: readonly Case[] = [...OPEN, ...securedCases];
const prefixOf = (testCase: Case): string => `case${CASES.indexOf(testCase)}/`;

const engine = defaultEngine().name;

/** Case name → why it differs on this engine. */
const knownDifferences = new Map(
  readFileSync(new URL("known-differences.txt", import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(" | ") as [string, string, string?])
    .filter(([, , only = engine]) => only === engine)
    .map(([name, reason]) => [name, reason]),
);

interface Peer {
  readonly server: TestServer;
  readonly channel: Caller;
  readonly close: () => Promise<void>;
  people: People;
}

function connect(server: TestServer, evidence?: Evidence): Peer {
  const channel: Channel = niceChannel(server.endpoint);
  return {
    server,
    channel: evidence === undefined ? unhurried(channel) : observed(channel, evidence),
    close: () => channel.close(),
    people: new Map(),
  };
}

async function transcriptOf(peer: Peer, testCase: Case, prefix: string): Promise<readonly string[]> {
  const probe = new Probe(peer.people.get("root") ?? peer.channel, prefix, peer.people);
  probe.transcript.startAt(await probe.revision());
  await testCase.run(probe);
  return probe.transcript.lines;
}

const missing = etcdMissing();
if (missing !== undefined) console.warn(`conformance is skipped: ${missing}`);

/** What Kvorum has shown in this run. */
const evidence = new Evidence();

describe.skipIf(missing !== undefined)("conformance with etcd", () => {
  let etcd: Peer;
  let kvorum: Peer;

  beforeAll(async () => {
    [etcd, kvorum] = [connect(await startEtcd()), connect(await startKvorum(), evidence)];
  });

  afterAll(async () => {
    for (const peer of [etcd, kvorum]) {
      await peer?.close();
      await peer?.server.stop();
    }
  });

  it("names every case once, at least 400 of them", () => {
    expect(CASES.length).toBeGreaterThanOrEqual(400);
    expect(new Set(CASES.map((testCase) => testCase.name)).size).toBe(CASES.length);
    for (const name of knownDifferences.keys()) expect(CASES.map((testCase) => testCase.name)).toContain(name);
  });

  function compare(testCase: Case): void {
    it(testCase.name, async () => {
      const [theirs, ours] = await Promise.all([
        transcriptOf(etcd, testCase, prefixOf(testCase)),
        transcriptOf(kvorum, testCase, prefixOf(testCase)),
      ]);
      expect(theirs.length, "a case records something").toBeGreaterThan(0);
      const reason = knownDifferences.get(testCase.name);
      if (reason === undefined) expect(ours).toEqual(theirs);
      else expect(ours, `listed as different: ${reason}`).not.toEqual(theirs);
    });
  }

  for (const testCase of OPEN) compare(testCase);

  describe("with users", () => {
    beforeAll(async () => {
      const prefixes = securedCases.map(prefixOf);
      for (const peer of [etcd, kvorum]) peer.people = await enableUsers(peer.channel, prefixes);
    });

    afterAll(async () => {
      for (const peer of [etcd, kvorum]) {
        const root = peer.people.get("root");
        peer.people = new Map();
        if (root !== undefined) await disableUsers(root, peer.channel);
      }
    });

    for (const testCase of securedCases) compare(testCase);
  });

  describe("of later versions, beside what their contract says", () => {
    for (const [number, { name, run, expected }] of laterCases.entries()) {
      it(name, async () => {
        expect(await transcriptOf(kvorum, { name, run }, `later${number}/`)).toEqual(expected);
      });
    }
  });

  it("has shown what the committed evidence says (else: KVORUM_RECORD=1, and read the difference)", () => {
    // Two texts are the engine's own, and the evidence is that of the default one.
    if (engine !== "lean") return expect(evidence.lines.length).toBeGreaterThan(0);
    const found = compareWithFile(evidence.lines, new URL("seen-by-cases.txt", import.meta.url));
    expect(found).toEqual({ missing: [], unlisted: [] });
  });
});
