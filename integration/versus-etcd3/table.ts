/** The findings as the table of `docs/versus-etcd3.md`, in words that hold for every run that found the same. */
import type { Findings } from "./findings.js";
import { STORED } from "./history.js";
import { PAIRS } from "./large-answer.js";
import type { LostReply } from "./lost-reply.js";
import { PATIENCE_MS, READS, type SilentEndpoint } from "./silent-endpoint.js";
import { type SilentLease, TTL_SECONDS } from "./silent-lease.js";

type Row = readonly [what: string, etcd3: string, kvorum: string];

export function table(findings: Findings): string {
  const rows: Row[] = [["", "npm etcd3 1.1.2", "Kvorum's client"], ...rowsOf(findings)];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const [head = ["", "", ""], ...body] = rows;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n");
}

function rowsOf({ lostReply, exactlyOnce, ages, history, silentLease, largeAnswer, silentEndpoint }: Findings): Row[] {
  return [
    [
      "Transfer of 10 from 100/0 in a transaction (STM); the answer to its commit is lost",
      lostReplyText(lostReply.etcd3),
      lostReplyText(lostReply.kvorum),
    ],
    ['The same with `commit: "exactly-once"`', "no such mode", lostReplyText(exactlyOnce)],
    [
      "The transfer between keys last written at different revisions; no fault",
      `${ages.etcd3.balances}; ${ending(ages.etcd3.error)}; body ran ${times(ages.etcd3.runs)}`,
      `${ages.kvorum.balances}; ${ending(ages.kvorum.error)}; body ran ${times(ages.kvorum.runs)}`,
    ],
    [
      `Watch over ${count(STORED)} stored puts; connection cut once, right after the watch was created`,
      `${count(history.etcd3.reported)} reported; ${errors(history.etcd3.errors)}`,
      `${count(history.kvorum.reported)} reported; ${errors(history.kvorum.errors)}`,
    ],
    [
      `Lease of ${TTL_SECONDS} s; the network falls silent, connections stay open`,
      leaseText(silentLease.etcd3),
      leaseText(silentLease.kvorum),
    ],
    [
      `Read of ${PAIRS} pairs of 1.2 MB in one answer`,
      pairsText(largeAnswer.etcd3.pairs, largeAnswer.etcd3.error),
      pairsText(largeAnswer.kvorum.pairs, largeAnswer.kvorum.error),
    ],
    [
      `${READS} reads; of two endpoints one accepts connections and never answers`,
      endpointText(silentEndpoint.etcd3),
      endpointText(silentEndpoint.kvorum),
    ],
  ];
}

function lostReplyText({ balances, runs, error, outcome }: LostReply): string {
  const known = outcome === undefined ? "" : ` (outcome ${outcome})`;
  return `${balances}; ${ending(error)}${known}; body ran ${times(runs)}`;
}

function leaseText({ afterServerMs, afterAnswerMs }: SilentLease): string {
  const ttls = Math.floor(afterAnswerMs / (TTL_SECONDS * 1_000));
  const when = ttls === 0 ? "within 1 TTL" : `more than ${ttls} TTL`;
  return `loss reported ${when} after the last answer, ${afterServerMs < 0 ? "before" : "after"} the server ended the lease`;
}

function pairsText(pairs: number | undefined, error: string | undefined): string {
  return pairs === undefined ? `rejects with \`${error}\`` : `${pairs} pairs`;
}

function endpointText({ answered }: SilentEndpoint): string {
  const seconds = PATIENCE_MS / 1_000;
  return answered === READS ? `all answered within ${seconds} s` : `some unanswered after ${seconds} s`;
}

function ending(error: string | undefined): string {
  return error === undefined ? "resolves" : `rejects with \`${error}\``;
}

function times(runs: number): string {
  return runs === 1 ? "once" : runs === 2 ? "twice" : `${runs} times`;
}

function errors(number: number): string {
  return number === 0 ? "no error" : `${number} errors`;
}

function count(number: number): string {
  return number.toLocaleString("en-US");
}
