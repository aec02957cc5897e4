/** The Lock service: who gets the lock, who waits, and what a wait ends with. Leases have fixed ids, so keys are comparable. */
import { KV, Lock } from "@kvorum/proto";
import { type Case, cases } from "../case.js";
import type { Probe } from "../probe.js";
import { noteGrantedTtl, settled, until } from "./waiting.js";

const ids = (first: bigint) => ({ one: first, two: first + 1n, three: first + 2n });

async function grantAll(p: Probe, leases: Readonly<Record<string, bigint>>): Promise<void> {
  for (const id of Object.values(leases)) await p.grant(id, 600n);
}

async function revokeAll(p: Probe, leases: Readonly<Record<string, bigint>>): Promise<void> {
  for (const id of Object.values(leases)) await p.revoke(id);
}

function lock(p: Probe, lease: bigint, name = "lock") {
  return p.call("lock", Lock.method.lock, { name: p.key(name), lease });
}

/** Begins to wait; resolves when the waiter's key is there. */
async function waiting(p: Probe, lease: bigint, signal?: AbortSignal) {
  const options = { timeoutMs: 20_000, ...(signal && { signal }) };
  const answer = settled(p.channel.unary(Lock.method.lock, { name: p.key("lock"), lease }, options));
  await until(() => exists(p, lease));
  return answer;
}

async function exists(p: Probe, lease: bigint): Promise<boolean> {
  const { count } = await p.channel.unary(KV.method.range, { key: p.key(`lock/${lease.toString(16)}`) });
  return count > 0n;
}

function unlock(p: Probe, lease: bigint) {
  return p.call("unlock", Lock.method.unlock, { key: p.key(`lock/${lease.toString(16)}`) });
}

export const lockServiceCases: Case[] = cases("lock service", {
  "gives a free lock at once, under the name and the lease": async (p) => {
    const leases = ids(0x960010n);
    await grantAll(p, leases);
    await lock(p, leases.one);
    await p.all();
    await unlock(p, leases.one);
    await p.all();
    await revokeAll(p, leases);
  },
  "gives it again to the same lease": async (p) => {
    const leases = ids(0x960020n);
    await grantAll(p, leases);
    await lock(p, leases.one);
    await p.put("between");
    await lock(p, leases.one);
    await revokeAll(p, leases);
  },
  "without a lease makes one of 60 seconds": async (p) => {
    const answer = await p.channel.unary(Lock.method.lock, { name: p.key("lock") }, { timeoutMs: 10_000 });
    const key = Buffer.from(answer.key).toString("latin1").slice(p.prefix.length);
    const { kvs } = await p.channel.unary(KV.method.range, { key: answer.key });
    const lease = kvs[0]?.lease ?? 0n;
    p.transcript.note(`key by its lease ${key === `lock/${lease.toString(16)}`}, value ${kvs[0]?.value.length} bytes`);
    await noteGrantedTtl(p, lease);
    await p.channel.unary(Lock.method.unlock, { key: answer.key });
  },
  "refuses an unknown lease": async (p) => {
    await lock(p, 0x96_ffffn);
    await p.all();
  },
  "waits until the owner unlocks": async (p) => {
    const leases = ids(0x960030n);
    await grantAll(p, leases);
    await lock(p, leases.one);
    const second = await waiting(p, leases.two);
    p.transcript.note(`answered while it is held: ${second.done}`);
    await unlock(p, leases.one);
    await second.record(p.transcript, "second");
    await p.all();
    await revokeAll(p, leases);
  },
  "goes in the order of arrival": async (p) => {
    const leases = ids(0x960040n);
    await grantAll(p, leases);
    await lock(p, leases.one);
    const second = await waiting(p, leases.two);
    const third = await waiting(p, leases.three);
    await unlock(p, leases.one);
    await second.record(p.transcript, "second");
    p.transcript.note(`third before the second is done: ${third.done}`);
    await unlock(p, leases.two);
    await third.record(p.transcript, "third");
    await revokeAll(p, leases);
  },
  "passes over a waiter that has left": async (p) => {
    const leases = ids(0x960050n);
    await grantAll(p, leases);
    await lock(p, leases.one);
    const abort = new AbortController();
    await waiting(p, leases.two, abort.signal);
    const third = await waiting(p, leases.three);
    abort.abort();
    await until(async () => !(await exists(p, leases.two)));
    p.transcript.note("who left has taken its key along");
    await unlock(p, leases.one);
    await third.end;
    p.transcript.note(`third has it: ${!third.failed}`);
    await revokeAll(p, leases);
  },
  "ends with the owner's lease": async (p) => {
    const leases = ids(0x960060n);
    await grantAll(p, leases);
    await lock(p, leases.one);
    const second = await waiting(p, leases.two);
    await p.revoke(leases.one);
    await second.record(p.transcript, "second");
    await p.revoke(leases.two);
    await p.revoke(leases.three);
  },
  "says so when the waiter's key has vanished": async (p) => {
    const leases = ids(0x960070n);
    await grantAll(p, leases);
    await lock(p, leases.one);
    const second = await waiting(p, leases.two);
    await p.revoke(leases.two);
    await unlock(p, leases.one);
    await second.record(p.transcript, "second");
    await p.revoke(leases.one);
    await p.revoke(leases.three);
  },
  "unlocks whatever key it is given": async (p) => {
    await p.put("somebody's", "x");
    await p.call("unlock", Lock.method.unlock, { key: p.key("somebody's") });
    await p.call("unlock", Lock.method.unlock, { key: p.key("missing") });
    await p.call("unlock", Lock.method.unlock, {});
    await p.all();
  },
  "keeps the locks of other names apart": async (p) => {
    const leases = ids(0x960080n);
    await grantAll(p, leases);
    await lock(p, leases.one, "lock");
    await lock(p, leases.two, "lock2");
    await lock(p, leases.three, "lock/inner");
    await p.all();
    await revokeAll(p, leases);
  },
});
