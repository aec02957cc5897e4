/** The status of members with what etcd 3.4 says of them, and with what came later. */
import { create } from "@bufbuild/protobuf";
import { StatusResponseSchema } from "@kvorum/proto";
import { describe, expect, it } from "vitest";
import { formatReport } from "./report.js";
import { statusReport } from "./status-report.js";

const header = { memberId: 10n, clusterId: 11n, revision: 12n, raftTerm: 3n };
const said = {
  ...{ header, version: "3.4.23", dbSize: 20480n, dbSizeInUse: 16384n, leader: 10n },
  ...{ raftIndex: 8n, raftTerm: 3n, raftAppliedIndex: 8n },
};
const early = create(StatusResponseSchema, said);
const later = create(StatusResponseSchema, {
  ...said,
  ...{ version: "3.6.0", storageVersion: "3.6.0", dbSizeQuota: 2_147_483_648n, errors: ["memberID:10 alarm:NOSPACE "] },
  downgradeInfo: { enabled: true, targetVersion: "3.5.0" },
});

function shown(format: string, ...statuses: readonly (typeof early)[]): string {
  const asked = statuses.map((answer, index) => ({ endpoint: `m${index}`, answer }));
  return Buffer.from(formatReport(statusReport(asked), format)).toString();
}

function rows(table: string): string[][] {
  const lines = table.split("\n").filter((line) => line.startsWith("|"));
  return lines.map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe("the status of members", () => {
  it("has etcd 3.4's columns where that is all that the server says", () => {
    expect(rows(shown("table", early))).toEqual([
      "ENDPOINT,ID,VERSION,DB SIZE,IS LEADER,IS LEARNER,RAFT TERM,RAFT INDEX,RAFT APPLIED INDEX,ERRORS".split(","),
      ["m0", "a", "3.4.23", "20 kB", "true", "false", "3", "8", "8", ""],
    ]);
    expect(shown("fields", early)).not.toMatch(/Storage|InUse|Quota|Downgrade/);
  });

  it("has etcd 3.6's columns as soon as one member gives them", () => {
    const [names, first, second] = rows(shown("table", later, early));
    expect(names).toEqual([
      ...["ENDPOINT", "ID", "VERSION", "STORAGE VERSION", "DB SIZE", "IN USE", "PERCENTAGE NOT IN USE", "QUOTA"],
      ...["IS LEADER", "IS LEARNER", "RAFT TERM", "RAFT INDEX", "RAFT APPLIED INDEX", "ERRORS"],
      ...["DOWNGRADE TARGET VERSION", "DOWNGRADE ENABLED"],
    ]);
    expect(first).toEqual([
      ...["m0", "a", "3.6.0", "3.6.0", "20 kB", "16 kB", "20%", "2.1 GB", "true", "false", "3", "8", "8"],
      ...["memberID:10 alarm:NOSPACE", "3.5.0", "true"],
    ]);
    expect(second?.slice(3, 8)).toEqual(["", "20 kB", "16 kB", "20%", "0 B"]);
    expect(shown("fields", later)).toContain('"StorageVersion" : "3.6.0"\n"DBSize" : 20480\n"DBSizeInUse" : 16384\n');
    expect(shown("fields", later)).toContain('"DowngradeTargetVersion" : "3.5.0"\n"DowngradeEnabled" : true\n');
  });

  it("is in lines the same ten values for every server", () => {
    expect(shown("simple", early, later)).toBe(
      "m0, a, 3.4.23, 20 kB, true, false, 3, 8, 8, \n" +
        "m1, a, 3.6.0, 20 kB, true, false, 3, 8, 8, memberID:10 alarm:NOSPACE \n",
    );
  });
});
