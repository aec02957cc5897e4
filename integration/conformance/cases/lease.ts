/** Lease: grant, revoke, keepalive, time to live, list, and their errors. */
import { Lease } from "@kvorum/proto";
import { type Case, cases } from "../case.js";
import type { Probe } from "../probe.js";

/** Time to live with the running part taken out: seconds left are compared only to the granted ones. */
async function timeToLive(p: Probe, id: bigint, keys = false): Promise<void> {
  const answer = await p.channel.unary(Lease.method.leaseTimeToLive, { ID: id, keys }, { timeoutMs: 10_000 });
  const near = answer.TTL > answer.grantedTTL - 5n && answer.TTL <= answer.grantedTTL;
  const names = answer.keys.map((key) => Buffer.from(key).toString("latin1").slice(p.prefix.length)).sort();
  const left = answer.TTL < 0n ? answer.TTL.toString() : near ? "nearly all" : "less";
  p.transcript.note(`timeToLive → granted ${answer.grantedTTL}, left ${left}, id ${answer.ID}, keys [${names.join()}]`);
}

export const leaseCases: Case[] = cases("lease", {
  "grant with an id": async (p) => {
    await p.grant(950001n, 60n);
    await p.revoke(950001n);
  },
  "grant without an id gets one": async (p) => {
    const answer = await p.channel.unary(Lease.method.leaseGrant, { TTL: 60n }, { timeoutMs: 10_000 });
    p.transcript.note(`id positive ${answer.ID > 0n}, ttl ${answer.TTL}, error ${JSON.stringify(answer.error)}`);
    await p.channel.unary(Lease.method.leaseRevoke, { ID: answer.ID }, { timeoutMs: 10_000 });
  },
  "grant of an id in use": async (p) => {
    await p.grant(950002n, 60n);
    await p.grant(950002n, 60n);
    await p.revoke(950002n);
  },
  "grant after revoke may use the id again": async (p) => {
    await p.grant(950003n, 60n);
    await p.revoke(950003n);
    await p.grant(950003n, 61n);
    await p.revoke(950003n);
  },
  "a small ttl is raised": async (p) => {
    await p.grant(950004n, 1n);
    await p.revoke(950004n);
  },
  "a ttl of zero is raised": async (p) => {
    await p.grant(950005n, 0n);
    await p.revoke(950005n);
  },
  "a negative ttl is raised": async (p) => {
    await p.grant(950006n, -3n);
    await p.revoke(950006n);
  },
  "the largest ttl": async (p) => {
    await p.grant(950007n, 9_000_000_000n);
    await p.revoke(950007n);
  },
  "a ttl over the largest": async (p) => {
    await p.grant(950008n, 9_000_000_001n);
    await p.revoke(950008n);
  },
  "revoke of an unknown id": async (p) => {
    await p.revoke(987654321n);
  },
  "revoke without keys keeps the revision": async (p) => {
    await p.grant(950009n, 60n);
    await p.revoke(950009n);
    await p.put("after");
  },
  "revoke deletes its keys in one revision": async (p) => {
    await p.grant(950010n, 60n);
    for (const key of ["c", "a", "b"]) await p.put(key, "x", { lease: 950010n });
    await p.put("free", "x");
    await p.revoke(950010n);
    await p.all();
    await p.put("after");
  },
  "keepalive answers the granted ttl": async (p) => {
    await p.grant(950011n, 60n);
    const stream = p.keepAlive();
    await stream.renew(950011n);
    await stream.renew(950011n);
    await stream.close();
    await p.revoke(950011n);
  },
  "keepalive of an unknown id answers ttl 0 and goes on": async (p) => {
    await p.grant(950012n, 60n);
    const stream = p.keepAlive();
    await stream.renew(987654321n);
    await stream.renew(950012n);
    await stream.close();
    await p.revoke(950012n);
  },
  "keepalive of a revoked id answers ttl 0": async (p) => {
    await p.grant(950013n, 60n);
    const stream = p.keepAlive();
    await stream.renew(950013n);
    await p.revoke(950013n);
    await stream.renew(950013n);
    await stream.close();
  },
  "keepalives of two leases on one stream": async (p) => {
    await p.grant(950014n, 60n);
    await p.grant(950015n, 70n);
    const stream = p.keepAlive();
    await stream.renew(950015n);
    await stream.renew(950014n);
    await stream.close();
    await p.revoke(950014n);
    await p.revoke(950015n);
  },
  "time to live": async (p) => {
    await p.grant(950016n, 60n);
    await timeToLive(p, 950016n);
    await p.revoke(950016n);
  },
  "time to live of an unknown id": async (p) => {
    await timeToLive(p, 987654321n);
    await timeToLive(p, 987654321n, true);
  },
  "time to live with keys": async (p) => {
    await p.grant(950017n, 60n);
    for (const key of ["b", "a"]) await p.put(key, "x", { lease: 950017n });
    await timeToLive(p, 950017n, true);
    await timeToLive(p, 950017n, false);
    await p.del("a");
    await timeToLive(p, 950017n, true);
    await p.revoke(950017n);
  },
  "list shows granted leases": async (p) => {
    await p.grant(950018n, 60n);
    await p.grant(950019n, 60n);
    const answer = await p.channel.unary(Lease.method.leaseLeases, {}, { timeoutMs: 10_000 });
    const ours = answer.leases.map((lease) => lease.ID).filter((id) => id === 950018n || id === 950019n);
    p.transcript.note(`leases ${ours.sort().join(" ")}`);
    await p.revoke(950018n);
    await p.revoke(950019n);
  },
  "an expired lease is gone with its keys": async (p) => {
    await p.grant(950020n, 2n);
    await p.put("a", "x", { lease: 950020n });
    const stream = p.watch();
    stream.create(p.key("a"));
    await stream.read();
    await stream.read();
    await stream.close();
    await p.range("a");
    await timeToLive(p, 950020n);
  },
  "a put into an attached key keeps one attachment": async (p) => {
    await p.grant(950021n, 60n);
    await p.put("a", "1", { lease: 950021n });
    await p.put("a", "2", { lease: 950021n });
    await timeToLive(p, 950021n, true);
    await p.revoke(950021n);
    await p.range("a");
  },
  "keys put by a transaction are attached": async (p) => {
    await p.grant(950022n, 60n);
    await p.txn([], [p.opPut("a", "1", { lease: 950022n }), p.opPut("b", "1", { lease: 950022n })]);
    await timeToLive(p, 950022n, true);
    await p.revoke(950022n);
    await p.all();
  },
});
