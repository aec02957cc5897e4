/** A node with or without users, whose state fuzzing changes and this brings back; and the one key that stays as it is. */
import { Auth, Cluster, KV, Lease, Maintenance } from "@kvorum/proto";
import { type Channel, niceChannel } from "@kvorum/transport";
import { ProbedNode, type ProbeFile } from "./probed-node.js";
import { RawCaller } from "./raw-caller.js";
import type { Stage } from "./target.js";

const bytes = (text: string): Buffer => Buffer.from(text);

export const KNOWN_KEY = "fuzz/known";
const KNOWN_VALUE = "unharmed";
const ROOT = { name: "root", password: "the password of root" };
/** Reads and writes below `user/`. */
const USER = { name: "user", password: "the password of user" };
const CALL_MS_MAX = 20_000;

/** Who calls: anybody where there are no users; else somebody without a token, a user, or root. */
export type Caller = "anybody" | "nobody" | "user" | "root";

export class CallStage implements Stage {
  readonly node: ProbedNode;
  readonly raw: RawCaller;
  /** Of the cluster, the member and a lease. */
  readonly ids: readonly bigint[];
  readonly tokens: Readonly<Record<Caller, string | undefined>>;
  readonly #channel: Channel;
  /** Who may change what others have. */
  readonly #mayHarm: boolean;

  private constructor(
    node: ProbedNode,
    channel: Channel,
    ids: readonly bigint[],
    tokens: CallStage["tokens"],
    mayHarm: boolean,
  ) {
    this.node = node;
    this.raw = new RawCaller(node.endpoint);
    this.#channel = channel;
    this.ids = ids;
    this.tokens = tokens;
    this.#mayHarm = mayHarm;
  }

  static async open(probe: ProbeFile, callers: readonly Caller[], flags: readonly string[] = []): Promise<CallStage> {
    const node = await ProbedNode.start(probe, { flags: ["--bcrypt-cost", "4", ...flags] });
    const channel = niceChannel(node.endpoint);
    try {
      await channel.unary(KV.method.put, { key: bytes(KNOWN_KEY), value: bytes(KNOWN_VALUE) });
      const { header, ID } = await channel.unary(Lease.method.leaseGrant, { TTL: 3600n });
      const ids = [header?.clusterId ?? 0n, header?.memberId ?? 0n, ID];
      const tokens = callers.includes("anybody") ? {} : await withUsers(channel);
      const all = { anybody: undefined, nobody: undefined, user: undefined, root: undefined, ...tokens };
      return new CallStage(node, channel, ids, all, callers.includes("anybody") || callers.includes("root"));
    } catch (error) {
      await channel.close();
      await node[Symbol.asyncDispose]();
      throw error;
    }
  }

  get nodes(): readonly ProbedNode[] {
    return [this.node];
  }

  async harmed(): Promise<string | undefined> {
    if (this.#mayHarm) return undefined;
    const { kvs } = await this.#master().unary(KV.method.range, { key: bytes(KNOWN_KEY) }, { timeoutMs: CALL_MS_MAX });
    const value = Buffer.from(kvs[0]?.value ?? []).toString();
    if (value !== KNOWN_VALUE) return `the known key has the value ${JSON.stringify(value)}`;
    const { enabled } = await this.#master().unary(Auth.method.authStatus, {});
    return enabled ? undefined : "authentication is off";
  }

  /** Deletes what was written, or says that what the node has become keeps it from that. */
  async mend(): Promise<boolean> {
    const master = this.#master();
    try {
      const { enabled } = await master.unary(Auth.method.authStatus, {}, { timeoutMs: CALL_MS_MAX });
      if (enabled !== (this.tokens.root !== undefined)) return false;
      const { members } = await master.unary(Cluster.method.memberList, {}, { timeoutMs: CALL_MS_MAX });
      if (members.length > 1) return false;
      const { alarms } = await master.unary(Maintenance.method.alarm, { action: 0 });
      for (const { alarm, memberID } of alarms)
        await master.unary(Maintenance.method.alarm, { action: 2, alarm, memberID });
      await this.#empty(master);
      return true;
    } catch (error) {
      if (this.#mayHarm) return false;
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.raw.close();
    await this.#channel.close();
    await this.node[Symbol.asyncDispose]();
  }

  async #empty(master: Pick<Channel, "unary">): Promise<void> {
    const { leases } = await master.unary(Lease.method.leaseLeases, {});
    for (const { ID } of leases) if (!this.ids.includes(ID)) await master.unary(Lease.method.leaseRevoke, { ID });
    await master.unary(KV.method.deleteRange, { key: Buffer.of(0), rangeEnd: bytes(KNOWN_KEY) });
    await master.unary(KV.method.deleteRange, { key: bytes(`${KNOWN_KEY}\0`), rangeEnd: Buffer.of(0) });
    const { header } = await master.unary(KV.method.put, { key: bytes(KNOWN_KEY), value: bytes(KNOWN_VALUE) });
    await master.unary(KV.method.compact, { revision: header?.revision ?? 0n, physical: true });
    const { users } = await master.unary(Auth.method.userList, {});
    for (const name of users)
      if (name !== ROOT.name && name !== USER.name) await master.unary(Auth.method.userDelete, { name });
    const { roles } = await master.unary(Auth.method.roleList, {});
    for (const role of roles)
      if (role !== ROOT.name && role !== USER.name) await master.unary(Auth.method.roleDelete, { role });
  }

  /** Who may do everything. */
  #master(): Pick<Channel, "unary"> {
    const token = this.tokens.root;
    return token === undefined ? this.#channel : withToken(this.#channel, token);
  }
}

export function withToken(channel: Channel, token: string): Pick<Channel, "unary"> {
  return {
    unary: (method, request, options = {}) => channel.unary(method, request, { ...options, metadata: { token } }),
  };
}

async function withUsers(channel: Channel): Promise<{ readonly user: string; readonly root: string }> {
  const { method } = Auth;
  for (const { name, password } of [ROOT, USER]) {
    await channel.unary(method.userAdd, { name, password });
    await channel.unary(method.roleAdd, { name });
    await channel.unary(method.userGrantRole, { user: name, role: name });
  }
  const perm = { permType: 2, key: bytes("user/"), rangeEnd: bytes("user0") } as const;
  await channel.unary(method.roleGrantPermission, { name: USER.name, perm });
  await channel.unary(method.authEnable, {});
  const login = async (person: typeof ROOT): Promise<string> =>
    (await channel.unary(method.authenticate, person)).token;
  return { user: await login(USER), root: await login(ROOT) };
}
