/** Alarms and what they refuse, hashes, and what a cluster of one answers about its lead. Every case clears what it raised. */
import { AlarmRequest_AlarmAction, AlarmType, KV, Lease, Maintenance } from "@kvorum/proto";
import { type Case, cases } from "../case.js";
import type { Probe } from "../probe.js";

const { GET, ACTIVATE, DEACTIVATE } = AlarmRequest_AlarmAction;
const { NONE, NOSPACE, CORRUPT } = AlarmType;

/** Alarms without the header, which 3.4 leaves out. */
async function alarm(p: Probe, action: AlarmRequest_AlarmAction, memberID: bigint, kind: AlarmType): Promise<void> {
  const { alarms } = await p.channel.unary(Maintenance.method.alarm, { action, memberID, alarm: kind });
  const shown = alarms.map((one) => `${one.memberID}:${AlarmType[one.alarm]}`).sort();
  p.transcript.note(`${AlarmRequest_AlarmAction[action]} ${memberID} ${AlarmType[kind]} → [${shown.join(", ")}]`);
}

async function errors(p: Probe): Promise<void> {
  p.transcript.note(`errors ${JSON.stringify((await p.status()).errors)}`);
}

/** One try of everything that an alarm may refuse. */
async function tryWrites(p: Probe, lease: bigint): Promise<void> {
  await p.put("b", "1");
  await p.grant(lease, 60n);
  await p.txn([], [p.opGet("a")], [p.opPut("b", "1")]);
  await p.txn([], [p.opDel("nothing")]);
  await p.del("a");
  await p.range("a");
  await p.call("leases", Lease.method.leaseTimeToLive, { ID: lease });
  await p.call("hash", Maintenance.method.defragment, {});
}

export const maintenanceServiceCases: Case[] = cases("maintenance service", {
  "alarms are raised once and cleared by exactly their member and kind": async (p) => {
    await alarm(p, ACTIVATE, 5n, NOSPACE);
    await alarm(p, ACTIVATE, 5n, NOSPACE);
    await alarm(p, ACTIVATE, 6n, NOSPACE);
    await alarm(p, GET, 0n, NONE);
    await alarm(p, GET, 0n, NOSPACE);
    await alarm(p, GET, 0n, CORRUPT);
    await alarm(p, DEACTIVATE, 0n, NOSPACE);
    await alarm(p, DEACTIVATE, 5n, CORRUPT);
    await alarm(p, DEACTIVATE, 5n, NOSPACE);
    await alarm(p, DEACTIVATE, 5n, NOSPACE);
    await alarm(p, DEACTIVATE, 6n, NOSPACE);
    await alarm(p, GET, 0n, NONE);
  },
  "an alarm of no kind is none": async (p) => {
    await alarm(p, ACTIVATE, 5n, NONE);
    await alarm(p, GET, 0n, NONE);
    await alarm(p, DEACTIVATE, 5n, NONE);
    await alarm(p, GET, 0n, NONE);
  },
  "status tells the alarms": async (p) => {
    await errors(p);
    await alarm(p, ACTIVATE, 5n, NOSPACE);
    await errors(p);
    await alarm(p, DEACTIVATE, 5n, NOSPACE);
    await errors(p);
  },
  "no space refuses what needs some": async (p) => {
    await p.put("a", "1");
    await alarm(p, ACTIVATE, 7n, NOSPACE);
    await tryWrites(p, 0x962010n);
    await alarm(p, DEACTIVATE, 7n, NOSPACE);
    await p.put("b", "2");
  },
  "corruption refuses every write": async (p) => {
    await p.put("a", "1");
    await alarm(p, ACTIVATE, 8n, CORRUPT);
    await tryWrites(p, 0x962020n);
    await alarm(p, DEACTIVATE, 8n, CORRUPT);
    await p.put("b", "2");
  },
  "a read-only transaction is answered under every alarm": async (p) => {
    await p.put("a", "1");
    await alarm(p, ACTIVATE, 9n, CORRUPT);
    await p.txn([], [p.opGet("a")]);
    await alarm(p, DEACTIVATE, 9n, CORRUPT);
  },
  "the hash of the whole database is there": async (p) => {
    const { hash } = await p.channel.unary(Maintenance.method.hash, {}, { timeoutMs: 10_000 });
    p.transcript.note(`hash ${hash !== 0}`);
  },
  "hashKV of a negative revision": async (p) => {
    const { hash } = await p.channel.unary(Maintenance.method.hashKV, { revision: 0n });
    p.transcript.note(`of the newest ${hash !== 0}`);
    await p.call("hashKV", Maintenance.method.hashKV, { revision: (await p.revision()) + 1n });
  },
  "the lead of one goes to nobody": async (p) => {
    const { header } = await p.status();
    await p.call("move", Maintenance.method.moveLeader, { targetID: 1n });
    await p.call("move", Maintenance.method.moveLeader, {});
    await p.call("move to itself", Maintenance.method.moveLeader, { targetID: header?.memberId ?? 0n });
  },
  "defragmentation keeps what there is": async (p) => {
    for (const key of ["a", "b", "c"]) await p.put(key, key.repeat(1000));
    await p.del("b");
    await p.call("defragment", Maintenance.method.defragment, {});
    const { kvs } = await p.channel.unary(KV.method.range, { key: p.key(""), rangeEnd: p.prefixEnd() });
    p.transcript.note(kvs.map(({ value }) => value.length).join());
    await p.put("d", "after");
  },
});
