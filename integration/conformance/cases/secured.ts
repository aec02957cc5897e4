/**
 * What callers may do while authentication is on. Here `p` is root; `p.as` gives the others: `nobody` shows no token,
 * `stranger` one that nobody was given, `carol` has no role, `reader` reads `r/` and `writer` writes `w/` of every case.
 */
import { Auth, Cluster, Election, Health, KV, Lease, Lock, Maintenance } from "@kvorum/proto";
import { type Case, cases } from "../case.js";
import { FROM_KEY, type Probe } from "../probe.js";

const USERS = ["carol", "reader", "writer"] as const;
const EVERYBODY = ["nobody", "stranger", ...USERS] as const;

/** One call by each of those who are not root. */
function byEverybody(call: (p: Probe) => Promise<unknown>, who: readonly string[] = EVERYBODY): Case["run"] {
  return async (p) => {
    for (const name of who) {
      p.transcript.note(name);
      await call(p.as(name));
    }
  };
}

const keys: Readonly<Record<string, Case["run"]>> = {
  "a range of a key": byEverybody((p) => p.range("r/a")),
  "a serializable range": byEverybody((p) => p.range("r/a", undefined, { serializable: true })),
  "a count": byEverybody((p) => p.range("r/", p.prefixEnd("r/"), { countOnly: true })),
  "a range beyond what is theirs": byEverybody((p) => p.range("r/", p.prefixEnd("s/"))),
  "a range from a key on": byEverybody((p) => p.range("r/", FROM_KEY, { countOnly: true })),
  "a put": byEverybody((p) => p.put("w/a", "1")),
  "a put that asks for the value before": byEverybody((p) => p.put("w/a", "1", { prevKv: true })),
  "a put with a lease that does not exist": byEverybody((p) => p.put("w/a", "1", { lease: 123_456n })),
  "a put without a key": byEverybody((p) => p.put(new Uint8Array()), USERS),
  "a range without a key": byEverybody((p) => p.range(new Uint8Array()), USERS),
  "calls without a key, by who is no user": byEverybody(
    async (p) => {
      await p.put(new Uint8Array());
      await p.range(new Uint8Array());
    },
    ["nobody", "stranger"],
  ),
  "a delete": byEverybody((p) => p.del("w/a")),
  "a delete of a range": byEverybody((p) => p.del("w/", p.prefixEnd("w/"))),
  "a delete that asks for the values before": byEverybody((p) => p.del("w/", p.prefixEnd("w/"), true)),
  "a transaction that reads": byEverybody((p) => p.txn([], [p.opGet("r/a")])),
  "a transaction that writes": byEverybody((p) => p.txn([], [p.opPut("w/a", "t")])),
  "a transaction that deletes": byEverybody((p) => p.txn([], [p.opDel("w/a")])),
  "a transaction that compares": byEverybody((p) => p.txn([p.compare("version", "r/a", "=", 0n)], [])),
  "a transaction with what is theirs not in the other branch": byEverybody((p) =>
    p.txn([], [p.opGet("r/a")], [p.opPut("w/a")]),
  ),
  "an empty transaction": byEverybody((p) => p.txn([], []), ["carol", "reader"]),
};

const administration: Readonly<Record<string, Case["run"]>> = {
  "adding a user": byEverybody((p) => p.call("add", Auth.method.userAdd, { name: "eve", password: "e" })),
  "adding a user without a name": byEverybody((p) => p.call("add", Auth.method.userAdd, {})),
  "deleting a user": byEverybody((p) => p.call("delete", Auth.method.userDelete, { name: "carol" })),
  "changing a password": byEverybody((p) =>
    p.call("change", Auth.method.userChangePassword, { name: "carol", password: "x" }),
  ),
  "listing users": byEverybody((p) => p.call("users", Auth.method.userList, {})),
  "looking at another user": byEverybody((p) => p.call("user", Auth.method.userGet, { name: "root" })),
  "looking at oneself": byEverybody((p) => p.call("user", Auth.method.userGet, { name: "reader" })),
  "granting a role": byEverybody((p) => p.call("grant", Auth.method.userGrantRole, { user: "carol", role: "root" })),
  "revoking a role": byEverybody((p) =>
    p.call("revoke", Auth.method.userRevokeRole, { name: "reader", role: "reader" }),
  ),
  "adding a role": byEverybody((p) => p.call("add", Auth.method.roleAdd, { name: "own" })),
  "listing roles": byEverybody((p) => p.call("roles", Auth.method.roleList, {})),
  "looking at a role": byEverybody((p) => p.call("role", Auth.method.roleGet, { role: "reader" })),
  "looking at a role that is none": byEverybody((p) => p.call("role", Auth.method.roleGet, { role: "none" })),
  "deleting a role": byEverybody((p) => p.call("delete", Auth.method.roleDelete, { role: "reader" })),
  "giving a permission": byEverybody((p) =>
    p.call("permit", Auth.method.roleGrantPermission, { name: "reader", perm: { key: p.key("x") } }),
  ),
  "taking a permission back": byEverybody((p) =>
    p.call("forbid", Auth.method.roleRevokePermission, { role: "reader", key: p.key("x") }),
  ),
  "switching on again": byEverybody((p) => p.call("enable", Auth.method.authEnable, {}), ["carol"]),
  "switching off": byEverybody((p) => p.call("disable", Auth.method.authDisable, {})),
};

const others: Readonly<Record<string, Case["run"]>> = {
  "gRPC's health is everybody's": byEverybody((p) => p.call("check", Health.method.check, {})),
  "a lock": byEverybody(
    (p) => p.call("lock", Lock.method.lock, { name: p.key("l"), lease: 0x970001n }),
    ["nobody", "stranger"],
  ),
  "a campaign": byEverybody(
    (p) => p.call("campaign", Election.method.campaign, { name: p.key("e"), lease: 0x970002n, value: p.key("v") }),
    ["nobody", "stranger"],
  ),
  "asking who leads": byEverybody((p) => p.call("leader", Election.method.leader, { name: p.key("e") }), USERS),
  "asking who leads, by who is no user": byEverybody(
    (p) => p.call("leader", Election.method.leader, { name: p.key("e") }),
    ["nobody", "stranger"],
  ),
  "defragmentation and hashes, by who shows nothing good": byEverybody(
    async (p) => {
      await p.call("defragment", Maintenance.method.defragment, {});
      await p.call("hash", Maintenance.method.hash, {});
      await p.call("hashKV", Maintenance.method.hashKV, {});
      await p.first("snapshot", Maintenance.method.snapshot, {});
    },
    ["nobody", "stranger"],
  ),
  "removing a member": byEverybody((p) => p.call("remove", Cluster.method.memberRemove, { ID: 99n }), USERS),
  "adding a member whose address is none": byEverybody(
    (p) => p.call("add", Cluster.method.memberAdd, { peerURLs: ["bad"] }),
    USERS,
  ),
  "compaction, by those who are not root": byEverybody(
    (p) => p.call("compact", KV.method.compact, { revision: 10_000_000n }),
    ["carol", "reader"],
  ),
  "a lease of one's own": byEverybody(
    async (p) => {
      await p.grant(0x970010n, 60n);
      await p.revoke(0x970010n);
    },
    ["carol", "writer"],
  ),
  "revoking an unknown lease": byEverybody((p) => p.revoke(0x97ffffn), ["carol", "writer"]),
  "time to live of an unknown lease": byEverybody(
    (p) => p.call("time to live", Lease.method.leaseTimeToLive, { ID: 0x97ffffn, keys: true }),
    ["carol", "writer"],
  ),
  "a lease with another's key": async (p) => {
    await p.grant(0x970020n, 60n);
    await p.put("x", "1", { lease: 0x970020n });
    for (const name of ["carol", "writer"]) {
      await p.as(name).put("w/a", "1", { lease: 0x970020n });
      await p.as(name).revoke(0x970020n);
    }
    await p.as("root").revoke(0x970020n);
    await p.range("x");
  },
};

const watches: Readonly<Record<string, Case["run"]>> = Object.fromEntries(
  EVERYBODY.map((name) => [
    `a watch by ${name}`,
    async (p: Probe) => {
      const stream = p.as(name).watch();
      stream.create(p.key("r/"), { rangeEnd: p.prefixEnd("r/") });
      await stream.read();
      await stream.close();
    },
  ]),
);

const logins: Readonly<Record<string, Case["run"]>> = {
  "a login with a wrong password, or as nobody": async (p) => {
    for (const [name, password] of [
      ["carol", "wrong"],
      ["carol", ""],
      ["dave", "x"],
      ["", ""],
      ["cert", ""],
      ["cert", "x"],
    ] as const) {
      await p.as("nobody").call(`login ${name}`, Auth.method.authenticate, { name, password });
    }
  },
  "a token by either name": async (p) => {
    const { token } = await p
      .as("nobody")
      .channel.unary(Auth.method.authenticate, { name: "reader", password: "reader" });
    const ask = (label: string, metadata: Record<string, string>) =>
      p.as("nobody").call(label, KV.method.range, { key: p.key("r/a") }, metadata);
    await ask("token", { token });
    await ask("authorization", { authorization: token });
    await ask("the first of both counts", { token, authorization: "garbage" });
    await ask("the first of both counts, also when it is bad", { token: "garbage", authorization: token });
    await ask("another name", { "x-token": token });
  },
  "root can lose neither its user nor its role": async (p) => {
    await p.call("user", Auth.method.userDelete, { name: "root" });
    await p.call("role", Auth.method.roleDelete, { role: "root" });
    await p.call("revoke", Auth.method.userRevokeRole, { name: "root", role: "root" });
  },
  "whether it is on": (p) =>
    p
      .as("nobody")
      .call("status", Auth.method.authStatus, {})
      .then(() => {}),
  "switching on again changes nothing": async (p) => {
    await p.call("enable", Auth.method.authEnable, {});
    await p.range("r/a");
  },
  "a role that is given counts at once, and so does its loss": async (p) => {
    const carol = p.as("carol");
    await carol.range("r/a");
    await p.call("grant", Auth.method.userGrantRole, { user: "carol", role: "reader" });
    await carol.range("r/a");
    await p.call("revoke", Auth.method.userRevokeRole, { name: "carol", role: "reader" });
    await carol.range("r/a");
  },
};

export const securedCases: Case[] = cases("secured", {
  ...keys,
  ...administration,
  ...others,
  ...watches,
  ...logins,
});
