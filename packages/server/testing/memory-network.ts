/**
 * The network of members in memory, for whole clusters in one thread: the same seam as `io/peers/grpc-peers.ts` and the
 * same contract, with time from a clock that a test may move by hand and every chance from one seeded source.
 *
 * ```ts
 * const network = new MemoryNetwork({ clock, random });
 * const peers = network.join("http://a");     // one a member; `close()` and `join` again are a restart
 * network.cut(1n, 2n);  network.oneWay(1n, 2n);  network.isolate(3n);  network.heal();
 * ```
 *
 * As on TCP, a member that has gone is noticed at once and a link that loses everything only after a while. Everything
 * that is handed over has been through the wire's codecs, so nothing is shared.
 */
import type { Message } from "../src/core/raft/types.js";
import type { Clock, Random } from "../src/env.js";
import { MemoryPeers } from "./memory-peers.js";

/** What becomes of a message: lost, or on its way for so long. */
export type Fate = "lost" | { readonly delayMs: number };

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
}

export class MemoryNetwork {
  readonly clock: Clock;
  readonly noticeMs: number;
  readonly #options: MemoryNetworkOptions;
  readonly #members = new Map<string, MemoryPeers>();
  /** Directions in which nothing arrives, as `from>to`. */
  readonly #cuts = new Set<string>();
  readonly #isolated = new Set<bigint>();
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

  /** Undoes every cut. */
  heal(): void {
    this.#cuts.clear();
    this.#isolated.clear();
    this.changed();
  }

  /** Whether anything sent now would arrive; an id of undefined is that of a member which has not started. */
  isOpen(from: bigint | undefined, to: bigint | undefined): boolean {
    const isolated = [from, to].some((id) => id !== undefined && this.#isolated.has(id));
    return !isolated && !this.#cuts.has(`${from}>${to}`);
  }

  /** Who listens at the first of these URLs at which anybody does. */
  at(urls: readonly string[]): MemoryPeers | undefined {
    return urls.map((url) => this.#members.get(url)).find((peers) => peers !== undefined);
  }

  leave(peers: MemoryPeers): void {
    for (const url of peers.urls) this.#members.delete(url);
    this.changed();
  }

  /** Who can reach whom may have changed: every member looks at its links. */
  changed(): void {
    for (const peers of new Set(this.#members.values())) peers.review();
  }

  /** How long something takes that is not a Raft message. */
  delayMs(): number {
    const { delayMs = 1, random } = this.#options;
    return typeof delayMs === "number" ? delayMs : delayMs.min + random.int(delayMs.max - delayMs.min + 1);
  }

  fateOf(message: Message): Fate {
    const { fate, lostPerMille = 0, random } = this.#options;
    const told = fate?.(message);
    if (told !== undefined) return told;
    return lostPerMille > 0 && random.int(1000) < lostPerMille ? "lost" : { delayMs: this.delayMs() };
  }
}
