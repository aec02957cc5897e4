/**
 * A cluster of real processes, etcd or Kvorum, with the things an operator does to it and the questions a test asks of it.
 * Everything it starts it also ends, by process id, and its directory is removed.
 */
import {
  Cluster as ClusterService,
  type Member as ListedMember,
  Maintenance,
  type StatusResponse,
} from "@kvorum/proto";
import type { Channel } from "@kvorum/transport";
import { temporaryDirectory } from "../../support/process.js";
import { Member } from "./member.js";
import { LoopbackNetwork, type Network } from "./network.js";
import { type ProgramName, programs } from "./program.js";
import { eventually, NotYet, withChannel } from "./rpc.js";

export interface ClusterOptions {
  readonly program: ProgramName;
  readonly size: number;
  /** Default 100 and 1,000. */
  readonly heartbeatMs?: number;
  readonly electionMs?: number;
  /** Default 2,000. */
  readonly snapshotCount?: number;
  readonly network?: Network;
}

/** How long a healthy machine may take for anything below before it counts as broken. */
const PATIENCE_MS = 30_000;

const CALL = { timeoutMs: 5_000 };

export class Cluster {
  readonly program: ProgramName;
  readonly electionMs: number;
  readonly snapshotCount: number;
  readonly catchUpEntries: number;
  readonly #options: ClusterOptions;
  readonly #network: Network;
  readonly #directory: { readonly path: string; remove(): Promise<void> };
  readonly #members: Member[] = [];
  readonly #killAll = (): void => {
    for (const member of this.#members) member.killNow();
  };
  #made = 0;

  /** Starts a new cluster and resolves when every member follows the same leader. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const cluster = new Cluster(options, await temporaryDirectory("cluster"));
    try {
      for (let index = 0; index < options.size; index++) await cluster.#make();
      const initialCluster = cluster.#members.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(",");
      await Promise.all(cluster.#members.map((member) => member.start({ initialCluster, initialState: "new" })));
      await cluster.settled();
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  private constructor(options: ClusterOptions, directory: { readonly path: string; remove(): Promise<void> }) {
    this.#options = options;
    this.#network = options.network ?? new LoopbackNetwork();
    this.#directory = directory;
    this.program = options.program;
    this.electionMs = options.electionMs ?? 1_000;
    this.snapshotCount = options.snapshotCount ?? 2_000;
    this.catchUpEntries = programs[options.program].catchUpEntries;
    process.once("exit", this.#killAll);
  }

  /** Everyone who belongs to it, up or not. */
  get members(): readonly Member[] {
    return this.#members;
  }

  get up(): readonly Member[] {
    return this.#members.filter(({ isUp }) => isUp);
  }

  get endpoints(): string[] {
    return this.#members.map(({ clientUrl }) => clientUrl);
  }

  /** The member that a majority of those that are up calls its leader, once there is one. */
  async leader(): Promise<Member> {
    return eventually("there is a leader", PATIENCE_MS, async () => {
      const views = await this.#views();
      const [best] = [...views].sort((a, b) => Number(b.status.raftTerm - a.status.raftTerm));
      const id = best?.status.leader;
      const agree = views.filter(({ status }) => status.leader === id && status.raftTerm === best?.status.raftTerm);
      if (agree.length * 2 <= this.#members.length) return undefined;
      return agree.find(({ status }) => status.header?.memberId === id)?.member;
    });
  }

  /** Moves the lead to this member. */
  async lead(member: Member): Promise<void> {
    await eventually(`${member.name} leads`, PATIENCE_MS, async () => {
      const leader = await this.leader();
      if (leader === member) return true;
      const targetID = (await member.status()).header?.memberId ?? 0n;
      await withChannel(leader.clientUrl, (channel) =>
        channel.unary(Maintenance.method.moveLeader, { targetID }, CALL),
      );
      return undefined;
    });
  }

  async followers(): Promise<Member[]> {
    const leader = await this.leader();
    return this.up.filter((member) => member !== leader);
  }

  /** Resolves when all members that are up follow one leader and have applied what it has: of a cluster that nobody writes to. */
  async settled(): Promise<void> {
    await eventually("all members agree", PATIENCE_MS, async () => {
      const applied = await this.#applied();
      return applied !== undefined && Math.max(...applied) === Math.min(...applied) ? true : undefined;
    });
  }

  /** Resolves when all members that are up follow one leader and have applied what any of them had when they first did. */
  async caughtUp(): Promise<void> {
    let goal: number | undefined;
    await eventually("all members have caught up", PATIENCE_MS, async () => {
      const applied = await this.#applied();
      if (applied === undefined) return undefined;
      goal ??= Math.max(...applied);
      return Math.min(...applied) >= goal ? true : undefined;
    });
  }

  /** Adds a member by the cluster's own API and starts it without data. */
  async add(options: { readonly isLearner?: boolean } = {}): Promise<Member> {
    const member = await this.#make();
    const request = { peerURLs: [member.peerUrl], isLearner: options.isLearner ?? false };
    const listed = await this.#administer(async (channel) => {
      const before = await listMembers(channel);
      // The answer of an earlier attempt may have been lost.
      if (before.some(({ peerURLs }) => peerURLs.includes(member.peerUrl))) return before;
      return (await channel.unary(ClusterService.method.memberAdd, request, CALL)).members;
    });
    await member.start({ initialCluster: this.initialClusterFor(member, listed), initialState: "existing" });
    return member;
  }

  /** The value of `--initial-cluster` for one that joins; before its first start it is listed without a name. */
  initialClusterFor(member: Member, listed: readonly ListedMember[]): string {
    return listed.map(({ name, peerURLs }) => `${name === "" ? member.name : name}=${peerURLs[0] ?? ""}`).join(",");
  }

  /** Removes a member by the API, ends its process and forgets its data. */
  async remove(member: Member): Promise<void> {
    await this.#administer(async (channel) => {
      const id = (await listMembers(channel)).find(({ peerURLs }) => peerURLs.includes(member.peerUrl))?.ID;
      if (id !== undefined) await channel.unary(ClusterService.method.memberRemove, { ID: id }, CALL);
      return true;
    });
    await this.forget(member);
  }

  /** A membership change that changes nothing: the member's address becomes what it is. */
  async updateAddress(member: Member): Promise<void> {
    await this.#administer(async (channel) => {
      const listed = (await listMembers(channel)).find(({ peerURLs }) => peerURLs.includes(member.peerUrl));
      if (listed === undefined) return undefined;
      const request = { ID: listed.ID, peerURLs: listed.peerURLs };
      return channel.unary(ClusterService.method.memberUpdate, request, CALL);
    });
  }

  /** Makes a member that is neither started nor known to the cluster: for tests that add it by a tool. */
  prepare(): Promise<Member> {
    return this.#make();
  }

  /** Ends and drops a member that the cluster has removed already. */
  async forget(member: Member): Promise<void> {
    await member.kill();
    await member.wipe();
    this.#members.splice(this.#members.indexOf(member), 1);
  }

  list(): Promise<ListedMember[]> {
    return this.#administer(listMembers);
  }

  /** The end of what each member has printed: for the message of a failure. */
  lastWords(): string {
    return this.#members.map(({ name, output }) => `--- ${name}\n${output.slice(-2_000)}`).join("\n");
  }

  async close(): Promise<void> {
    process.off("exit", this.#killAll);
    await Promise.all(this.#members.map((member) => member.kill()));
    await this.#directory.remove();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Asks the leader until it is done. The work may run twice. */
  #administer<T>(work: (channel: Channel) => Promise<T | undefined>): Promise<T> {
    return eventually("the cluster carries out a change of membership", PATIENCE_MS, async () => {
      const leader = await this.leader();
      return withChannel(leader.clientUrl, work);
    });
  }

  /** How far every member that is up has applied; undefined while they do not follow one leader. */
  async #applied(): Promise<readonly number[] | undefined> {
    for (const member of this.#members) member.throwIfDead();
    const views = await this.#views();
    const [first] = views;
    if (first === undefined || views.length < this.up.length || first.status.leader === 0n) return undefined;
    if (views.some(({ status }) => status.leader !== first.status.leader)) return undefined;
    return views.map(({ status }) => Number(status.raftAppliedIndex || status.raftIndex));
  }

  async #views(): Promise<{ readonly member: Member; readonly status: StatusResponse }[]> {
    const answers = await Promise.allSettled(
      this.up.map(async (member) => ({ member, status: await member.status() })),
    );
    const views = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
    if (views.length === 0) throw new NotYet("no member answers");
    return views;
  }

  async #make(): Promise<Member> {
    const number = ++this.#made;
    const { program, heartbeatMs = 100 } = this.#options;
    const network = this.#network;
    const url = async (): Promise<string> => `http://${network.host(number)}:${await network.port(number)}`;
    const member = new Member({
      program: programs[program],
      flags: [
        ...["--heartbeat-interval", String(heartbeatMs), "--election-timeout", String(this.electionMs)],
        ...["--snapshot-count", String(this.snapshotCount), "--initial-cluster-token", this.#directory.path],
      ],
      prefix: network.prefix(number),
      number,
      directory: this.#directory.path,
      clientUrl: await url(),
      peerUrl: await url(),
    });
    this.#members.push(member);
    return member;
  }
}

async function listMembers(channel: Channel): Promise<ListedMember[]> {
  return (await channel.unary(ClusterService.method.memberList, { linearizable: true }, CALL)).members;
}
