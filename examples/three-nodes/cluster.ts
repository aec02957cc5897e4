/** Three `kvorum` processes that are one cluster, on free ports of the loopback interface, and who of them leads. */
import { type Client, createClient } from "@kvorum/client";
import { freePorts, NodeProcess } from "../shared/node-process.js";

const NAMES = ["n1", "n2", "n3"];
const STATUS_MS = 500;
const POLL_MS = 20;

/** What a member says of itself; undefined while it does not answer. */
export interface MemberView {
  readonly leads: boolean;
  /** Whether it knows a leader. */
  readonly follows: boolean;
  readonly term: bigint;
  readonly applied: bigint;
}

export class ThreeNodes implements AsyncDisposable {
  readonly nodes: readonly NodeProcess[];
  readonly client: Client;

  private constructor(nodes: readonly NodeProcess[]) {
    this.nodes = nodes;
    this.client = createClient({ endpoints: this.endpoints });
  }

  /** Every member gets the same list of all three; that is all they need to find each other. */
  static async prepare(): Promise<ThreeNodes> {
    const ports = await freePorts(2 * NAMES.length);
    const peerUrl = (i: number): string => `http://127.0.0.1:${ports[NAMES.length + i]}`;
    const initialCluster = NAMES.map((name, i) => `${name}=${peerUrl(i)}`).join(",");
    const nodes = NAMES.map((name, i) => {
      const peer = ["--listen-peer-urls", peerUrl(i), "--initial-advertise-peer-urls", peerUrl(i)];
      return new NodeProcess({
        name,
        port: ports[i] as number,
        flags: [...peer, "--initial-cluster", initialCluster],
      });
    });
    return new ThreeNodes(nodes);
  }

  get endpoints(): readonly string[] {
    return this.nodes.map(({ endpoint }) => endpoint);
  }

  /** Resolves with the milliseconds until all three serve. */
  async start(): Promise<number> {
    return Math.max(...(await Promise.all(this.nodes.map((node) => node.start()))));
  }

  async view(node: NodeProcess): Promise<MemberView | undefined> {
    if (!node.running) return undefined;
    try {
      const { maintenance } = this.client;
      const status = await maintenance.status({ endpoint: node.endpoint, timeout: STATUS_MS, retry: "never" });
      const { leader, raftTerm: term, raftAppliedIndex: applied, header } = status;
      return { leads: leader === header.memberId, follows: leader !== 0n, term, applied };
    } catch {
      return undefined;
    }
  }

  /** The one that leads by its own account; with two accounts (one of them is out of date) the one of the higher term. */
  async leader(): Promise<{ readonly node: NodeProcess; readonly view: MemberView } | undefined> {
    const views = await Promise.all(this.nodes.map(async (node) => ({ node, view: await this.view(node) })));
    return views
      .flatMap(({ node, view }) => (view?.leads ? [{ node, view }] : []))
      .sort((a, b) => Number(b.view.term - a.view.term))[0];
  }

  /** Resolves once the check gives something; rejects after `timeoutMs`. */
  async until<T>(check: () => Promise<T | undefined | false>, what: string, timeoutMs = 20_000): Promise<T> {
    const endMs = performance.now() + timeoutMs;
    for (;;) {
      const found = await check();
      if (found !== undefined && found !== false) return found;
      if (performance.now() > endMs) throw new Error(`${what} did not happen within ${timeoutMs / 1000} s`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    await Promise.all(this.nodes.map((node) => node[Symbol.asyncDispose]()));
  }
}
