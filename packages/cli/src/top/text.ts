/** A view as text: a screen for a person, a line for a log, and JSON for a program. */
import { hexId, humanBytes } from "../output/go-text.js";
import type { JsonValue } from "../output/json.js";
import type { Colour } from "../terminal.js";
import type { ClusterView, MemberView, Rates } from "./view.js";

export type Paint = (text: string, ...colours: readonly Colour[]) => string;

const COLUMNS = [
  ...["MEMBER", "ROLE", "VERSION", "TERM", "APPLIED", "BEHIND", "DB SIZE", "IN USE"],
  ...["PUT/S", "RANGE/S", "DEL/S", "TXN/S", "WATCHERS", "ENDPOINT"],
] as const;

/** Lines of at most `columns` characters; colours come on top. */
export function screenLines(view: ClusterView, columns: number, paint: Paint, time: string): string[] {
  const { clusterId, members, revision, writesPerSecond, leases, alarms } = view;
  const serving = members.filter(({ status }) => status !== undefined).length;
  const head = [
    `cluster ${hexId(clusterId)}`,
    `members ${serving}/${members.length}`,
    `leader ${view.leader ?? "none"}`,
    `revision ${revision}${writesPerSecond === undefined ? "" : ` (+${rateText(writesPerSecond)}/s)`}`,
    `leases ${leases ?? "?"}`,
    time,
  ].join("  ");
  const rows = members.map(cellsOf);
  const widths = COLUMNS.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) =>
        i === 0 || i === COLUMNS.length - 1 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0),
      )
      .join("  ")
      .trimEnd()
      .slice(0, columns);
  const alarmLine = alarms.length === 0 ? "alarms none" : `alarms ${alarms.join(", ")}`;
  return [
    paint(head.slice(0, columns), "bold"),
    alarms.length === 0 ? alarmLine : paint(alarmLine.slice(0, columns), "red"),
    "",
    paint(line(COLUMNS), "dim"),
    ...members.map((member, i) => painted(line(rows[i] ?? []), member, paint)),
  ];
}

function cellsOf(member: MemberView): string[] {
  const { name, status, rates, counters, behind, endpoint, error } = member;
  if (status === undefined)
    return [name, "down", ...Array.from({ length: COLUMNS.length - 3 }, () => "-"), `${endpoint} ${error ?? ""}`];
  const rate = (key: keyof Rates): string => (rates === undefined ? "-" : rateText(rates[key]));
  return [
    ...[name, status.role, status.version, `${status.term}`, `${status.applied}`, `${behind ?? "-"}`],
    ...[humanBytes(status.dbSize), humanBytes(status.dbSizeInUse)],
    ...[rate("puts"), rate("ranges"), rate("deletes"), rate("txns")],
    ...[counters === undefined ? "-" : `${counters.watchers}`, endpoint],
  ];
}

function painted(text: string, { status }: MemberView, paint: Paint): string {
  if (status === undefined) return paint(text, "red");
  return status.role === "leader" ? paint(text, "green") : text;
}

/** `name=value` pairs, for a pipe. */
export function logLine(view: ClusterView, time: string): string {
  const { members, total, writesPerSecond } = view;
  const serving = members.filter(({ status }) => status !== undefined).length;
  const rate = (value: number | undefined): string => (value === undefined ? "-" : rateText(value));
  return [
    time,
    `members=${serving}/${members.length}`,
    `leader=${view.leader ?? "none"}`,
    `revision=${view.revision}`,
    `writes/s=${rate(writesPerSecond)}`,
    `puts/s=${rate(total?.puts)}`,
    `ranges/s=${rate(total?.ranges)}`,
    `db=${view.dbSize}`,
    `leases=${view.leases ?? "-"}`,
    `watchers=${view.watchers ?? "-"}`,
    `alarms=${view.alarms.length === 0 ? "none" : view.alarms.join(",").replaceAll(" ", ":")}`,
  ].join(" ");
}

export function viewJson(view: ClusterView): JsonValue {
  return {
    cluster_id: view.clusterId,
    revision: view.revision,
    writes_per_second: view.writesPerSecond,
    leader: view.leader,
    leases: view.leases,
    watchers: view.watchers,
    alarms: view.alarms,
    members: view.members.map(({ name, id, endpoint, error, status, counters, rates, behind }) => ({
      ...{ name, id, endpoint, error, behind },
      ...(status === undefined ? {} : { ...status }),
      watchers: counters?.watchers,
      puts_per_second: rates?.puts,
      ranges_per_second: rates?.ranges,
      deletes_per_second: rates?.deletes,
      txns_per_second: rates?.txns,
    })),
  };
}

function rateText(rate: number): string {
  return rate < 10 && rate > 0 ? rate.toFixed(1) : Math.round(rate).toString();
}
