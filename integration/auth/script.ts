/**
 * The script of users, roles, permissions and tokens that runs on Kvorum and on etcd 3.4. Its steps build on each other.
 * `differs` says why the answers of a step are not those of 3.4; such a step must differ.
 */
import { Auth, Cluster, KV, Lease, Maintenance } from "@kvorum/proto";
import { defaultEngine } from "@kvorum/transport";
import { type Actor, absent, deleteOp, FROM_KEY, putOp, rangeOp, txnOp } from "./actor.js";

export interface Step {
  readonly name: string;
  readonly differs?: string;
  readonly run: (actor: Actor) => Promise<void>;
}

const PASSWORDS: Readonly<Record<string, string>> = { root: "r", alice: "a", bob: "b", carol: "c" };
/** The end of all keys that start with `a/`. */
const A_END = "a0";

const before: Step[] = [
  {
    name: "nobody can log in while authentication is off, and it can not be switched on without root",
    run: async (actor) => {
      const nobody = actor.as(undefined);
      await actor.login("root", "r");
      await nobody.call(Auth.method.authEnable, {});
      await nobody.call(Auth.method.authDisable, {});
      await nobody.addUser("root", "r");
      await nobody.call(Auth.method.authEnable, {});
    },
  },
  {
    name: "users are added, listed and refused",
    run: async (actor) => {
      const nobody = actor.as(undefined);
      await nobody.addUser("", "x");
      await nobody.addUser("root", "r");
      for (const name of ["alice", "bob", "carol"]) await nobody.addUser(name, PASSWORDS[name] ?? "");
      await nobody.call(Auth.method.userAdd, { name: "cert", options: { noPassword: true } });
      await nobody.call(Auth.method.userList, {});
      await nobody.call(Auth.method.userGet, { name: "alice" });
      await nobody.call(Auth.method.userGet, { name: "dave" });
      await nobody.call(Auth.method.userDelete, { name: "dave" });
      await nobody.call(Auth.method.userChangePassword, { name: "dave", password: "x" });
    },
  },
  {
    name: "roles are added, granted and revoked",
    run: async (actor) => {
      const nobody = actor.as(undefined);
      for (const name of ["", "root", "root", "reader", "writer", "spare"]) await nobody.addRole(name);
      await nobody.call(Auth.method.roleList, {});
      await nobody.call(Auth.method.roleGet, { role: "reader" });
      await nobody.call(Auth.method.roleGet, { role: "missing" });
      await nobody.grant("alice", "missing");
      await nobody.grant("dave", "reader");
      await nobody.grant("alice", "reader");
      await nobody.grant("alice", "reader");
      await nobody.grant("bob", "writer");
      await nobody.grant("bob", "spare");
      await nobody.call(Auth.method.userGet, { name: "bob" });
      await nobody.call(Auth.method.userRevokeRole, { name: "bob", role: "spare" });
      await nobody.call(Auth.method.userRevokeRole, { name: "bob", role: "spare" });
      await nobody.call(Auth.method.userRevokeRole, { name: "dave", role: "spare" });
      await nobody.grant("bob", "spare");
      await nobody.call(Auth.method.roleDelete, { role: "spare" });
      await nobody.call(Auth.method.roleDelete, { role: "spare" });
      await nobody.call(Auth.method.userGet, { name: "bob" });
    },
  },
  {
    name: "permissions are given, replaced and taken back",
    run: async (actor) => {
      const nobody = actor.as(undefined);
      await nobody.permit("reader", "READ", "a/", A_END);
      await nobody.permit("missing", "READ", "a");
      await nobody.permit("writer", "WRITE", "w");
      await nobody.permit("writer", "READWRITE", "x", "xz");
      await nobody.permit("writer", "READ", "z", FROM_KEY);
      await nobody.permit("writer", "READ", "w");
      await nobody.permit("writer", "WRITE", "w");
      await nobody.permit("writer", "READ", "m", "n");
      await nobody.permit("writer", "READ", "n", "o");
      await nobody.permit("writer", "WRITE", "lease/", "lease0");
      await nobody.call(Auth.method.roleGet, { role: "writer" });
      await nobody.forbid("writer", "w", "x");
      await nobody.forbid("writer", "q");
      await nobody.forbid("missing", "q");
    },
  },
  {
    name: "it is switched on when root has its role, and twice is as good as once",
    run: async (actor) => {
      const nobody = actor.as(undefined);
      for (const key of ["a/1", "a/2", "b/1", "w", "x1", "m1", "n1", "z1", "lease/1"]) await nobody.put(key, key);
      await nobody.call(Auth.method.authEnable, {});
      await nobody.grant("root", "root");
      await nobody.call(Auth.method.authEnable, {});
      await actor.login("root", "r");
      await actor.as("root").call(Auth.method.authEnable, {});
    },
  },
];

const logins: Step[] = [
  {
    name: "a login needs the user's own password",
    run: async (actor) => {
      for (const [name, password] of Object.entries(PASSWORDS)) await actor.login(name, password);
      for (const name of ["alice", "dave", "", "cert"]) await actor.login(name, "wrong");
      await actor.login("alice", "");
      await actor.login("cert", "");
    },
  },
  {
    name: "a token that nobody has is refused, and so is none",
    run: async (actor) => {
      for (const token of ["garbage", "garbage.1", "", "Bearer", ".", `x${actor.tokens.get("alice")}`]) {
        await actor.showing(token).range("a/1");
        await actor.showing(token).put("a/1");
        await actor.showing(token).call(Auth.method.userList, {});
      }
      const nobody = actor.as(undefined);
      await nobody.range("a/1");
      await nobody.range("a/1", "", { serializable: true });
      await nobody.put("a/1");
      await nobody.del("a/1");
      await nobody.txn("of a read", { success: [rangeOp("a/1")] });
      await nobody.txn("of a write", { success: [putOp("a/1")] });
      await nobody.call(Auth.method.userList, {});
      await nobody.call(Auth.method.authDisable, {});
    },
  },
];

const keys: Step[] = [
  {
    name: "a reader reads what it may, and nothing else",
    run: async (actor) => {
      const alice = actor.as("alice");
      await alice.range("a/1");
      await alice.range("a/", A_END);
      await alice.range("a/", A_END, { serializable: true });
      await alice.range("a/", A_END, { countOnly: true });
      for (const [key, end] of [
        ["a", ""],
        ["b/1", ""],
        ["a/", "a1"],
        ["a", A_END],
        ["a/", FROM_KEY],
        [FROM_KEY, FROM_KEY],
      ] as const) {
        await alice.range(key, end);
        await alice.range(key, end, { serializable: true });
      }
      await alice.put("a/1");
      await alice.del("a/1");
      await alice.put("b/1");
    },
  },
  {
    name: "a writer writes what it may, and reads only what it may read",
    run: async (actor) => {
      const bob = actor.as("bob");
      await bob.put("w", "1");
      await bob.put("w", "2", { prevKv: true });
      await bob.range("w");
      await bob.del("w", "", true);
      await bob.del("w");
      await bob.put("xa", "1", { prevKv: true });
      await bob.range("x", "xz");
      await bob.del("x", "xz", true);
      await bob.put("xz");
      await bob.del("x", "xzz");
      await bob.range("z");
      await bob.range("z", FROM_KEY);
      await bob.range("zz", FROM_KEY);
      await bob.put("z1");
      await bob.del("z", FROM_KEY);
    },
  },
  {
    name: "neighbouring permissions are one",
    run: async (actor) => {
      const bob = actor.as("bob");
      await bob.range("m", "o");
      await bob.range("m5", "n5");
      await bob.range("l", "o");
      await bob.range("m", "o1");
    },
  },
  {
    name: "a user without a role may nothing, root everything",
    run: async (actor) => {
      const [carol, root] = [actor.as("carol"), actor.as("root")];
      await carol.range("a/1");
      await carol.put("c");
      await carol.del("c");
      await root.range("a/1");
      await root.put("anything", "1", { prevKv: true });
      await root.del(FROM_KEY, "a", true);
      await root.range("a", FROM_KEY, { countOnly: true });
    },
  },
  {
    name: "a transaction needs what its compares and both of its branches need",
    run: async (actor) => {
      const [alice, bob] = [actor.as("alice"), actor.as("bob")];
      await alice.txn("reads", { compare: [absent("a/9")], success: [rangeOp("a/1")], failure: [rangeOp("a/2")] });
      await alice.txn("compares", { compare: [absent("b/1")], success: [rangeOp("a/1")] });
      await alice.txn("compares a range", { compare: [absent("a/", FROM_KEY)], success: [rangeOp("a/1")] });
      await alice.txn("the branch taken", { success: [rangeOp("b/1")] });
      await alice.txn("the other branch", {
        compare: [absent("a/9")],
        success: [rangeOp("a/1")],
        failure: [putOp("a/1")],
      });
      await bob.txn("writes", { success: [putOp("w"), deleteOp("xa"), rangeOp("z1")] });
      await bob.txn("one too many", { success: [putOp("w"), putOp("b/1")] });
      await bob.txn("reads what is written only", { success: [putOp("xa"), rangeOp("w")] });
      await bob.txn("deletes with prevKv", { success: [deleteOp("w", "", true)] });
      await bob.txn("deletes from a key on", { success: [deleteOp("x", FROM_KEY)] });
      await bob.txn("nothing", {});
    },
  },
];

const watches: Step[] = [
  {
    name: "a watch of what may be read",
    run: async (actor) => {
      const watch = actor.as("alice").watch();
      watch.create(Buffer.from("a/"), { rangeEnd: Buffer.from(A_END) });
      await watch.read();
      await actor.as("root").put("a/3", "3");
      await watch.read();
      await watch.close();
    },
  },
  {
    name: "a watch without a token, or with garbage for one",
    run: async (actor) => {
      for (const hands of [actor.as(undefined), actor.showing("garbage")]) {
        const watch = hands.watch();
        watch.create(Buffer.from("a/1"), { watchId: 7n });
        await watch.read();
        await watch.close();
      }
    },
  },
];

const leases: Step[] = [
  {
    name: "a lease is any user's to grant and to hang own keys on",
    run: async (actor) => {
      const [alice, bob, root] = [actor.as("alice"), actor.as("bob"), actor.as("root")];
      await alice.grantLease(100n);
      await bob.grantLease(200n);
      await bob.put("w", "1", { lease: 200n });
      await root.grantLease(300n);
      await root.put("b/1", "1", { lease: 300n });
      await alice.put("a/1", "1", { lease: 100n });
    },
  },
  {
    name: "who may not write a lease's keys can neither revoke it nor hang more on it",
    run: async (actor) => {
      const [alice, bob, root] = [actor.as("alice"), actor.as("bob"), actor.as("root")];
      await bob.put("w", "2", { lease: 300n });
      await alice.call(Lease.method.leaseRevoke, { ID: 200n });
      await bob.call(Lease.method.leaseRevoke, { ID: 300n });
      await bob.call(Lease.method.leaseRevoke, { ID: 999n });
      await bob.call(Lease.method.leaseRevoke, { ID: 200n });
      await root.range("w");
    },
  },
];

const administration: Step[] = [
  {
    name: "users and roles are root's business, but for what concerns oneself",
    run: async (actor) => {
      const alice = actor.as("alice");
      await alice.addUser("eve", "e");
      await alice.call(Auth.method.userDelete, { name: "bob" });
      await alice.call(Auth.method.userChangePassword, { name: "alice", password: "x" });
      await alice.call(Auth.method.userList, {});
      await alice.call(Auth.method.userGet, { name: "alice" });
      await alice.call(Auth.method.userGet, { name: "bob" });
      await alice.grant("alice", "root");
      await alice.call(Auth.method.userRevokeRole, { name: "alice", role: "reader" });
      await alice.addRole("own");
      await alice.call(Auth.method.roleList, {});
      await alice.call(Auth.method.roleGet, { role: "reader" });
      await alice.call(Auth.method.roleGet, { role: "writer" });
      await alice.call(Auth.method.roleDelete, { role: "reader" });
      await alice.permit("reader", "READWRITE", "a", FROM_KEY);
      await alice.forbid("reader", "a/", A_END);
      await alice.call(Auth.method.authEnable, {});
      await alice.call(Auth.method.authDisable, {});
    },
  },
  {
    name: "root and its role can not be lost while it is on",
    run: async (actor) => {
      const root = actor.as("root");
      await root.call(Auth.method.userDelete, { name: "root" });
      await root.call(Auth.method.roleDelete, { role: "root" });
      await root.call(Auth.method.userRevokeRole, { name: "root", role: "root" });
    },
  },
];

/** What 3.4 does otherwise, together and near the end: it leaves other data behind. */
const newer: Step[] = [
  {
    name: "a token with a space at its end is refused",
    ...(defaultEngine().name === "nice" && {
      differs: "as none: Node's HTTP/2 drops a field whose value ends with a space (RFC 9113, 8.2.1)",
    }),
    run: async (actor) => {
      await actor.showing("Bearer ").range("a/1");
    },
  },
  {
    name: "whether it is on can be asked",
    differs: "AuthStatus was added in 3.5",
    run: async (actor) => {
      await actor.as(undefined).call(Auth.method.authStatus, {});
    },
  },
  {
    name: "a permission on nothing, or that ends before it begins, is refused",
    differs: "refused since 3.5; 3.4 keeps such permissions",
    run: async (actor) => {
      const root = actor.as("root");
      await root.permit("reader", "READ", "");
      await root.permit("reader", "READ", "b", "a");
    },
  },
  {
    name: "a member list, a lease and a status are for users only",
    differs: "3.4 asks nobody; closed since 3.6.9 (CVE-2026-33413)",
    run: async (actor) => {
      const nobody = actor.as(undefined);
      await nobody.call(Cluster.method.memberList, {});
      await nobody.call(Maintenance.method.status, {});
      await nobody.grantLease(1n);
      await nobody.call(Maintenance.method.alarm, {});
      await nobody.call(Lease.method.leaseTimeToLive, { ID: 77n });
      await nobody.call(Lease.method.leaseLeases, {});
    },
  },
  {
    name: "CVE-2026-33343: a transaction inside another needs its own permissions",
    differs: "3.4 does not look inside; fixed in 3.4.42, 3.5.28 and 3.6.9",
    run: async (actor) => {
      const alice = actor.as("alice");
      for (const inner of [putOp("b/1"), rangeOp("b/1"), deleteOp("b/1")]) {
        await alice.txn("nested", { success: [txnOp({ success: [inner] })] });
      }
    },
  },
  {
    name: "CVE-2026-44283: a put inside a transaction with prevKv needs a read",
    differs: "3.4 does not ask; fixed in 3.6.11",
    run: async (actor) => {
      await actor.as("bob").txn("prevKv", { success: [putOp("w", { prevKv: true })] });
    },
  },
  {
    name: "GHSA-xg4h-6gfc-h4m8: a watch of what may not be read is canceled at once, and the others of the stream go on",
    differs: "3.4 lets a watch from a key on pass as one of the key; fixed in 3.6.11",
    run: async (actor) => {
      const watch = actor.as("alice").watch();
      watch.create(Buffer.from("b/1"));
      await watch.read();
      watch.create(Buffer.from("a/1"));
      await watch.read();
      for (const end of [FROM_KEY, "b"]) {
        watch.create(Buffer.from("a/1"), { rangeEnd: Buffer.from(end) });
        await watch.read();
      }
      watch.create(new Uint8Array());
      await watch.read();
      await actor.as("root").put("a/1", "4");
      await watch.read();
      await watch.close();
    },
  },
  {
    name: "CVE-2026-44283: nor can it inside a transaction",
    differs: "3.4 does not ask; fixed in 3.6.11",
    run: async (actor) => {
      await actor.as("bob").txn("lease", { success: [putOp("w", { lease: 300n })] });
    },
  },
  {
    name: "CVE-2023-32082: the keys of a lease are shown to who may read them",
    differs: "3.4.23 shows them to anybody; fixed in 3.4.26 and 3.5.9",
    run: async (actor) => {
      const [bob, root] = [actor.as("bob"), actor.as("root")];
      for (const hands of [bob, root]) {
        const answer = await hands.attempt("time to live", Lease.method.leaseTimeToLive, { ID: 300n, keys: true });
        actor.transcript.note(`keys ${answer?.keys.map((key) => Buffer.from(key).toString()).join()}`);
      }
      await bob.attempt("time to live without keys", Lease.method.leaseTimeToLive, { ID: 300n });
    },
  },
  {
    name: "a lease with keys that may not be read or written is neither listed nor kept alive",
    differs: "3.4 asks nobody",
    run: async (actor) => {
      const alice = actor.as("alice");
      await alice.call(Lease.method.leaseLeases, {});
      const keepAlive = alice.keepAlive();
      await keepAlive.renew(300n).catch((error: unknown) => actor.transcript.error("alice keepalive", error));
      await keepAlive.close();
    },
  },
  {
    name: "what concerns a member or the whole cluster is root's business",
    differs: "3.4 sends an inner text with UNKNOWN, and asks nobody who moves the lead",
    run: async (actor) => {
      const alice = actor.as("alice");
      await alice.call(Maintenance.method.defragment, {});
      await alice.call(Maintenance.method.hash, {});
      await alice.call(Maintenance.method.hashKV, {});
      await alice.call(Maintenance.method.moveLeader, { targetID: 1n });
      await alice.first(Maintenance.method.snapshot, {});
    },
  },
  {
    name: "CVE-2026-33413: and so are members, alarms and compactions",
    differs: "3.4 asks nobody; closed since 3.6.9",
    run: async (actor) => {
      const alice = actor.as("alice");
      await alice.call(KV.method.compact, { revision: 2n });
      await alice.call(Cluster.method.memberAdd, { peerURLs: ["bad"] });
      await alice.call(Cluster.method.memberRemove, { ID: 99n });
      await alice.call(Cluster.method.memberUpdate, { ID: 99n, peerURLs: ["http://127.0.0.1:1"] });
      await alice.call(Cluster.method.memberPromote, { ID: 99n });
      await alice.call(Maintenance.method.alarm, { action: 2, alarm: 1 });
    },
  },
];

const changes: Step[] = [
  {
    name: "a token outlives changes of roles, which count at once",
    run: async (actor) => {
      const [carol, root] = [actor.as("carol"), actor.as("root")];
      await root.grant("carol", "reader");
      await carol.range("a/1", "", { countOnly: true });
      await root.call(Auth.method.userRevokeRole, { name: "carol", role: "reader" });
      await carol.range("a/1", "", { countOnly: true });
      await root.grant("carol", "root");
      await carol.call(Auth.method.roleList, {});
      await root.call(Auth.method.userRevokeRole, { name: "carol", role: "root" });
      await carol.call(Auth.method.roleList, {});
    },
  },
  {
    name: "a new password ends the tokens, and the old one does not log in",
    run: async (actor) => {
      const root = actor.as("root");
      await root.call(Auth.method.userChangePassword, { name: "alice", password: "new" });
      await actor.as("alice").range("a/1", "", { countOnly: true });
      await actor.login("alice", "a");
      await actor.login("alice", "new");
      await actor.as("alice").range("a/1", "", { countOnly: true });
    },
  },
  {
    name: "a user that is deleted is nobody, also when another gets its name",
    run: async (actor) => {
      const root = actor.as("root");
      await root.call(Auth.method.userDelete, { name: "carol" });
      await actor.as("carol").range("a/1", "", { countOnly: true });
      await actor.login("carol", "c");
      await root.addUser("carol", "c");
      await actor.as("carol").range("a/1", "", { countOnly: true });
      await actor.login("carol", "c");
      await root.call(Auth.method.userGet, { name: "carol" });
    },
  },
  {
    name: "a role that is deleted is gone from its users",
    run: async (actor) => {
      const root = actor.as("root");
      await root.call(Auth.method.roleDelete, { role: "writer" });
      await root.call(Auth.method.userGet, { name: "bob" });
      await actor.as("bob").put("w");
      await root.call(Auth.method.roleList, {});
    },
  },
  {
    name: "switched off, everything is everybody's again",
    run: async (actor) => {
      await actor.as("root").call(Auth.method.authDisable, {});
      actor.tokens.clear();
      const nobody = actor.as(undefined);
      await nobody.put("b/1", "free");
      await nobody.range("b/1", "", { countOnly: true });
      await nobody.call(Auth.method.userList, {});
      await actor.login("alice", "new");
      await nobody.call(Auth.method.userDelete, { name: "root" });
    },
  },
];

export const SCRIPT: readonly Step[] = [
  ...before,
  ...logins,
  ...keys,
  ...watches,
  ...leases,
  ...administration,
  ...newer,
  ...changes,
];
