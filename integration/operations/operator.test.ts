/** What an operator does and sees: space that runs out and comes back, defragmentation under traffic, slow requests, limits. */
import { AlarmRequest_AlarmAction, AlarmType, KV, Maintenance, Watch } from "@kvorum/proto";
import { type Logger, startNode } from "@kvorum/server";
import { type Channel, niceChannel, RpcError, StatusCode } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { etcdMissing, startEtcd } from "../support/etcd.js";
import { temporaryDirectory } from "../support/process.js";

const bytes = (text: string): Uint8Array => Buffer.from(text);
const MEBIBYTE = 1024 * 1024;

const missing = etcdMissing();
if (missing !== undefined) console.warn(`the comparison of operations with etcd is skipped: ${missing}`);

/** Writes until there is no space, gets it back as etcd's manual says, and tells what was seen on the way. */
async function outOfSpace(channel: Channel): Promise<readonly string[]> {
  const seen: string[] = [];
  const value = new Uint8Array(MEBIBYTE);
  const put = (key: string) => channel.unary(KV.method.put, { key: bytes(key), value }, { timeoutMs: 10_000 });
  const outcome = async (call: Promise<unknown>): Promise<string> => {
    try {
      await call;
      return "OK";
    } catch (error) {
      return error instanceof RpcError ? `${error.code} ${error.details}` : String(error);
    }
  };
  let last = "OK";
  for (let i = 0; i < 64 && last === "OK"; i++) last = await outcome(put("filling"));
  seen.push(`full: ${last}`);
  const { memberId = 0n } = (await channel.unary(Maintenance.method.status, {})).header ?? {};
  const alarms = async () => (await channel.unary(Maintenance.method.alarm, {})).alarms;
  seen.push(`alarms: ${(await alarms()).map((a) => `${AlarmType[a.alarm]} of itself ${a.memberID === memberId}`)}`);
  const { header } = await channel.unary(KV.method.range, { key: bytes("filling") });
  seen.push(
    `read: ${header !== undefined}, delete: ${await outcome(channel.unary(KV.method.deleteRange, { key: bytes("x") }))}`,
  );
  await channel.unary(KV.method.compact, { revision: header?.revision ?? 0n, physical: true });
  await channel.unary(Maintenance.method.defragment, {}, { timeoutMs: 30_000 });
  seen.push(`before it is cleared: ${await outcome(put("after"))}`);
  const clear = { action: AlarmRequest_AlarmAction.DEACTIVATE, memberID: memberId, alarm: AlarmType.NOSPACE };
  await channel.unary(Maintenance.method.alarm, clear);
  seen.push(`cleared: ${(await alarms()).length}, ${await outcome(put("after"))}`);
  return seen;
}

const OUT_OF_SPACE = [
  "full: 8 etcdserver: mvcc: database space exceeded",
  "alarms: NOSPACE of itself true",
  "read: true, delete: OK",
  "before it is cleared: 8 etcdserver: mvcc: database space exceeded",
  "cleared: 0, OK",
];

describe("a database that is full", () => {
  it("takes writes again when space was made and the alarm cleared", async () => {
    const directory = await temporaryDirectory("full");
    try {
      await using node = await startNode({ dataDir: directory.path, quotaBackendBytes: 16 * MEBIBYTE });
      const channel = niceChannel(node.endpoints[0] ?? "");
      expect(await outOfSpace(channel)).toEqual(OUT_OF_SPACE);
      await channel.close();
    } finally {
      await directory.remove();
    }
  });

  it.skipIf(missing !== undefined)("does so on etcd in the same words", async () => {
    const etcd = await startEtcd(["--quota-backend-bytes", String(16 * MEBIBYTE)]);
    const channel = niceChannel(etcd.endpoint);
    try {
      expect(await outOfSpace(channel)).toEqual(OUT_OF_SPACE);
    } finally {
      await channel.close();
      await etcd.stop();
    }
  });
});

describe("a defragmentation", () => {
  it("lets reads and writes go on, loses none of them, and gives space back", async () => {
    const directory = await temporaryDirectory("defragment");
    try {
      await using node = await startNode({ dataDir: directory.path });
      const channel = niceChannel(node.endpoints[0] ?? "");
      const value = new Uint8Array(100_000);
      for (let i = 0; i < 80; i++) await channel.unary(KV.method.put, { key: bytes("a"), value });
      const { header } = await channel.unary(KV.method.range, { key: bytes("a") });
      await channel.unary(KV.method.compact, { revision: header?.revision ?? 0n, physical: true });
      const before = await channel.unary(Maintenance.method.status, {});
      let running = true;
      let [written, readDuring] = [0, 0];
      const writer = (async () => {
        for (; running; written++)
          await channel.unary(KV.method.put, { key: bytes(`w${written}`), value: bytes(`${written}`) });
      })();
      const reader = (async () => {
        for (; running; readDuring++) {
          await channel.unary(KV.method.range, { key: bytes("a") });
        }
      })();
      for (let i = 0; i < 3; i++) {
        const [reads, writes] = [readDuring, written];
        await channel.unary(Maintenance.method.defragment, {}, { timeoutMs: 30_000 });
        expect(readDuring).toBeGreaterThan(reads);
        while (written <= writes) await channel.unary(Maintenance.method.status, {});
      }
      running = false;
      await Promise.all([writer, reader]);
      const all = await channel.unary(KV.method.range, { key: bytes("w"), rangeEnd: bytes("x") });
      expect(Number(all.count)).toBe(written);
      for (const { key, value: kept } of all.kvs) expect(`w${Buffer.from(kept)}`).toBe(String(Buffer.from(key)));
      const after = await channel.unary(Maintenance.method.status, {});
      expect(Number(after.dbSize)).toBeLessThan(Number(before.dbSize) / 2);
      await channel.close();
    } finally {
      await directory.remove();
    }
  });
});

interface Line {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

function recorder(): { readonly logger: Logger; readonly lines: Line[] } {
  const lines: Line[] = [];
  const write = (fields: object, message: string): void => {
    lines.push({ fields: fields as Line["fields"], message });
  };
  return { logger: { debug: write, info: write, warn: write, error: write }, lines };
}

describe("a slow request", () => {
  it("is logged by its sizes and counts, never by its keys and values", async () => {
    const { logger, lines } = recorder();
    await using node = await startNode({ logger, warnUnaryMs: 0, warnApplyMs: 0 });
    const channel = niceChannel(node.endpoints[0] ?? "");
    for (const key of ["secret1", "secret2"]) {
      await channel.unary(KV.method.put, { key: bytes(key), value: bytes("hidden".repeat(100)) });
    }
    await channel.unary(KV.method.range, { key: bytes("secret"), rangeEnd: bytes("secreu") });
    await channel.close();
    const slow = lines.filter(({ message }) => message === "a request took long").map(({ fields }) => fields);
    expect(slow.map(({ method }) => method)).toEqual([
      "/etcdserverpb.KV/Put",
      "/etcdserverpb.KV/Put",
      "/etcdserverpb.KV/Range",
    ]);
    expect(slow[0]).toMatchObject({ code: StatusCode.OK, requestBytes: 612, requestCount: 1 });
    expect(slow[2]).toMatchObject({ responseCount: 2 });
    expect(slow[2]?.["responseBytes"]).toBeGreaterThan(1200);
    expect(slow[2]?.["remote"]).toMatch(/^127\.0\.0\.1:\d+$/);
    const applied = lines.filter(({ message }) => message === "applying an entry took long");
    const idsOf = (some: readonly Line["fields"][]) => some.map(({ requestId, revision }) => [requestId, revision]);
    const putsApplied = applied.map(({ fields }) => fields).filter(({ kind }) => kind === "put");
    expect(putsApplied.map(({ revision }) => revision)).toEqual(["2", "3"]);
    expect(putsApplied[0]?.["requestId"]).toMatch(/^[0-9a-f]{8,16}$/);
    expect(new Set(putsApplied.map(({ requestId }) => requestId)).size).toBe(2);
    expect(idsOf(slow.slice(0, 2)), "a request and its entry have the same id").toEqual(idsOf(putsApplied));
    expect(slow[2], "a read has no entry").not.toHaveProperty("requestId");
    expect(JSON.stringify(lines)).not.toMatch(/secret|hidden/);
  });

  it("is not logged when it was fast enough, nor more than ten times a second", async () => {
    const quiet = recorder();
    await using calm = await startNode({ logger: quiet.logger });
    const loud = recorder();
    await using strict = await startNode({ logger: loud.logger, warnUnaryMs: 0 });
    for (const node of [calm, strict]) {
      const channel = niceChannel(node.endpoints[0] ?? "");
      const puts = Array.from({ length: 200 }, (_, i) => channel.unary(KV.method.put, { key: bytes(`k${i}`) }));
      await Promise.all(puts);
      await channel.close();
    }
    const isSlow = ({ message }: Line): boolean => message === "a request took long";
    expect(quiet.lines.filter(isSlow).length).toBeLessThan(200);
    const told = loud.lines.filter(isSlow);
    expect(told.length).toBeGreaterThanOrEqual(10);
    expect(told.length).toBeLessThan(100);
  });
});

describe("streams of one connection", () => {
  it("are as many as the node allows; the next call waits for one to end", async () => {
    await using node = await startNode({ maxConcurrentStreams: 2 });
    const channel = niceChannel(node.endpoints[0] ?? "");
    const [first, second] = [new AbortController(), new AbortController()];
    for (const { signal } of [first, second]) {
      const answers = channel.stream(Watch.method.watch, creating(), { signal })[Symbol.asyncIterator]();
      expect((await answers.next()).value.created).toBe(true);
      answers.next().catch(() => {});
    }
    const put = (timeoutMs: number) => channel.unary(KV.method.put, { key: bytes("a") }, { timeoutMs });
    await expect(put(300)).rejects.toMatchObject({ code: StatusCode.DEADLINE_EXCEEDED });
    first.abort();
    expect((await put(10_000)).header?.revision).toBeGreaterThan(1n);
    second.abort();
    await channel.close();
  });
});

/** One watch, and no end of requests. */
async function* creating() {
  yield { requestUnion: { case: "createRequest" as const, value: { key: bytes("w") } } };
  await new Promise<never>(() => {});
}
