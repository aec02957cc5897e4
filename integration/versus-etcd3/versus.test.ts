/**
 * npm etcd3 1.1.2 and Kvorum's client against the same server, under the same fault. What ours does is a requirement; what
 * etcd3 does is recorded, so that the table in `docs/versus-etcd3.md` cannot say what is not so. `KVORUM_RERECORD=1` writes
 * that table anew.
 *
 * Both clients use one copy of grpc-js, to which nice-grpc gives a connect timeout of its own; etcd3 has the benefit.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { etcdMissing, startEtcd, type TestServer } from "../support/etcd.js";
import { startKvorum } from "../support/kvorum.js";
import { type Findings, findingsAt } from "./findings.js";
import { STORED } from "./history.js";
import { PAIRS } from "./large-answer.js";
import { READS } from "./silent-endpoint.js";
import { TTL_SECONDS } from "./silent-lease.js";
import { table } from "./table.js";

const PAGE = new URL("../../docs/versus-etcd3.md", import.meta.url);
const MARKED = /(?<=<!-- table -->\n\n)[\s\S]*?(?=\n\n<!-- end of table -->)/;
const rerecord = process.env["KVORUM_RERECORD"] === "1";
const TTL_MS = TTL_SECONDS * 1_000;

const noEtcd = etcdMissing();
if (noEtcd !== undefined) console.warn(`the comparison before etcd is skipped: ${noEtcd}`);

const servers: Readonly<Record<string, () => Promise<TestServer>>> = {
  ...(noEtcd === undefined && { etcd: startEtcd }),
  Kvorum: startKvorum,
};

async function compare(start: () => Promise<TestServer>): Promise<Findings> {
  const server = await start();
  try {
    return await findingsAt(server.endpoint);
  } finally {
    await server.stop();
  }
}

// All servers at once: most of the time is spent waiting for a lease.
const found = new Map<string, Findings>();
beforeAll(async () => {
  const all = Object.entries(servers).map(async ([name, start]) => found.set(name, await compare(start)));
  await Promise.all(all);
});

describe.each(Object.keys(servers))("npm etcd3 1.1.2 and Kvorum's client before %s", (server) => {
  const findings = (): Findings => found.get(server) as Findings;

  it("a transfer whose commit is not answered: ours is applied once and says that its outcome is unknown", () => {
    const { etcd3, kvorum } = findings().lostReply;
    expect(kvorum).toEqual({ balances: "90/10", runs: 1, error: "OutcomeUnknownError", outcome: "unknown" });
    expect(etcd3).toEqual({ balances: "80/20", runs: 2, error: undefined, outcome: undefined });
  });

  it("the same asked for exactly once: ours is applied once and says so", () => {
    const once = { balances: "90/10", runs: 1, error: undefined, outcome: undefined };
    expect(findings().exactlyOnce).toEqual(once);
  });

  it("a transfer between keys of different ages: ours commits at the first run", () => {
    const { etcd3, kvorum } = findings().ages;
    expect(kvorum).toEqual({ balances: "90/10", runs: 1, error: undefined });
    expect(etcd3).toEqual({ balances: "100/0", runs: 4, error: "STMConflictError" });
  });

  it("a watch over history that is cut after its creation: ours reports all of it, once each", () => {
    const { etcd3, kvorum } = findings().history;
    expect(kvorum).toEqual({ reported: STORED, errors: 0, connections: 2 });
    expect(etcd3).toEqual({ reported: 0, errors: 0, connections: 2 });
  });

  it("a lease on a silent network: ours is reported lost before the server ends it", () => {
    const { etcd3, kvorum } = findings().silentLease;
    expect(kvorum.afterServerMs).toBeLessThan(0);
    expect(kvorum.afterAnswerMs).toBeLessThan(TTL_MS);
    expect(etcd3.afterServerMs).toBeGreaterThan(0);
    expect(etcd3.afterAnswerMs).toBeGreaterThan(2 * TTL_MS);
  });

  it("an answer of more than 4 MiB: ours takes it", () => {
    const { etcd3, kvorum } = findings().largeAnswer;
    expect(kvorum).toEqual({ pairs: PAIRS, error: undefined });
    expect(etcd3).toEqual({ pairs: undefined, error: "GRPCResourceExhastedError" });
  });

  it("an endpoint that accepts and never answers: all of our reads are answered by the other", () => {
    const { etcd3, kvorum } = findings().silentEndpoint;
    expect(kvorum.answered).toBe(READS);
    expect(etcd3.answered).toBeLessThan(READS);
  });

  it("the page has the table of this run", () => {
    const page = readFileSync(PAGE, "utf8");
    const current = table(findings());
    if (rerecord)
      return writeFileSync(
        PAGE,
        page.replace(MARKED, () => current),
      );
    expect(MARKED.exec(page)?.[0]).toBe(current);
  });
});
