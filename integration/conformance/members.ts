/** A cluster of processes for the steps that need one: its members by their number, each with a probe. */
import { Cluster as ClusterService, Maintenance } from "@kvorum/proto";
import type { TestServer } from "../support/etcd.js";
import type { Caller } from "./evidence.js";
import { Probe } from "./probe.js";
import { Transcript } from "./transcript.js";

/** Starts one member; flags that come later win over its own. */
export type Start = (flags: readonly string[]) => Promise<TestServer>;

export interface Step {
  readonly name: string;
  readonly run: (cluster: Cluster) => Promise<void>;
  /** Why the answers are not those of etcd 3.4.23, where they are not. */
  readonly differs?: string;
}

interface Member {
  readonly name: string;
  readonly peerUrl: string;
  readonly server: TestServer;
  readonly channel: Caller;
  readonly close: () => Promise<void>;
}

type Connect = (server: TestServer) => Pick<Member, "channel" | "close">;

export class Cluster {
  readonly #start: Start;
  readonly #connect: Connect;
  readonly #freePort: () => Promise<number>;
  readonly #members: Member[] = [];
  #transcript = new Transcript("");

  constructor(start: Start, connect: Connect, freePort: () => Promise<number>) {
    this.#start = start;
    this.#connect = connect;
    this.#freePort = freePort;
  }

  async start(size: number): Promise<void> {
    const urls = await Promise.all(Array.from({ length: size }, () => this.freeUrl()));
    const list = urls.map((url, i) => `n${i}=${url}`).join();
    const members = await Promise.all(urls.map((url, i) => this.#open(`n${i}`, url, list, "new")));
    this.#members.push(...members);
  }

  /** Starts the member that was added last, under the address that it was added with. */
  async join(peerUrl: string): Promise<void> {
    const name = `n${this.#members.length}`;
    const list = [...this.#members, { name, peerUrl }].map((one) => `${one.name}=${one.peerUrl}`).join();
    this.#members.push(await this.#open(name, peerUrl, list, "existing"));
  }

  async freeUrl(): Promise<string> {
    return `http://127.0.0.1:${await this.#freePort()}`;
  }

  get transcript(): Transcript {
    return this.#transcript;
  }

  /** The hands of a member's client. */
  at(number: number): Probe {
    const member = this.#members[number];
    if (member === undefined) throw new Error(`there is no member ${number}`);
    return new Probe(member.channel, "", new Map(), this.#transcript);
  }

  /** The leader's number, once all that are given agree on one. */
  async leader(members: readonly number[]): Promise<number> {
    const end = performance.now() + 20_000;
    while (performance.now() < end) {
      const ids = await Promise.all(members.map((i) => this.idOf(i).catch(() => 0n)));
      const leads = await Promise.all(members.map((i) => this.#leadSeenBy(i).catch(() => 0n)));
      const found = ids.indexOf(leads[0] ?? 0n);
      if (found >= 0 && new Set(leads).size === 1) return members[found] ?? 0;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error("no leader within 20 s");
  }

  async idOf(number: number): Promise<bigint> {
    return (await this.#status(number)).header?.memberId ?? 0n;
  }

  async stop(number: number): Promise<void> {
    await this.#members[number]?.server.process.stop("SIGKILL");
  }

  async memberCount(number: number): Promise<number> {
    const channel = this.#channel(number);
    return (await channel.unary(ClusterService.method.memberList, {}, { timeoutMs: 10_000 })).members.length;
  }

  async transcriptOf(run: Step["run"]): Promise<readonly string[]> {
    this.#transcript = new Transcript("");
    await run(this);
    return this.#transcript.lines;
  }

  async close(): Promise<void> {
    for (const member of this.#members) {
      await member.close();
      await member.server.stop();
    }
  }

  async #open(name: string, peerUrl: string, list: string, state: "new" | "existing"): Promise<Member> {
    const server = await this.#start([
      ...["--name", name, "--listen-peer-urls", peerUrl, "--initial-advertise-peer-urls", peerUrl],
      ...["--initial-cluster", list, "--initial-cluster-state", state],
    ]);
    return { name, peerUrl, server, ...this.#connect(server) };
  }

  #channel(number: number): Caller {
    const member = this.#members[number];
    if (member === undefined) throw new Error(`there is no member ${number}`);
    return member.channel;
  }

  #status(number: number) {
    return this.#channel(number).unary(Maintenance.method.status, {}, { timeoutMs: 5_000 });
  }

  async #leadSeenBy(number: number): Promise<bigint> {
    return (await this.#status(number)).leader;
  }
}
