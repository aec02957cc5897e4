/** Lease: ids and times at their limits, keys that change their lease, and renewals of what is not there. */
import { Lease } from "@kvorum/proto";
import { type Case, cases } from "../case.js";
import type { Probe } from "../probe.js";

const BIGGEST = 9_223_372_036_854_775_807n;

const keysOf = async (p: Probe, id: bigint): Promise<void> => {
  const { keys, grantedTTL } = await p.channel.unary(Lease.method.leaseTimeToLive, { ID: id, keys: true });
  const names = keys.map((key) => Buffer.from(key).toString("latin1").slice(p.prefix.length)).sort();
  p.transcript.note(`lease of ${grantedTTL} s has [${names.join()}]`);
};

const sized: Record<string, Case["run"]> = {};
for (const [name, id] of Object.entries({
  one: 1n,
  "the largest": BIGGEST,
  "minus one": -1n,
  "the smallest": -BIGGEST - 1n,
})) {
  sized[`an id of ${name}`] = async (p) => {
    await p.grant(id, 60n);
    await p.put("a", "1", { lease: id });
    await p.range("a");
    await keysOf(p, id);
    await p.revoke(id);
    await p.range("a");
  };
}
for (const ttl of [2n, 3n, 59n, 86_400n, 315_360_000n, 8_999_999_999n]) {
  sized[`a time to live of ${ttl} s`] = async (p) => {
    await p.grant(0x982001n, ttl);
    await keysOf(p, 0x982001n);
    await p.revoke(0x982001n);
  };
}

export const leaseFormCases: Case[] = cases("lease forms", {
  ...sized,
  "a time to live beyond all": async (p) => {
    await p.grant(0x982002n, BIGGEST);
    await p.grant(0x982002n, -BIGGEST);
    await p.revoke(0x982002n);
  },
  "a revoke twice": async (p) => {
    await p.grant(0x982003n, 60n);
    await p.revoke(0x982003n);
    await p.revoke(0x982003n);
  },
  "a key moves from lease to lease": async (p) => {
    await p.grant(0x982004n, 60n);
    await p.grant(0x982005n, 61n);
    await p.put("a", "1", { lease: 0x982004n });
    await keysOf(p, 0x982004n);
    await p.put("a", "2", { lease: 0x982005n });
    await keysOf(p, 0x982004n);
    await keysOf(p, 0x982005n);
    await p.revoke(0x982004n);
    await p.range("a");
    await p.revoke(0x982005n);
    await p.range("a");
  },
  "a key that is deleted leaves its lease": async (p) => {
    await p.grant(0x982006n, 60n);
    await p.put("a", "1", { lease: 0x982006n });
    await p.put("b", "1", { lease: 0x982006n });
    await p.del("a");
    await keysOf(p, 0x982006n);
    await p.txn([], [p.opDel("b")]);
    await keysOf(p, 0x982006n);
    await p.revoke(0x982006n);
    await p.put("after");
  },
  "keys with any bytes": async (p) => {
    await p.grant(0x982007n, 60n);
    await p.put(Uint8Array.from([...p.key("x"), 0, 255]), "1", { lease: 0x982007n });
    const { keys } = await p.channel.unary(Lease.method.leaseTimeToLive, { ID: 0x982007n, keys: true });
    p.transcript.note(`key ends with ${[...(keys[0]?.subarray(-2) ?? [])].join()}`);
    await p.revoke(0x982007n);
  },
  "renewals of zero and below": async (p) => {
    const stream = p.keepAlive();
    await stream.renew(0n);
    await stream.renew(-5n);
    await stream.renew(BIGGEST);
    await stream.close();
  },
  "a renewal of one that expired": async (p) => {
    await p.grant(0x982008n, 2n);
    const stream = p.keepAlive();
    await stream.renew(0x982008n);
    const watch = p.watch();
    await p.put("a", "1", { lease: 0x982008n });
    watch.create(p.key("a"));
    await watch.read(2);
    await stream.renew(0x982008n);
    await stream.close();
    await watch.close();
  },
  "time to live of zero": async (p) => {
    await p.call("of zero", Lease.method.leaseTimeToLive, {});
    await p.call("of zero with keys", Lease.method.leaseTimeToLive, { keys: true });
  },
});
