/**
 * What etcd 3.4.23 does not have: calls and fields of 3.5 to 3.7. No server of the machine can be asked, so the answers that
 * their contract promises stand here.
 */
import { Auth, DowngradeRequest_DowngradeAction, Health, KV, Maintenance, Permission_Type } from "@kvorum/proto";
import { cases } from "../case.js";
import type { Probe } from "../probe.js";

export interface LaterCase {
  readonly name: string;
  readonly run: (probe: Probe) => Promise<void>;
  /** The whole transcript. */
  readonly expected: readonly string[];
}

const { VALIDATE, ENABLE, CANCEL } = DowngradeRequest_DowngradeAction;

function downgrade(p: Probe, action: DowngradeRequest_DowngradeAction, version = "") {
  return p.call("downgrade", Maintenance.method.downgrade, { action, version });
}

/** The keys of each message of a streamed range, and what stands on the last. */
async function streamed(p: Probe, options: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const request = { key: p.key("s/"), rangeEnd: p.prefixEnd("s/"), ...options };
  try {
    for await (const { rangeResponse } of p.channel.stream(KV.method.rangeStream, one(request))) {
      const { kvs = [], count, more, header } = rangeResponse ?? {};
      p.transcript.note(`${kvs.length} keys, count ${count}, more ${more}, header ${header !== undefined}`);
    }
  } catch (error) {
    p.transcript.error("stream", error);
  }
}

async function* one<T>(item: T): AsyncGenerator<T> {
  yield item;
}

async function keys(p: Probe, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await p.channel.unary(KV.method.put, { key: p.key(`s/${String(i).padStart(3, "0")}`), value: Buffer.from("x") });
  }
}

const DOWNGRADED =
  'downgrade → {version: "3.6", header: {clusterId set, memberId set, revision: base+0, raftTerm set}}';

const BODIES: Readonly<Record<string, readonly [run: LaterCase["run"], expected: readonly string[]]>> = {
  "3.5: an order or a target that is none is refused; 3.4 takes the one and falls over the other": [
    async (p) => {
      await p.all({ sortOrder: 3 as 0 });
      await p.all({ sortTarget: 5 as 0 });
      await p.all({ sortTarget: -1 as 0, sortOrder: 1 });
      await p.range("a", undefined, { sortTarget: 5 as 0, revision: 1_000_000n });
      await p.range(new Uint8Array(), undefined, { sortTarget: 5 as 0 });
      await p.txn([], [p.opGet("a", undefined, { sortOrder: 9 as 0 })]);
      await p.txn([], [], [p.opGet("a", undefined, { sortTarget: 9 as 0 })]);
      await p.txn([], [p.opTxn([], [p.opGet("a", undefined, { sortOrder: 9 as 0 })])]);
    },
    [
      ...Array.from({ length: 4 }, () => "range → error 3 etcdserver: invalid sort option"),
      "range → error 3 etcdserver: key is not provided",
      ...Array.from({ length: 3 }, () => "txn → error 3 etcdserver: invalid sort option"),
    ],
  ],
  "3.5: whether authentication is on": [
    async (p) => {
      const { enabled, authRevision } = await p.channel.unary(Auth.method.authStatus, {});
      p.transcript.note(`enabled ${enabled}, revision ${authRevision > 0n}`);
      await p.channel.unary(Auth.method.userAdd, { name: "later", password: "x" });
      const after = await p.channel.unary(Auth.method.authStatus, {});
      p.transcript.note(`raised by ${after.authRevision - authRevision}`);
      await p.channel.unary(Auth.method.userDelete, { name: "later" });
    },
    ["enabled false, revision true", "raised by 1"],
  ],
  "3.5: a user with a password that is hashed already": [
    async (p) => {
      // The bcrypt hash of "secret", of the lowest cost that there is.
      const hashed = Buffer.from("$2b$04$oKJQZXJH1lLLy0sM0cEuYuXG2VzxkO1YkP2CYfG1tTIzGvRyhMxJy").toString("base64");
      await p.call("add", Auth.method.userAdd, { name: "later", hashedPassword: hashed });
      await p.call("change", Auth.method.userChangePassword, { name: "later", hashedPassword: hashed });
      await p.call("delete", Auth.method.userDelete, { name: "later" });
    },
    [
      "add → {header: {clusterId set, memberId set, revision: base+0, raftTerm set}}",
      "change → {header: {clusterId set, memberId set, revision: base+0, raftTerm set}}",
      "delete → {header: {clusterId set, memberId set, revision: base+0, raftTerm set}}",
    ],
  ],
  "3.5: no permission at all, which 3.4 falls over": [
    async (p) => {
      await p.channel.unary(Auth.method.roleAdd, { name: "later" });
      await p.call("permit", Auth.method.roleGrantPermission, { name: "later" });
      await p.channel.unary(Auth.method.roleDelete, { role: "later" });
    },
    ["permit → error 3 etcdserver: permission not given"],
  ],
  "3.5: a permission on nothing, or on a range that ends before it begins": [
    async (p) => {
      await p.channel.unary(Auth.method.roleAdd, { name: "later" });
      for (const [key, rangeEnd] of [
        ["", ""],
        ["b", "a"],
        ["b", "b"],
      ] as const) {
        const perm = { permType: Permission_Type.READ, key: Buffer.from(key), rangeEnd: Buffer.from(rangeEnd) };
        await p.call("permit", Auth.method.roleGrantPermission, { name: "later", perm });
      }
      await p.channel.unary(Auth.method.roleDelete, { role: "later" });
    },
    Array.from({ length: 3 }, () => "permit → error 3 etcdserver: invalid auth management"),
  ],
  "3.5: downgrades are checked": [
    async (p) => {
      await downgrade(p, VALIDATE, "3.5");
      await downgrade(p, VALIDATE, "3.5.0");
      for (const version of ["3.6", "3.4", "2.5", "4.5"]) await downgrade(p, VALIDATE, version);
      for (const version of ["", "3", "x", "3.5.0.0", "v3.5"]) await downgrade(p, VALIDATE, version);
    },
    [
      ...Array.from({ length: 2 }, () => DOWNGRADED),
      ...Array.from({ length: 4 }, () => "downgrade → error 3 etcdserver: invalid downgrade target version"),
      ...Array.from({ length: 5 }, () => "downgrade → error 3 etcdserver: wrong downgrade target version format"),
    ],
  ],
  "3.5: one downgrade at a time, shown by the status, called off as often as one likes": [
    async (p) => {
      await downgrade(p, ENABLE, "3.5");
      await downgrade(p, ENABLE, "3.5");
      await downgrade(p, VALIDATE, "3.5");
      const shown = (await p.status()).downgradeInfo;
      p.transcript.note(`status ${shown?.enabled} ${shown?.targetVersion}`);
      await downgrade(p, CANCEL);
      await downgrade(p, CANCEL);
      p.transcript.note(`status ${(await p.status()).downgradeInfo?.enabled}`);
    },
    [
      DOWNGRADED,
      "downgrade → error 9 etcdserver: cluster has a downgrade job in progress",
      "downgrade → error 9 etcdserver: cluster has a downgrade job in progress",
      "status true 3.5.0",
      ...Array.from({ length: 2 }, () => DOWNGRADED),
      "status false",
    ],
  ],
  "3.5: a downgrade that is none": [
    (p) => downgrade(p, 7 as DowngradeRequest_DowngradeAction, "3.5").then(() => {}),
    ["downgrade → error 2 etcdserver: unknown method"],
  ],
  "3.6: a hash says its revision and the one that is compacted": [
    async (p) => {
      await p.put("a", "1");
      const revision = await p.revision();
      const answer = await p.channel.unary(Maintenance.method.hashKV, { revision });
      p.transcript.note(`hash of ${answer.hashRevision - revision}, compacted ${answer.compactRevision > 0n}`);
    },
    ["put → {header: {clusterId set, memberId set, revision: base+1, raftTerm set}}", "hash of 0, compacted true"],
  ],
  "3.6: a status says versions, quota and downgrade": [
    async (p) => {
      const { version, storageVersion, dbSizeQuota, downgradeInfo } = await p.status();
      p.transcript.note(`${version} ${storageVersion} ${dbSizeQuota} ${downgradeInfo?.enabled}`);
    },
    ["3.6.0 3.6.0 2147483648 false"],
  ],
  "3.6: a snapshot says its version": [
    async (p) => {
      const versions = new Set<string>();
      for await (const { version } of p.channel.stream(Maintenance.method.snapshot, one({}))) versions.add(version);
      p.transcript.note([...versions].join());
    },
    ["3.6.0"],
  ],
  "3.6: an alarm of no kind does nothing, and answers with a header": [
    (p) => p.call("alarm", Maintenance.method.alarm, { action: 1, memberID: 5n }).then(() => {}),
    ["alarm → {header: {clusterId set, memberId set, revision: base+0, raftTerm set}}"],
  ],
  "3.6.6: a watch from a negative revision is canceled": [
    async (p) => {
      const stream = p.watch();
      stream.create(p.key("a"), { startRevision: -1n });
      await stream.read();
      await stream.close();
    },
    [
      'watch → {watchId: -1, created: true, canceled: true, cancelReason: "etcdserver: mvcc: required revision has been ' +
        'compacted", header: {clusterId set, memberId set, revision: base+0, raftTerm set}}',
    ],
  ],
  "3.7: a range in a stream": [
    async (p) => {
      await keys(p, 45);
      await streamed(p);
      await streamed(p, { limit: 12n });
      await streamed(p, { countOnly: true });
      await streamed(p, { key: p.key("nothing"), rangeEnd: new Uint8Array() });
    },
    [
      "10 keys, count 0, more false, header false",
      "20 keys, count 0, more false, header false",
      "15 keys, count 45, more false, header true",
      "10 keys, count 0, more false, header false",
      "2 keys, count 45, more true, header true",
      "0 keys, count 45, more false, header true",
      "0 keys, count 0, more false, header true",
    ],
  ],
  "3.7: what a stream of a range does not do": [
    async (p) => {
      await streamed(p, { sortTarget: 1 });
      await streamed(p, { sortOrder: 2 });
      await streamed(p, { minModRevision: 2n });
      await streamed(p, { maxCreateRevision: 2n });
      await streamed(p, { sortOrder: 9 });
      await streamed(p, { key: new Uint8Array() });
      await streamed(p, { revision: 1_000_000_000n });
      await streamed(p, { revision: 1n });
    },
    [
      "stream → error 12 RangeStream does not support custom sort orders",
      "stream → error 12 RangeStream does not support custom sort orders",
      "stream → error 12 RangeStream does not support revision filters",
      "stream → error 12 RangeStream does not support revision filters",
      "stream → error 3 etcdserver: invalid sort option",
      "stream → error 3 etcdserver: key is not provided",
      "stream → error 11 etcdserver: mvcc: required revision is a future revision",
      "stream → error 11 etcdserver: mvcc: required revision has been compacted",
    ],
  ],
  "gRPC's health lists the services that it knows": [
    (p) => p.call("list", Health.method.list, {}).then(() => {}),
    ["list → {statuses: {: {status: 1}}}"],
  ],
};

export const laterCases: readonly LaterCase[] = cases(
  "later",
  Object.fromEntries(Object.entries(BODIES).map(([name, [run]]) => [name, run])),
).map((one, i) => ({ ...one, expected: Object.values(BODIES)[i]?.[1] ?? [] }));
