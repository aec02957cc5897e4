/**
 * Who may call what, while authentication is on: every method of every service, by its path. A method that is missing here
 * does not compile, and a service that is missing is refused to everybody but root.
 *
 * The table is the one that etcd's releases since 3.6.9 agree on: after CVE-2026-33413 (several methods asked for no
 * permission at all) it was closed, and then opened again for what monitoring and clients need of any user.
 */
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import {
  type AlarmRequest,
  AlarmRequest_AlarmAction,
  Auth,
  type AuthRoleGetRequest,
  type AuthUserGetRequest,
  Cluster,
  Election,
  Health,
  KV,
  Lease,
  Lock,
  Maintenance,
  Watch,
} from "@kvorum/proto";
import { methodPath } from "@kvorum/transport";
import type { AuthView } from "../core/auth/auth-view.js";
import type { Identity } from "../core/auth/types.js";

export type Access =
  /** Anybody, also without a token. */
  | "open"
  /** Any user. */
  | "user"
  /** Any user here; the operation's keys are checked by the node, before it is proposed or read and where it is applied. */
  | "keys"
  /** Any user here; the keys of the lease are checked by its service. */
  | "lease"
  /** Anybody here: each watch of the stream is checked, and refused by an answer instead of an error. */
  | "watch"
  /** Any user who asks which alarms there are, root for what changes them. */
  | "alarm"
  /** Root, and a user about itself. */
  | "own user"
  /** Root, and a user about a role that it has. */
  | "own role"
  | "root";

type AccessOf<S extends DescService> = Readonly<Record<keyof S["method"], Access>>;

const TABLE: ReadonlyMap<string, Access> = new Map([
  ...rows(KV, {
    range: "keys",
    rangeStream: "keys",
    put: "keys",
    deleteRange: "keys",
    txn: "keys",
    compact: "root",
  }),
  ...rows(Watch, { watch: "watch" }),
  ...rows(Lease, {
    leaseGrant: "user",
    leaseRevoke: "lease",
    leaseKeepAlive: "lease",
    leaseTimeToLive: "lease",
    leaseLeases: "lease",
  }),
  ...rows(Cluster, {
    memberAdd: "root",
    memberRemove: "root",
    memberUpdate: "root",
    memberPromote: "root",
    memberList: "user",
  }),
  ...rows(Maintenance, {
    alarm: "alarm",
    status: "user",
    defragment: "root",
    hash: "root",
    hashKV: "root",
    snapshot: "root",
    moveLeader: "root",
    downgrade: "root",
  }),
  ...rows(Auth, {
    authEnable: "root",
    authDisable: "root",
    authStatus: "open",
    authenticate: "open",
    userAdd: "root",
    userGet: "own user",
    userList: "root",
    userDelete: "root",
    userChangePassword: "root",
    userGrantRole: "root",
    userRevokeRole: "root",
    roleAdd: "root",
    roleGet: "own role",
    roleList: "root",
    roleDelete: "root",
    roleGrantPermission: "root",
    roleRevokePermission: "root",
  }),
  ...rows(Lock, { lock: "keys", unlock: "keys" }),
  ...rows(Election, { campaign: "keys", proclaim: "keys", leader: "keys", observe: "keys", resign: "keys" }),
  ...rows(Health, { check: "open", list: "open", watch: "open" }),
]);

/** What the method asks of its caller; undefined for one that nobody has classified. */
export function accessTo(method: DescMethod): Access | undefined {
  return TABLE.get(methodPath(method));
}

/** Errors: `userEmpty`, `permissionDenied`, `userNotFound`. Passes while authentication is off. */
export function checkAccess(
  access: Access,
  auth: Pick<AuthView, "checkUser" | "checkAdmin" | "isAdmin" | "user">,
  identity: Identity | undefined,
  request: unknown,
): void {
  if (access === "open" || access === "watch") return;
  if (access === "root" || (access === "alarm" && changesAlarms(request))) auth.checkAdmin(identity);
  else auth.checkUser(identity);
  if (access === "own user" && identity?.user !== (request as AuthUserGetRequest).name) auth.checkAdmin(identity);
  if (access === "own role" && !hasRole(auth, identity, (request as AuthRoleGetRequest).role))
    auth.checkAdmin(identity);
}

function* rows<S extends DescService>(service: S, classes: AccessOf<S>): Generator<readonly [string, Access]> {
  for (const method of service.methods) {
    const access = (classes as Readonly<Record<string, Access | undefined>>)[method.localName];
    if (access !== undefined) yield [methodPath(method), access];
  }
}

function changesAlarms(request: unknown): boolean {
  return (request as AlarmRequest).action !== AlarmRequest_AlarmAction.GET;
}

function hasRole(auth: Pick<AuthView, "user">, identity: Identity | undefined, role: string): boolean {
  return identity !== undefined && auth.user(identity.user)?.roles.includes(role) === true;
}
