/** The JSON gateway beside etcd's: one table of cases, every answer compared. What differs is said with its reason. */
import { readFileSync } from "node:fs";
import { startNode } from "@kvorum/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compareWithFile } from "../conformance/evidence.js";
import { etcdMissing, startEtcd } from "../support/etcd.js";
import { CASES, type GatewayCase } from "./cases.js";
import { Probe, type ProbeTarget } from "./probe.js";

/** Routes that etcd 3.4 does not have. */
const LATER = ["/v3/maintenance/hashkv", "/v3/maintenance/downgrade", "/v3/auth/status"];

async function transcriptOf(target: ProbeTarget, testCase: GatewayCase, number: number): Promise<readonly string[]> {
  const probe = new Probe(target, `case${number}/`);
  await probe.begin();
  await testCase.run(probe);
  return probe.transcript;
}

const missing = etcdMissing();
if (missing !== undefined) console.warn(`the comparison of gateways is skipped: ${missing}`);

describe.skipIf(missing !== undefined)("the JSON gateway beside etcd's", () => {
  let etcd: ProbeTarget;
  let kvorum: ProbeTarget;
  const closers: (() => Promise<void>)[] = [];
  const seen = new Map<string, Set<string>>();

  beforeAll(async () => {
    const [server, node] = await Promise.all([startEtcd(), startNode()]);
    closers.push(
      () => server.stop(),
      () => node.close(),
    );
    etcd = { endpoint: server.endpoint, isFirstGateway: true };
    kvorum = { endpoint: node.endpoints[0] ?? "", isFirstGateway: false };
  });

  afterAll(async () => {
    for (const close of closers) await close();
  });

  it.each(CASES.map((testCase, number) => ({ ...testCase, number })))("$name", async ({ number, ...testCase }) => {
    const [theirs, ours] = await Promise.all([
      transcriptOf(etcd, testCase, number),
      transcriptOf(kvorum, testCase, number),
    ]);
    expect(ours.length, "a case records something").toBeGreaterThan(0);
    for (const line of ours) {
      const [path = "", status = ""] = line.split(" ", 2);
      seen.set(path, (seen.get(path) ?? new Set()).add(status));
    }
    if (testCase.differs === undefined) expect(ours).toEqual(theirs);
    else expect(ours, `said to differ: ${testCase.differs}`).not.toEqual(theirs);
  });

  it("every route that etcd 3.4 has was asked", () => {
    const facts = readFileSync(new URL("../../packages/server/testdata/http.tsv", import.meta.url), "utf8");
    const routes = facts.split("\n").flatMap((row) => /^gateway\t(\S+)/.exec(row)?.[1] ?? []);
    expect(routes).toHaveLength(51);
    expect(routes.filter((route) => !seen.has(route) && !LATER.includes(route))).toEqual([
      ...["/v3/maintenance/snapshot"],
    ]);
  });

  it("has shown what the committed evidence says (else: KVORUM_RECORD=1, and read the difference)", () => {
    const lines = [...seen].flatMap(([path, statuses]) => [...statuses].map((status) => `route ${path} ${status}`));
    const found = compareWithFile(lines.sort(), new URL("seen-routes.txt", import.meta.url));
    expect(found).toEqual({ missing: [], unlisted: [] });
  });
});
