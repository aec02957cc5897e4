/** Users, roles and permissions while authentication is off: all of their calls, and every way to be refused. */
import { Auth, Permission_Type } from "@kvorum/proto";
import { type Case, cases } from "../case.js";
import type { KeyLike, Probe } from "../probe.js";

const { method } = Auth;
const { READ, WRITE, READWRITE } = Permission_Type;
const NOTHING = new Uint8Array();
const FROM_KEY = Uint8Array.of(0);

const addUser = (p: Probe, name: string, password = "secret") =>
  p.call(`add user ${name}`, method.userAdd, { name, password });
const addRole = (p: Probe, name: string) => p.call(`add role ${name}`, method.roleAdd, { name });
const grant = (p: Probe, user: string, role: string) =>
  p.call(`grant ${role} to ${user}`, method.userGrantRole, { user, role });
const revoke = (p: Probe, name: string, role: string) =>
  p.call(`revoke ${role} from ${name}`, method.userRevokeRole, { name, role });
const user = (p: Probe, name: string) => p.call(`user ${name}`, method.userGet, { name });
const users = (p: Probe) => p.call("users", method.userList, {});
const role = (p: Probe, name: string) => p.call(`role ${name}`, method.roleGet, { role: name });
const roles = (p: Probe) => p.call("roles", method.roleList, {});

function permit(p: Probe, name: string, permType: Permission_Type, key: KeyLike, rangeEnd: KeyLike = NOTHING) {
  const perm = { permType, key: p.key(key), rangeEnd: p.key(rangeEnd) };
  return p.call(`permit ${Permission_Type[permType]}`, method.roleGrantPermission, { name, perm });
}

function forbid(p: Probe, name: string, key: KeyLike, rangeEnd: KeyLike = NOTHING) {
  return p.call("forbid", method.roleRevokePermission, { role: name, key: p.key(key), rangeEnd: p.key(rangeEnd) });
}

/** Deletes whoever is there, so that each case begins without users. */
async function forgetAll(p: Probe): Promise<void> {
  const { users: names } = await p.channel.unary(method.userList, {});
  for (const name of names) await p.channel.unary(method.userDelete, { name });
  const answer = await p.channel.unary(method.roleList, {});
  for (const name of answer.roles) await p.channel.unary(method.roleDelete, { role: name });
}

function subject(name: string, bodies: Readonly<Record<string, Case["run"]>>): Case[] {
  return cases(name, bodies).map(({ name: full, run }) => ({
    name: full,
    run: async (p) => {
      try {
        await run(p);
      } finally {
        await forgetAll(p);
      }
    },
  }));
}

export const userCases: Case[] = subject("users", {
  "there are none at first": async (p) => {
    await users(p);
    await roles(p);
  },
  "one is added and shown": async (p) => {
    await addUser(p, "alice");
    await user(p, "alice");
    await users(p);
  },
  "a name is given once": async (p) => {
    await addUser(p, "alice");
    await addUser(p, "alice", "other");
    await users(p);
  },
  "an empty name is none": async (p) => {
    await addUser(p, "");
    await p.call("without a password", method.userAdd, { name: "", options: { noPassword: true } });
  },
  "an empty password is one": async (p) => {
    await addUser(p, "alice", "");
    await user(p, "alice");
  },
  "one without a password": async (p) => {
    await p.call("add", method.userAdd, { name: "cert", options: { noPassword: true } });
    await user(p, "cert");
    await p.call("options without it", method.userAdd, { name: "plain", password: "x", options: {} });
    await users(p);
  },
  "names may be any text": async (p) => {
    for (const name of ["a b", "ä", "a/b", "x:y", "a".repeat(300)]) await addUser(p, name);
    await users(p);
  },
  "they are listed in order": async (p) => {
    for (const name of ["carol", "alice", "Bob", "bob"]) await addUser(p, name);
    await users(p);
  },
  "an unknown one is shown to nobody": async (p) => {
    await user(p, "nobody");
    await user(p, "");
  },
  "one is deleted once": async (p) => {
    await addUser(p, "alice");
    await p.call("delete", method.userDelete, { name: "alice" });
    await p.call("delete", method.userDelete, { name: "alice" });
    await p.call("delete", method.userDelete, { name: "" });
    await users(p);
  },
  "one that is deleted may come back without its roles": async (p) => {
    await addUser(p, "alice");
    await addRole(p, "reader");
    await grant(p, "alice", "reader");
    await p.call("delete", method.userDelete, { name: "alice" });
    await addUser(p, "alice");
    await user(p, "alice");
  },
  "root can go while authentication is off": async (p) => {
    await addUser(p, "root");
    await addRole(p, "root");
    await grant(p, "root", "root");
    await revoke(p, "root", "root");
    await p.call("delete role", method.roleDelete, { role: "root" });
    await p.call("delete", method.userDelete, { name: "root" });
    await users(p);
  },
  "a password is changed": async (p) => {
    await addUser(p, "alice");
    await p.call("change", method.userChangePassword, { name: "alice", password: "new" });
    await p.call("change to none", method.userChangePassword, { name: "alice", password: "" });
    await p.call("of nobody", method.userChangePassword, { name: "nobody", password: "new" });
  },
  "what is written about users is no revision": async (p) => {
    await addUser(p, "alice");
    await addRole(p, "reader");
    await permit(p, "reader", READ, "a");
    await p.put("after");
  },
});

export const roleCases: Case[] = subject("roles", {
  "one is added and shown": async (p) => {
    await addRole(p, "reader");
    await role(p, "reader");
    await roles(p);
  },
  "a name is given once": async (p) => {
    await addRole(p, "reader");
    await addRole(p, "reader");
  },
  "an empty name is none": async (p) => {
    await addRole(p, "");
    await role(p, "");
  },
  "they are listed in order": async (p) => {
    for (const name of ["writer", "admin", "Reader"]) await addRole(p, name);
    await roles(p);
  },
  "an unknown one is not shown": async (p) => {
    await role(p, "missing");
  },
  "root's is there when it was added": async (p) => {
    await role(p, "root");
    await addRole(p, "root");
    await roles(p);
  },
  "root's shows that it may everything": async (p) => {
    await addRole(p, "root");
    await role(p, "root");
  },
  "one is deleted once": async (p) => {
    await addRole(p, "reader");
    await p.call("delete", method.roleDelete, { role: "reader" });
    await p.call("delete", method.roleDelete, { role: "reader" });
    await p.call("delete", method.roleDelete, { role: "" });
  },
  "one that is deleted is gone from its users": async (p) => {
    await addUser(p, "alice");
    for (const name of ["reader", "writer"]) {
      await addRole(p, name);
      await grant(p, "alice", name);
    }
    await p.call("delete", method.roleDelete, { role: "reader" });
    await user(p, "alice");
  },
  "one is granted and taken back": async (p) => {
    await addUser(p, "alice");
    await addRole(p, "reader");
    await grant(p, "alice", "reader");
    await user(p, "alice");
    await revoke(p, "alice", "reader");
    await user(p, "alice");
  },
  "one that is granted twice is granted": async (p) => {
    await addUser(p, "alice");
    await addRole(p, "reader");
    await grant(p, "alice", "reader");
    await grant(p, "alice", "reader");
    await user(p, "alice");
  },
  "those of a user are in order": async (p) => {
    await addUser(p, "alice");
    for (const name of ["c", "a", "b"]) {
      await addRole(p, name);
      await grant(p, "alice", name);
    }
    await user(p, "alice");
  },
  "an unknown one is not granted": async (p) => {
    await addUser(p, "alice");
    await grant(p, "alice", "missing");
    await grant(p, "alice", "");
  },
  "an unknown user is granted none": async (p) => {
    await addRole(p, "reader");
    await grant(p, "nobody", "reader");
    await grant(p, "", "reader");
    await grant(p, "nobody", "missing");
  },
  "root's is granted without having been added": async (p) => {
    await addUser(p, "root");
    await grant(p, "root", "root");
    await user(p, "root");
  },
  "one that was not granted is not taken back": async (p) => {
    await addUser(p, "alice");
    await addRole(p, "reader");
    await revoke(p, "alice", "reader");
    await revoke(p, "alice", "missing");
    await revoke(p, "nobody", "reader");
  },
});

export const permissionCases: Case[] = subject("permissions", {
  "each kind on a key": async (p) => {
    await addRole(p, "r");
    await permit(p, "r", READ, "a");
    await permit(p, "r", WRITE, "b");
    await permit(p, "r", READWRITE, "c");
    await role(p, "r");
  },
  "on ranges, and from a key on": async (p) => {
    await addRole(p, "r");
    await permit(p, "r", READ, "a", "c");
    await permit(p, "r", WRITE, "x", FROM_KEY);
    await permit(p, "r", READWRITE, FROM_KEY, FROM_KEY);
    await role(p, "r");
  },
  "the same range again is another kind of the same": async (p) => {
    await addRole(p, "r");
    await permit(p, "r", READ, "a", "c");
    await permit(p, "r", WRITE, "a", "c");
    await permit(p, "r", WRITE, "a", "c");
    await role(p, "r");
  },
  "a key and a range from it are two": async (p) => {
    await addRole(p, "r");
    await permit(p, "r", READ, "a");
    await permit(p, "r", READ, "a", "b");
    await permit(p, "r", READ, "a", FROM_KEY);
    await role(p, "r");
  },
  "are shown in the order of their ranges": async (p) => {
    await addRole(p, "r");
    for (const key of ["m", "a", "z", "b"]) await permit(p, "r", READ, key);
    await role(p, "r");
  },
  "an unknown role is given none": async (p) => {
    await permit(p, "missing", READ, "a");
    await forbid(p, "missing", "a");
  },
  "are taken back by exactly their range": async (p) => {
    await addRole(p, "r");
    await permit(p, "r", READ, "a", "c");
    await forbid(p, "r", "a");
    await forbid(p, "r", "a", "b");
    await forbid(p, "r", "a", FROM_KEY);
    await forbid(p, "r", "a", "c");
    await forbid(p, "r", "a", "c");
    await role(p, "r");
  },
  "root's role may be given some": async (p) => {
    await addRole(p, "root");
    await permit(p, "root", READ, "a");
    await role(p, "root");
  },
  "a range that ends before it begins": async (p) => {
    await addRole(p, "r");
    await permit(p, "r", READ, "b", "a");
  },
  "a range that ends where it begins": async (p) => {
    await addRole(p, "r");
    await permit(p, "r", READ, "b", "b");
  },
  "an empty key": async (p) => {
    await addRole(p, "r");
    await permit(p, "r", READ, NOTHING);
  },
  "a kind that is none": async (p) => {
    await addRole(p, "r");
    await permit(p, "r", 7 as Permission_Type, "a");
    await role(p, "r");
  },
});

export const enablingCases: Case[] = subject("switching authentication", {
  "off, when it is off": async (p) => {
    await p.call("disable", method.authDisable, {});
  },
  "on, without root": async (p) => {
    await p.call("enable", method.authEnable, {});
    await addUser(p, "alice");
    await p.call("enable", method.authEnable, {});
  },
  "on, with root but without its role": async (p) => {
    await addUser(p, "root");
    await p.call("enable", method.authEnable, {});
    await addRole(p, "root");
    await p.call("enable", method.authEnable, {});
  },
  "nobody logs in while it is off": async (p) => {
    await addUser(p, "alice");
    await p.call("login", method.authenticate, { name: "alice", password: "secret" });
    await p.call("login", method.authenticate, { name: "alice", password: "wrong" });
    await p.call("login", method.authenticate, {});
  },
});
