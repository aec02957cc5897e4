/** What `top` makes of metrics and of two looks at a cluster. */
import { describe, expect, it } from "vitest";
import { jsonText } from "../output/json.js";
import { countersOf } from "./metrics.js";
import type { ClusterSample, MemberSample } from "./sample.js";
import { logLine, screenLines, viewJson } from "./text.js";
import { viewOf } from "./view.js";

const plain = (text: string): string => text;

function member(name: string, more: Partial<MemberSample> = {}): MemberSample {
  return {
    ...{ name, id: BigInt(name.slice(1)), endpoint: `http://${name}:2379`, error: undefined },
    status: {
      ...{ role: name === "n1" ? "leader" : "follower", version: "3.6.0", revision: 100n, term: 2n, applied: 500n },
      ...{ dbSize: 28_672n, dbSizeInUse: 20_480n },
    },
    counters: { puts: 1_000, ranges: 2_000, deletes: 0, txns: 10, watchers: 3 },
    ...more,
  };
}

function sample(atMs: number, members: readonly MemberSample[], more: Partial<ClusterSample> = {}): ClusterSample {
  return { atMs, clusterId: 0xabcn, members, leases: 5, alarms: [], ...more };
}

const later = member("n1", {
  status: { ...(member("n1").status as NonNullable<MemberSample["status"]>), revision: 160n, applied: 560n },
  counters: { puts: 1_060, ranges: 2_001, deletes: 0, txns: 10, watchers: 4 },
});
const down = member("n3", { status: undefined, counters: undefined, error: "connect ECONNREFUSED" });

describe("metrics", () => {
  it("are read under the names of old and new versions, and from no other text", () => {
    const text =
      "# TYPE x counter\netcd_debugging_mvcc_watcher_total 7\netcd_mvcc_put_total 1.5e+06\netcd_mvcc_txn_total 2\n";
    expect(countersOf(text)).toEqual({ puts: 1_500_000, ranges: 0, deletes: 0, txns: 2, watchers: 7 });
    expect(countersOf('etcd_debugging_mvcc_put_total{a="b"} 3\n')).toMatchObject({ puts: 3 });
    expect(countersOf("<html>not here</html>")).toBeUndefined();
  });
});

describe("two looks at a cluster", () => {
  const view = viewOf(
    sample(1_000, [member("n1"), member("n2"), member("n3")]),
    sample(3_000, [later, member("n2"), down]),
  );

  it("give rates a second, sums, and how far each member is behind", () => {
    expect(view).toMatchObject({ revision: 160n, writesPerSecond: 30, leader: "n1", watchers: 7, dbSize: 28_672n });
    expect(view.total).toEqual({ puts: 30, ranges: 0.5, deletes: 0, txns: 0 });
    expect(view.members.map(({ behind }) => behind)).toEqual([0n, 60n, undefined]);
  });

  it("count a member that began anew from zero", () => {
    const again = member("n1", { counters: { puts: 20, ranges: 0, deletes: 0, txns: 0, watchers: 0 } });
    expect(viewOf(sample(0, [member("n1")]), sample(1_000, [again])).total).toMatchObject({ puts: 20, ranges: 0 });
  });

  it("know no rates at first, and none where metrics cannot be reached", () => {
    expect(viewOf(undefined, sample(0, [member("n1")]))).toMatchObject({
      writesPerSecond: undefined,
      total: undefined,
    });
    const blind = member("n1", { counters: undefined });
    expect(viewOf(sample(0, [blind]), sample(1_000, [blind]))).toMatchObject({ writesPerSecond: 0, total: undefined });
  });

  it("are a screen that fits its width, a line, and JSON", () => {
    const lines = screenLines(view, 200, plain, "now");
    expect(lines[0]).toBe("cluster abc  members 2/3  leader n1  revision 160 (+30/s)  leases 5  now");
    expect(lines.slice(3)).toEqual([
      "MEMBER      ROLE  VERSION  TERM  APPLIED  BEHIND  DB SIZE  IN USE  PUT/S  RANGE/S  DEL/S  TXN/S  WATCHERS  ENDPOINT",
      "n1        leader    3.6.0     2      560       0    29 kB   20 kB     30      0.5      0      0         4  http://n1:2379",
      "n2      follower    3.6.0     2      500      60    29 kB   20 kB      0        0      0      0         3  http://n2:2379",
      "n3          down        -     -        -       -        -       -      -        -      -      -         -  http://n3:2379 connect ECONNREFUSED",
    ]);
    for (const line of screenLines(view, 40, plain, "now")) expect(line.length).toBeLessThanOrEqual(40);
    expect(logLine(view, "now")).toBe(
      "now members=2/3 leader=n1 revision=160 writes/s=30 puts/s=30 ranges/s=0.5 db=28672 leases=5 watchers=7 alarms=none",
    );
    const alarmed = viewOf(undefined, sample(0, [member("n1")], { alarms: ["NOSPACE n1"], leases: undefined }));
    expect(logLine(alarmed, "now")).toContain(
      "writes/s=- puts/s=- ranges/s=- db=28672 leases=- watchers=3 alarms=NOSPACE:n1",
    );
    expect(screenLines(alarmed, 80, plain, "now")[1]).toBe("alarms NOSPACE n1");
    expect(JSON.parse(jsonText(viewJson(view)))).toMatchObject({
      ...{ revision: 160, writes_per_second: 30, leader: "n1" },
      members: [{ name: "n1", role: "leader", puts_per_second: 30 }, { behind: 60 }, { error: "connect ECONNREFUSED" }],
    });
  });
});
