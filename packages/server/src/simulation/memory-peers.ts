/** One member's side of the network in memory: `PeerNetwork` over `MemoryNetwork`. */
import {
  AskRequestSchema,
  AskResponseSchema,
  DescribeResponseSchema,
  decodeMessage,
  encodeMessage,
  RaftMessageSchema,
} from "@kvorum/proto";
import { ServerError } from "../core/errors.js";
import type { Message } from "../core/raft/types.js";
import { admit, handshakeTo, heed, hex, type Running, refusalOf } from "../io/peers/handshake.js";
import { within } from "../io/peers/within.js";
import { toMessage, toRaftMessage } from "../io/wire/message.js";
import {
  questionInit,
  toAnswer,
  toAskResponse,
  toClusterDescription,
  toDescribeResponse,
  toQuestion,
} from "../io/wire/question.js";
import {
  type AnswerTo,
  type ClusterDescription,
  type PeerAddress,
  type PeerAnswer,
  type PeerHandlers,
  type PeerIdentity,
  type PeerNetwork,
  type PeerQuestion,
  PeerUnavailableError,
  type SnapshotBody,
  type SnapshotMessage,
} from "../peer-network.js";
import { MemoryFlow } from "./memory-flow.js";
import { MemoryLink } from "./memory-link.js";
import type { MemoryNetwork } from "./memory-network.js";

/** Something of the other side's that can only be waited for in vain. */
const NEVER: Promise<never> = new Promise(() => {});

export class MemoryPeers implements PeerNetwork {
  readonly urls: readonly string[];
  readonly #network: MemoryNetwork;
  readonly #links = new Map<bigint, MemoryLink>();
  readonly #unknown = new Set<bigint>();
  /** Members whose snapshot arrives here. */
  readonly #snapshotSenders = new Set<bigint>();
  #addresses: readonly PeerAddress[] = [];
  #running: Running | undefined;
  #closed = false;
  readonly #gone: Promise<void>;
  #leave: () => void = () => {};

  constructor(network: MemoryNetwork, urls: readonly string[]) {
    this.#network = network;
    this.urls = urls;
    this.#gone = new Promise((resolve) => {
      this.#leave = resolve;
    });
  }

  /** Undefined before `start` and after `close`. */
  get running(): Running | undefined {
    return this.#closed ? undefined : this.#running;
  }

  start(identity: PeerIdentity, handlers: PeerHandlers): void {
    this.#running = { identity, handlers };
    this.setPeers(this.#addresses);
    this.#network.changed();
  }

  setPeers(peers: readonly PeerAddress[]): void {
    this.#addresses = peers;
    this.#unknown.clear();
    const { running } = this;
    if (running === undefined) return;
    const wanted = new Map(peers.filter(({ id }) => id !== running.identity.memberId).map((peer) => [peer.id, peer]));
    for (const [id, link] of this.#links) {
      if (String(wanted.get(id)?.urls) === String(link.urls)) wanted.delete(id);
      else {
        link.close();
        this.#links.delete(id);
      }
    }
    for (const { id, urls } of wanted.values()) this.#links.set(id, new MemoryLink(this.#network, running, id, urls));
    this.review();
  }

  send(messages: readonly Message[]): void {
    if (this.#closed) return;
    for (const message of messages) {
      const link = this.#links.get(message.to);
      if (link === undefined) this.#reportUnknown(message.to);
      else link.send(message);
    }
  }

  sendSnapshot(message: SnapshotMessage, body: SnapshotBody): void {
    void this.#onFlow(message.to, (flow) => this.#streamSnapshot(message, body, flow))
      .then(
        () => "finished" as const,
        () => "failed" as const,
      )
      .then((result) => {
        body.close();
        this.running?.handlers.snapshotSent(message.to, result);
      });
  }

  ask<Q extends PeerQuestion>(to: bigint, question: Q, timeoutMs: number): Promise<AnswerTo<Q>> {
    const asking = this.#onFlow(to, (flow) => flow.during(this.#ask(to, question))).catch((error) => {
      throw error instanceof ServerError ? new ServerError(error.reason) : unavailable(to, error);
    });
    const bounded = within(asking, timeoutMs, this.#network.clock, "no answer came");
    return bounded.catch((error) => {
      throw error instanceof ServerError || error instanceof PeerUnavailableError ? error : unavailable(to, error);
    }) as Promise<AnswerTo<Q>>;
  }

  async discover(urls: readonly string[], timeoutMs: number): Promise<ClusterDescription | undefined> {
    for (const url of urls) {
      const target = this.#network.at([url]);
      await this.#travel();
      const { running } = target ?? {};
      if (running === undefined) continue;
      if (this.#network.isOpen(this.running?.identity.memberId, running.identity.memberId)) {
        const told = toDescribeResponse(running.handlers.describe());
        await this.#travel();
        const bytes = encodeMessage(DescribeResponseSchema, told);
        return toClusterDescription(decodeMessage(DescribeResponseSchema, bytes));
      }
      await this.#sleep(timeoutMs / urls.length);
    }
    return undefined;
  }

  connectedSince(id: bigint): number | undefined {
    return this.#links.get(id)?.connectedSince;
  }

  /** The member is gone, from one moment to the next. Idempotent. */
  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#leave();
      for (const link of this.#links.values()) link.close();
      this.#links.clear();
      this.#network.leave(this);
    }
    return Promise.resolve();
  }

  /** Who can be reached may have changed. */
  review(): void {
    for (const link of this.#links.values()) link.review();
  }

  /** Breaks the connection to the member, if one stands; whether one did. */
  reset(id: bigint): boolean {
    return this.#links.get(id)?.reset() ?? false;
  }

  /** A snapshot from a member that is let in; resolves as its handler does. */
  async receiveSnapshot(message: SnapshotMessage, body: SnapshotBody, running: Running): Promise<void> {
    if (this.#snapshotSenders.has(message.from)) throw new Error("a snapshot arrives already");
    this.#snapshotSenders.add(message.from);
    try {
      await running.handlers.receiveSnapshot(message, body);
    } finally {
      this.#snapshotSenders.delete(message.from);
    }
  }

  /** Does work that ends when the connections to the member are reset. */
  async #onFlow<T>(to: bigint, work: (flow: MemoryFlow) => Promise<T>): Promise<T> {
    const from = this.#running?.identity.memberId;
    if (from === undefined) throw new Error("this member has not started");
    const flow = new MemoryFlow(from, to);
    this.#network.opened(flow);
    try {
      return await work(flow);
    } finally {
      this.#network.closed(flow);
    }
  }

  async #streamSnapshot(message: SnapshotMessage, body: SnapshotBody, flow: MemoryFlow): Promise<void> {
    const { target, theirs, alive } = await this.#reach(message.to);
    flow.check();
    const carried = { bytes: body.bytes, pieces: this.#carry(message, body, alive, flow), close() {} };
    // A process that dies says nothing more; its connections end all the same.
    await flow.during(Promise.race([target.receiveSnapshot(copied(message), carried, theirs), target.#gone]));
    if (!alive()) throw new Error("the connection broke before the answer");
    await flow.during(this.#travel());
  }

  async *#carry(
    { from, to }: SnapshotMessage,
    { bytes, pieces }: SnapshotBody,
    alive: () => boolean,
    flow: MemoryFlow,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    let offset = 0;
    for await (const piece of pieces) {
      await this.#sleep(this.#network.pieceDelayMs(from, to, piece.length));
      flow.check();
      if (!alive()) {
        await this.#sleep(this.#network.noticeMs);
        throw new Error(`the connection broke after ${offset} of ${bytes} bytes`);
      }
      offset += piece.length;
      if (offset > bytes) break;
      yield piece.slice();
    }
    flow.check();
    if (offset !== bytes) throw new Error(`the snapshot has ${offset} bytes instead of ${bytes}`);
  }

  async #ask(to: bigint, question: PeerQuestion): Promise<PeerAnswer> {
    const { theirs, alive } = await this.#reach(to);
    const request = encodeMessage(AskRequestSchema, { question: questionInit(question) });
    const answer = await theirs.handlers.answer(toQuestion(decodeMessage(AskRequestSchema, request).question));
    await this.#travel();
    if (!alive()) return NEVER;
    return toAnswer(decodeMessage(AskResponseSchema, encodeMessage(AskResponseSchema, toAskResponse(answer))));
  }

  /** One way to the member, where the handshake is checked. Errors: it is not there, or does not let this one in. */
  async #reach(to: bigint): Promise<{ target: MemoryPeers; theirs: Running; alive: () => boolean }> {
    const [link, own] = [this.#links.get(to), this.running];
    const target = link && this.#network.at(link.urls);
    if (own === undefined || target === undefined) throw new Error("nobody is there");
    const alive = (): boolean =>
      !this.#closed &&
      target.running !== undefined &&
      this.#network.isOpen(own.identity.memberId, to) &&
      this.#network.isOpen(to, own.identity.memberId);
    await this.#travel();
    const theirs = target.running;
    if (theirs === undefined) throw new Error("the member has not started yet");
    if (!alive()) {
      await this.#sleep(this.#network.noticeMs);
      throw new Error("the connection broke");
    }
    try {
      admit(handshakeTo(to, own.identity), theirs);
    } catch (error) {
      heed(refusalOf(error), own.handlers);
      throw error;
    }
    return { target, theirs, alive };
  }

  #reportUnknown(id: bigint): void {
    if (this.#unknown.has(id)) return;
    this.#unknown.add(id);
    queueMicrotask(() => this.running?.handlers.unreachable(id));
  }

  #travel(): Promise<void> {
    return this.#sleep(this.#network.delayMs());
  }

  #sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#network.clock.setTimer(delayMs, resolve);
    });
  }
}

/** What arrives of a message: the same nouns, nothing shared. */
function copied<M extends Message>(message: M): M {
  return toMessage(decodeMessage(RaftMessageSchema, encodeMessage(RaftMessageSchema, toRaftMessage(message)))) as M;
}

function unavailable(id: bigint, cause: unknown): PeerUnavailableError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new PeerUnavailableError(`member ${hex(id)} gave no answer: ${reason}`, { cause });
}
