/** One list of command lines, given to etcdctl and to kvorumctl: what is printed and the exit code must be the same. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { etcdMissing, startEtcd, type TestServer } from "../support/etcd.js";
import { type CommandResult, etcdctl, etcdctlMissing } from "../support/etcdctl.js";
import { startKvorum } from "../support/kvorum.js";
import { CASES, type Case } from "./cases.js";
import { DIFFERENCES, type Difference, withoutDifferences } from "./differences.js";
import { kvorumctl } from "./in-process.js";

// A leader that is busy with other tests must not be taken for a dead one.
const PATIENT = ["--heartbeat-interval", "500", "--election-timeout", "5000"];

const SERVERS: Readonly<
  Record<string, { readonly start: () => Promise<TestServer>; readonly missing: string | undefined }>
> = {
  etcd: { start: () => startEtcd(PATIENT), missing: etcdMissing() ?? etcdctlMissing() },
  Kvorum: { start: () => startKvorum({ flags: PATIENT }), missing: etcdctlMissing() },
};

for (const [server, { start, missing }] of Object.entries(SERVERS)) {
  if (missing !== undefined) console.log(`kvorumctl beside etcdctl on ${server} is skipped: ${missing}`);
  describe.skipIf(missing !== undefined)(`on ${server}`, () => {
    const leases = { theirs: "0", ours: "0" };
    let theirs: TestServer;
    let ours: TestServer;

    beforeAll(async () => {
      [theirs, ours] = await Promise.all([start(), start()]);
    });
    afterAll(async () => {
      await Promise.all([theirs?.stop(), ours?.stop()]);
    });

    for (const [index, { line, input = "", environment = {} }] of CASES.entries()) {
      it(nameOf(index, { line, input, environment }), async () => {
        const spoken = { ...environment, ETCDCTL_API: "3" };
        const [expected, actual] = await Promise.all([
          etcdctl(theirs.endpoint, withLease(line, leases.theirs), input, spoken),
          kvorumctl([`--endpoints=${ours.endpoint}`, ...withLease(line, leases.ours)], { input, environment: spoken }),
        ]);
        leases.theirs = leaseIn(expected) ?? leases.theirs;
        leases.ours = leaseIn(actual) ?? leases.ours;
        const [left, right] = withoutDifferences(line.join(" "), input, [expected, actual], new Set());
        expect(comparable(right)).toEqual(comparable(left));
      });
    }
  });
}

describe("the known differences", () => {
  it("are all met by a case", () => {
    const met = new Set<Difference>();
    const nothing: CommandResult = { code: 0, stdout: "", stderr: "" };
    for (const { line, input = "" } of CASES) withoutDifferences(line.join(" "), input, [nothing, nothing], met);
    expect(DIFFERENCES.filter((difference) => !met.has(difference)).map(({ why }) => why)).toEqual([]);
  });

  it("leave enough cases that are compared byte for byte", () => {
    const plain = CASES.filter(({ line, input = "" }) => {
      const met = new Set<Difference>();
      const nothing: CommandResult = { code: 0, stdout: "", stderr: "" };
      withoutDifferences(line.join(" "), input, [nothing, nothing], met);
      return met.size === 0;
    });
    expect(plain.length).toBeGreaterThanOrEqual(100);
  });
});

function nameOf(index: number, { line, input = "", environment = {} }: Case): string {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value} `);
  const typed = input === "" ? "" : ` <<< ${JSON.stringify(input)}`;
  return `${index + 1}: ${variables.join("")}${line.map((word) => (word === "" ? '""' : word)).join(" ")}${typed}`;
}

function withLease(line: readonly string[], lease: string): string[] {
  return line.map((word) => word.replace("$LEASE", lease));
}

function leaseIn({ stdout }: CommandResult): string | undefined {
  return /^lease ([\da-f]+) granted/.exec(stdout)?.[1];
}

/** Ids and terms are each server's own, and seconds pass; logs of etcdctl's library are not what a command says. */
function comparable({ code, stdout, stderr }: CommandResult): CommandResult {
  return { code, stdout: neutral(stdout), stderr: neutral(stderr.replace(/^\{"level":.*\n/gm, "")) };
}

function neutral(text: string): string {
  return text
    .replace(/("cluster_id"|"member_id"|"raft_term"|"ID"|"id"|"lease"):\d+/g, "$1:0")
    .replace(/("(?:ClusterID|MemberID|RaftTerm|ID|Lease)" :) [1-9]\d*/g, "$1 0")
    .replace(/\b[\da-f]{16}\b/g, "<id>")
    .replace(/remaining\(\d+s\)/g, "remaining(s)")
    .replace(/("ttl":|"TTL" : )2\d{3}/g, "$1<s>");
}
