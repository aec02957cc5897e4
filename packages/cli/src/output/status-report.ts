/**
 * `endpoint status` in its formats. Against a server that says no more than etcd 3.4 it is 3.4's output; the columns and fields that
 * came with 3.6 stand in the table and in `fields` as soon as one of the members gives them. A line of `simple` is 3.4's always:
 * scripts count its commas.
 */
import { type StatusResponse, StatusResponseSchema } from "@kvorum/proto";
import type { Asked } from "../endpoints.js";
import { fieldLine, headerFields } from "./fields.js";
import { hexId, humanBytes } from "./go-text.js";
import { messageJson } from "./json.js";
import type { Report } from "./report.js";
import type { Text } from "./text.js";

type Status = Asked<StatusResponse>;

interface Column {
  readonly name: string;
  /** Came with etcd 3.6. */
  readonly isLater?: boolean;
  readonly cell: (status: StatusResponse, endpoint: string) => string;
}

export function statusReport(statuses: readonly Status[]): Report {
  const isLater = statuses.some(({ answer }) => answer.storageVersion !== "");
  const columns = COLUMNS.filter((column) => isLater || column.isLater !== true);
  return {
    simple: (out) => {
      const plain = COLUMNS.filter((column) => column.isLater !== true);
      for (const status of statuses) out.line(cells(plain, status).join(", "));
    },
    json: () =>
      statuses.map(({ endpoint, answer }) => ({
        Endpoint: endpoint,
        Status: messageJson(StatusResponseSchema, answer),
      })),
    fields: (out) => {
      for (const status of statuses) fields(out, status);
    },
    table: () => ({
      header: columns.map(({ name }) => name),
      rows: statuses.map((status) => cells(columns, status)),
    }),
  };
}

/** In the order of etcd 3.6; those that are not later are in the order of 3.4. */
const COLUMNS: readonly Column[] = [
  { name: "Endpoint", cell: (_, endpoint) => endpoint },
  { name: "ID", cell: ({ header }) => hexId(header?.memberId ?? 0n) },
  { name: "Version", cell: ({ version }) => version },
  { name: "Storage Version", isLater: true, cell: ({ storageVersion }) => storageVersion },
  { name: "DB Size", cell: ({ dbSize }) => humanBytes(dbSize) },
  { name: "In Use", isLater: true, cell: ({ dbSizeInUse }) => humanBytes(dbSizeInUse) },
  { name: "Percentage Not In Use", isLater: true, cell: freeShare },
  { name: "Quota", isLater: true, cell: ({ dbSizeQuota }) => humanBytes(dbSizeQuota) },
  { name: "Is Leader", cell: ({ header, leader }) => String(leader === (header?.memberId ?? 0n)) },
  { name: "Is Learner", cell: ({ isLearner }) => String(isLearner) },
  { name: "Raft Term", cell: ({ raftTerm }) => String(raftTerm) },
  { name: "Raft Index", cell: ({ raftIndex }) => String(raftIndex) },
  { name: "Raft Applied Index", cell: ({ raftAppliedIndex }) => String(raftAppliedIndex) },
  { name: "Errors", cell: ({ errors }) => errors.join(", ") },
  {
    name: "Downgrade Target Version",
    isLater: true,
    cell: ({ downgradeInfo }) => downgradeInfo?.targetVersion ?? "",
  },
  { name: "Downgrade Enabled", isLater: true, cell: ({ downgradeInfo }) => String(downgradeInfo?.enabled ?? false) },
];

function cells(columns: readonly Column[], { endpoint, answer }: Status): string[] {
  return columns.map(({ cell }) => cell(answer, endpoint));
}

/** What a defragmentation would give back, in whole per cent of the file. */
function freeShare({ dbSize, dbSizeInUse }: StatusResponse): string {
  return dbSize === 0n ? "0%" : `${100n - (dbSizeInUse * 100n) / dbSize}%`;
}

function fields(out: Text, { endpoint, answer }: Status): void {
  const isLater = answer.storageVersion !== "";
  headerFields(out, answer.header);
  fieldLine(out, "Version", answer.version);
  if (isLater) fieldLine(out, "StorageVersion", answer.storageVersion);
  fieldLine(out, "DBSize", answer.dbSize);
  if (isLater) {
    fieldLine(out, "DBSizeInUse", answer.dbSizeInUse);
    fieldLine(out, "DBSizeQuota", answer.dbSizeQuota);
  }
  fieldLine(out, "Leader", answer.leader);
  fieldLine(out, "IsLearner", answer.isLearner);
  fieldLine(out, "RaftIndex", answer.raftIndex);
  fieldLine(out, "RaftTerm", answer.raftTerm);
  fieldLine(out, "RaftAppliedIndex", answer.raftAppliedIndex);
  out.line(`"Errors" : [${answer.errors.join(" ")}]`);
  fieldLine(out, "Endpoint", endpoint);
  if (isLater) {
    fieldLine(out, "DowngradeTargetVersion", answer.downgradeInfo?.targetVersion ?? "");
    fieldLine(out, "DowngradeEnabled", answer.downgradeInfo?.enabled ?? false);
  }
  out.line();
}
