/** etcdctl on a cluster of three: what the operator of a Kvorum cluster sees is what etcd shows. */
import { describe, expect, it } from "vitest";
import { Cluster } from "./cluster/cluster.js";
import type { ProgramName } from "./cluster/program.js";
import { missing, TIMING } from "./settings.js";
import { playTools } from "./tools.js";

const reason = missing("kvorum") ?? missing("etcd");
if (reason !== undefined) console.warn(`etcdctl on clusters is skipped: ${reason}`);

describe.skipIf(reason !== undefined)("etcdctl on a cluster", () => {
  it("shows for Kvorum what it shows for etcd", { timeout: 120_000 }, async () => {
    const [etcd, kvorum] = await Promise.all([transcriptOf("etcd"), transcriptOf("kvorum")]);
    expect(kvorum).toEqual(etcd);
    // Every command of the story was played to its end.
    expect(etcd.filter((line) => line.startsWith("$ etcdctl")).length).toBeGreaterThan(30);
  });
});

async function transcriptOf(program: ProgramName): Promise<string[]> {
  await using cluster = await Cluster.start({ program, size: 3, ...TIMING });
  return await playTools(cluster);
}
