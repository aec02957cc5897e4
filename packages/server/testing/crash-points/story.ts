/** A story: some work of a small cluster, always the same, whose every step may be the last. And what a story may do. */
import type { Command } from "../../src/core/apply/command.js";
import { ServerError } from "../../src/core/errors.js";
import type { DeleteRangeOperation, TxnOperation } from "../../src/core/mvcc/operations.js";
import type { EtcdNode } from "../../src/node/node.js";
import type { NodeOptions } from "../../src/node/options.js";
import type { MemberRequest } from "../../src/peer-network.js";
import { initialMember, put } from "../node-cluster.js";
import type { ClientWrite, PromiseBook } from "./promises.js";
import type { Stage } from "./stage.js";

export interface Story {
  readonly name: string;
  /** What is at stake in it. */
  readonly about: string;
  /** Members that found the cluster, `n1` and so on. */
  readonly members: number;
  readonly settings: Partial<NodeOptions>;
  play(work: Work): Promise<void>;
}

const encoder = new TextEncoder();

/** Does things on a stage and keeps book of what was asked and answered. */
export class Work {
  readonly stage: Stage;
  readonly #book: PromiseBook;
  readonly #leased: Set<string> = new Set();

  constructor(stage: Stage, book: PromiseBook) {
    this.stage = stage;
    this.#book = book;
  }

  get leader(): EtcdNode {
    if (this.stage.leader === undefined) throw new Error("nobody leads");
    return this.stage.leader;
  }

  /** A member that runs and does not lead. */
  get follower(): EtcdNode {
    const follower = this.stage.nodes.find((node) => node !== this.leader);
    if (follower === undefined) throw new Error("nobody follows");
    return follower;
  }

  nameOf(node: EtcdNode): string {
    const machine = [...this.stage.machines.values()].find(({ life }) => life?.node === node);
    if (machine === undefined) throw new Error("that member does not run");
    return machine.name;
  }

  /** Starts all founders and waits until they serve. */
  async found(): Promise<void> {
    const names = this.stage.initialCluster.map(({ name }) => name);
    for (const name of names) this.stage.place(name);
    await this.stage.within(Promise.all(names.map((name) => this.stage.boot(name))));
    await this.served();
  }

  /** Every member that runs is ready. */
  async served(): Promise<void> {
    await this.stage.within(Promise.all(this.stage.nodes.map(({ ready }) => ready)));
  }

  async put(key: string, value: string, lease = 0n): Promise<void> {
    const write = this.#asked(key, value);
    if (lease !== 0n) this.#leased.add(key);
    write.revision = (await this.stage.within(this.leader.propose(put(key, value, lease)))).revision;
  }

  /** All at once, so that they share flushes. */
  async putAll(keys: readonly string[], value: string): Promise<void> {
    const { leader } = this;
    await this.stage.within(
      Promise.all(
        keys.map(async (key) => {
          const write = this.#asked(key, value);
          write.revision = (await leader.propose(put(key, value))).revision;
        }),
      ),
    );
  }

  async remove(key: string): Promise<void> {
    const write = this.#asked(key, undefined);
    const none = new Uint8Array(0);
    const operation: DeleteRangeOperation = {
      kind: "delete-range",
      key: encoder.encode(key),
      rangeEnd: none,
      prevKv: false,
    };
    write.revision = (await this.stage.within(this.leader.propose(operation))).revision;
  }

  /** A transaction that may delete the one key and may put the other. */
  async transaction(deleted: string, written: string, operation: TxnOperation): Promise<void> {
    // Asked for and never answered, as far as single keys are concerned: the replay of the story judges it.
    this.#asked(deleted, undefined);
    this.#asked(written, undefined);
    await this.ask(operation);
  }

  /** Waits until a member has applied everything that the leader has. */
  async caughtUp(name: string): Promise<void> {
    const done = (): boolean =>
      this.stage.node(name).raftStatus.appliedIndex === this.stage.leader?.raftStatus.lastIndex;
    await this.stage.until(done, `${name} to have caught up`);
  }

  async ask<C extends Command>(command: C): Promise<void> {
    // A lease takes its keys along, and a compaction hides them: asked for, and judged by the replay.
    if (command.kind === "lease-revoke") for (const key of this.#leased) this.#asked(key, undefined);
    await this.stage.within(this.leader.propose(command));
  }

  /** Asks until the members are healthy enough for it. */
  async change(request: MemberRequest): Promise<void> {
    for (let tries = 0; ; tries++) {
      try {
        await this.stage.within(this.leader.changeMembers(request));
        return;
      } catch (error) {
        if (!(error instanceof ServerError) || tries === 20) throw error;
        await this.pass(500);
      }
    }
  }

  /** Adds a member and starts it on a new machine. */
  async join(name: string, isLearner: boolean): Promise<void> {
    const running = this.stage.nodes.map((node) => initialMember(this.nameOf(node)));
    const newcomer = initialMember(name);
    await this.change({ kind: "add", peerUrls: newcomer.peerUrls, isLearner });
    this.stage.place(name, undefined, [...running, newcomer]);
    await this.stage.within(this.stage.boot(name));
    await this.served();
  }

  /** Removes a member, which ends. */
  async leave(node: EtcdNode): Promise<void> {
    const name = this.nameOf(node);
    this.#book.removed.add(name);
    await this.change({ kind: "remove", id: node.header.memberId });
    await this.pass(200);
    await this.stage.losePower(name);
    this.stage.machines.delete(name);
  }

  async pass(ms: number): Promise<void> {
    await this.stage.clock.advance(ms);
  }

  #asked(key: string, value: string | undefined): ClientWrite {
    const write: ClientWrite = { key, value, revision: undefined };
    this.#book.writes.push(write);
    return write;
  }
}
