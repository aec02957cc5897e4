/**
 * A member's machine before it runs: its disk, its backend, and other members that answer when they are asked for their
 * cluster. For tests of how a member learns who it is.
 */
import type { InitialMember } from "../src/config/initial-cluster.js";
import type { ConfChange, Member } from "../src/core/apply/command.js";
import { Membership } from "../src/core/apply/membership.js";
import { WriteBuffer } from "../src/core/mvcc/write-buffer.js";
import type { Entry } from "../src/core/raft/types.js";
import { MemoryBackend, MemoryStore } from "../src/io/backend/memory-backend.js";
import { MemoryDisk, type MemoryDiskOptions } from "../src/io/disk/memory-disk.js";
import { type NodeOptions, nodeConfig } from "../src/node/options.js";
import { type RecoveredMember, recoverMember } from "../src/node/recovery.js";
import type { ClusterDescription } from "../src/peer-network.js";
import { testEnv } from "./test-env.js";

export const THREE: readonly InitialMember[] = ["n1", "n2", "n3"].map((name) => ({ name, peerUrls: [peerUrl(name)] }));

export function peerUrl(name: string): string {
  return `http://${name}:2380`;
}

export function memberOf(id: bigint, name: string, peerUrls: readonly string[]): Member {
  return { id, name, peerUrls, clientUrls: [], isLearner: false };
}

export class RecoveredMachine {
  readonly disk: MemoryDisk;
  readonly store: MemoryStore = new MemoryStore();
  /** Who answers under which peer URL; changed by a test between or during starts. */
  readonly neighbours: Map<string, ClusterDescription> = new Map();
  /** Every URL that was asked. */
  readonly asked: string[] = [];
  /** Milliseconds that the last start took by the machine's clock. */
  tookMs = 0;
  readonly #settings: Partial<NodeOptions>;

  constructor(settings: Partial<NodeOptions> = {}, disk: MemoryDiskOptions = {}) {
    this.#settings = settings;
    this.disk = new MemoryDisk(disk);
  }

  /** Until the member is recovered or refused; the clock runs meanwhile, and `onAsk` sees every round of questions. */
  async recover(settings: Partial<NodeOptions> = {}, onAsk: () => void = () => {}): Promise<RecoveredMember> {
    const env = testEnv({ disk: this.disk });
    const discover = async (urls: readonly string[]): Promise<ClusterDescription | undefined> => {
      onAsk();
      this.asked.push(...urls);
      return urls.map((url) => this.neighbours.get(url)).find((answer) => answer !== undefined);
    };
    const options: NodeOptions = {
      env: { ...env, peers: { ...env.peers, discover } },
      backend: new MemoryBackend(this.store),
      walDirectory: "/wal",
      snapshotDirectory: "/snapshots",
      name: "n1",
      clientUrls: [],
      peerUrls: [peerUrl("n1")],
      ...this.#settings,
      ...settings,
    };
    let settled = false;
    const recovered = recoverMember(options, nodeConfig(options)).finally(() => {
      settled = true;
    });
    recovered.catch(() => {});
    await env.clock.settle();
    while (!settled) await env.clock.advance(50);
    this.tookMs = env.clock.nowMs();
    return recovered;
  }

  /** What a refused start says. */
  async refusal(settings: Partial<NodeOptions> = {}): Promise<string> {
    const outcome = await this.recover(settings).catch((error: unknown) => error);
    if (outcome instanceof Error) return outcome.message;
    throw new Error("the member was not refused");
  }

  /** A life that ends before it was heard of. */
  async visit(settings: Partial<NodeOptions> = {}): Promise<RecoveredMember["identity"]> {
    const { wal, identity } = await this.recover(settings);
    await wal.close();
    return identity;
  }

  /** Brings changes into the backend as if they had been applied. The log must have as many entries. */
  applyChanges(index: number, changes: readonly ConfChange[]): void {
    const backend = new MemoryBackend(this.store);
    const buffer = new WriteBuffer(backend);
    const membership = new Membership(buffer);
    for (const change of changes) {
      membership.apply(change);
      if (change.type !== "remove") membership.publish(change.member.id, change.member.name, []);
    }
    backend.commit(buffer.take(), { index, term: 1, confState: membership.confState });
  }
}

/** Entries that are committed and not applied yet, as the driver gets them. */
export function committedEntries({ raft }: RecoveredMember): readonly Entry[] {
  return raft.ready().apply?.entries ?? [];
}
