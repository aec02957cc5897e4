/**
 * The network of members in memory, for whole clusters in one thread: the same seam as `io/peers/grpc-peers.ts` and the
 * same contract, with time from a clock that a test may move by hand and every chance from one seeded source.
 *
 * ```ts
 * const network = new MemoryNetwork({ clock, random });
 * const peers = network.join("http://a");     // one a member; `close()` and `join` again are a restart
 * network.cut(1n, 2n);  network.oneWay(1n, 2n);  network.isolate(3n);  network.heal();
 * network.reset(1n, 2n);                      // connections break, and are made again
 * ```
 *
 * As on TCP, a member that has gone is noticed at once and a link that loses everything only after a while. Everything
 * that is handed over has been through the wire's codecs, so nothing is shared.
 */

import { decodeMessage, RaftMessageSchema } from "@kvorum/proto";
import type { Message } from "../core/raft/types.js";
import type { Clock, Random } from "../env.js";
import { admit, handshakeTo } from "../io/peers/handshake.js";
import { toMessage } from "../io/wire/message.js";
import type { MemoryFlow } from "./memory-flow.js";
import { MemoryPeers } from "./memory-peers.js";
import { MemoryRecord, type RecordedMessage } from "./memory-record.js";

/** What becomes of a message: lost, or on its way. */
export type Fate = "lost" | Passage;

export interface Passage {
  readonly delayMs: number;
  /** Others of its class may overtake it, and it them. Default false. */
  readonly unordered?: boolean;
  /** It arrives again so many milliseconds after the first time, once for each; not if it must not (`isRepeatable`). */
  readonly againMs?: readonly number[];
}

/** Something that no undisturbed network does, at the moment in which it has been felt. */
export type NetworkEffect = "duplicate" | "reorder" | "replay" | "reset";

export interface MemoryNetworkOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Milliseconds that a message takes, or a range to draw from; order within a class is kept. Default 1. */
  readonly delayMs?: number | { readonly min: number; readonly max: number };
  /** How many of a thousand Raft messages are lost. Default 0. */
  readonly lostPerMille?: number;
  /** Milliseconds until a member notices that a link is cut. Default 1,000. */
  readonly noticeMs?: number;
  /** A test's own say; undefined leaves the message to chance. */
  readonly fate?: (message: Message) => Fate | undefined;
  /** Milliseconds that a piece of a snapshot takes on top of the usual, for what it weighs. Default none. */
  readonly pieceMs?: (from: bigint, to: bigint, bytes: number) => number;
  readonly onEffect?: (effect: NetworkEffect) => void;
}

export class MemoryNetwork {
  readonly clock: Clock;
  readonly noticeMs: number;
  readonly #options: MemoryNetworkOptions;
  readonly #members = new Map<string, MemoryPeers>();
  /** Directions in which nothing arrives, as `from>to`. */
  readonly #cuts = new Set<string>();
  readonly #isolated = new Set<bigint>();
  /** Snapshots and questions that are on their way. */
  readonly #flows = new Set<MemoryFlow>();
  #record: MemoryRecord | undefined;
  #joined = 0;

  constructor(options: MemoryNetworkOptions) {
    this.clock = options.clock;
    this.noticeMs = options.noticeMs ?? 1000;
    this.#options = options;
  }

  /** A network for one member, reachable at these URLs (default: one of its own) until it is closed. */
  join(...urls: string[]): MemoryPeers {
    this.#joined += 1;
    const own = urls.length > 0 ? urls : [`http://member-${this.#joined}:2380`];
    const taken = own.find((url) => this.#members.has(url));
    if (taken !== undefined) throw new Error(`${taken} is in use`);
    const peers = new MemoryPeers(this, own);
    for (const url of own) this.#members.set(url, peers);
    this.changed();
    return peers;
  }

  /** Nothing passes between the two. */
  cut(a: bigint, b: bigint): void {
    this.#cuts.add(`${a}>${b}`).add(`${b}>${a}`);
    this.changed();
  }

  /** Nothing arrives in this direction; the other one stays open for messages. */
  oneWay(from: bigint, to: bigint): void {
    this.#cuts.add(`${from}>${to}`);
    this.changed();
  }

  /** Nothing passes between the member and anybody. */
  isolate(id: bigint): void {
    this.#isolated.add(id);
    this.changed();
  }

  /** Undoes `isolate` of the one member. */
  rejoin(id: bigint): void {
    this.#isolated.delete(id);
    this.changed();
  }

  /** Undoes every cut. */
  heal(): void {
    this.#cuts.clear();
    this.#isolated.clear();
    this.changed();
  }

  /**
   * Breaks every connection between the two, as a firewall that has lost its memory does: what is on its way in either
   * direction is gone, streams fail in the middle, both are told, and both connect again.
   */
  reset(a: bigint, b: bigint): void {
    let broken = false;
    for (const flow of this.#flows) if (flow.joins(a, b)) broken = flow.break() || broken;
    for (const peers of this.#all()) {
      const id = peers.running?.identity.memberId;
      if (id === a || id === b) broken = peers.reset(id === a ? b : a) || broken;
    }
    if (broken) this.felt("reset");
  }

  opened(flow: MemoryFlow): void {
    this.#flows.add(flow);
  }

  closed(flow: MemoryFlow): void {
    this.#flows.delete(flow);
  }

  /** What is sent from the first call on, for `replay`. */
  keepRecord(): MemoryRecord {
    this.#record ??= new MemoryRecord();
    return this.#record;
  }

  /** Present when one is kept. */
  get record(): MemoryRecord | undefined {
    return this.#record;
  }

  /** A message of the past, out of `record`, arrives: at whoever is there now under the receiver's id, if it lets it in. */
  replay({ sender, to, urls, bytes }: RecordedMessage): void {
    const running = this.at(urls)?.running;
    if (running === undefined || !this.isOpen(sender.identity.memberId, to)) return;
    try {
      admit(handshakeTo(to, sender.identity), running);
    } catch {
      // Nobody is there any more who could be told of the refusal.
      return;
    }
    this.felt("replay");
    running.handlers.receive(toMessage(decodeMessage(RaftMessageSchema, bytes)));
  }

  felt(effect: NetworkEffect): void {
    this.#options.onEffect?.(effect);
  }

  /** Whether anything sent now would arrive; an id of undefined is that of a member which has not started. */
  isOpen(from: bigint | undefined, to: bigint | undefined): boolean {
    // Asked twice for every message, and nearly always of a whole network.
    if (this.#isolated.size === 0 && this.#cuts.size === 0) return true;
    const isolated = [from, to].some((id) => id !== undefined && this.#isolated.has(id));
    return !isolated && !this.#cuts.has(`${from}>${to}`);
  }

  /** Who listens at the first of these URLs at which anybody does. */
  at(urls: readonly string[]): MemoryPeers | undefined {
    for (const url of urls) {
      const peers = this.#members.get(url);
      if (peers !== undefined) return peers;
    }
    return undefined;
  }

  leave(peers: MemoryPeers): void {
    for (const url of peers.urls) this.#members.delete(url);
    this.changed();
  }

  /** Who can reach whom may have changed: every member looks at its links. */
  changed(): void {
    for (const peers of this.#all()) peers.review();
  }

  /** How long something takes that is not a Raft message. */
  delayMs(): number {
    const { delayMs = 1, random } = this.#options;
    return typeof delayMs === "number" ? delayMs : delayMs.min + random.int(delayMs.max - delayMs.min + 1);
  }

  /** The same for a piece of a snapshot. */
  pieceDelayMs(from: bigint, to: bigint, bytes: number): number {
    return this.delayMs() + (this.#options.pieceMs?.(from, to, bytes) ?? 0);
  }

  fateOf(message: Message): Fate {
    const { fate, lostPerMille = 0, random } = this.#options;
    const told = fate?.(message);
    if (told !== undefined) return told;
    return lostPerMille > 0 && random.int(1000) < lostPerMille ? "lost" : { delayMs: this.delayMs() };
  }

  /** Every member once, however many URLs it has. */
  #all(): ReadonlySet<MemoryPeers> {
    return new Set(this.#members.values());
  }
}
