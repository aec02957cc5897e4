/**
 * Conformance of what only several members can show: who leads and is asked to let go, learners, changes that would cost the
 * quorum, and calls when it is lost. One script of steps on clusters of etcd and of Kvorum; every step's answers are compared.
 */
import { type Channel, niceChannel } from "@kvorum/transport";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { etcdMissing, startEtcd, type TestServer } from "../support/etcd.js";
import { startKvorum } from "../support/kvorum.js";
import { freePort } from "../support/process.js";
import { LONELY } from "./cases/quorum.js";
import { THREE } from "./cases/three.js";
import { compareWithFile, Evidence, observed } from "./evidence.js";
import { Cluster, type Start, type Step } from "./members.js";
import { unhurried } from "./unhurried.js";

const missing = etcdMissing();
if (missing !== undefined) console.warn(`conformance of members is skipped: ${missing}`);

/** What Kvorum has shown in this run. */
const evidence = new Evidence();

const etcd: Start = (flags) => startEtcd(flags);
const kvorum: Start = (flags) => startKvorum({ flags });

function connect({ endpoint }: TestServer, isWatched: boolean) {
  const channel: Channel = niceChannel(endpoint);
  return { channel: isWatched ? observed(channel, evidence) : unhurried(channel), close: () => channel.close() };
}

function compare(title: string, size: number, steps: readonly Step[]): void {
  describe.skipIf(missing !== undefined)(title, () => {
    let theirs: Cluster;
    let ours: Cluster;

    beforeAll(async () => {
      theirs = new Cluster(etcd, (server) => connect(server, false), freePort);
      ours = new Cluster(kvorum, (server) => connect(server, true), freePort);
      await theirs.start(size);
      await ours.start(size);
    });
    afterAll(async () => {
      await theirs?.close();
      await ours?.close();
    });

    for (const { name, run, differs } of steps) {
      it(name, async () => {
        const [expected, found] = await Promise.all([theirs, ours].map((cluster) => cluster.transcriptOf(run)));
        expect(expected?.length, "a step records something").toBeGreaterThan(0);
        if (differs === undefined) expect(found).toEqual(expected);
        else expect(found, `listed as different: ${differs}`).not.toEqual(expected);
      });
    }
  });
}

compare("a member that waits for a second", 1, LONELY);
compare("three members", 3, THREE);

it.skipIf(missing !== undefined)(
  "members have shown what the committed evidence says (else: KVORUM_RECORD=1, and read the difference)",
  () => {
    const found = compareWithFile(evidence.lines, new URL("seen-by-members.txt", import.meta.url));
    expect(found).toEqual({ missing: [], unlisted: [] });
  },
);
