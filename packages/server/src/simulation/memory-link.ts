/**
 * From one member to another, in memory. The link is up or down as a connection would be; it decides what the member is
 * told. Whether a message arrives is decided for each message, when it is sent and when it would arrive.
 */
import { decodeMessage, encodeMessage, type PeerHandshake, RaftMessageSchema } from "@kvorum/proto";
import type { Message } from "../core/raft/types.js";
import type { Timer } from "../env.js";
import { admit, handshakeTo, heed, type Running, refusalOf } from "../io/peers/handshake.js";
import { type TrafficClass, trafficClass } from "../io/peers/traffic.js";
import { toMessage, toRaftMessage } from "../io/wire/message.js";
import type { MemoryNetwork } from "./memory-network.js";
import type { MemoryPeers } from "./memory-peers.js";
import { isRepeatable } from "./memory-record.js";

const REFUSED_RETRY_MS = 1000;

/** A message on its way. */
interface Sent {
  readonly bytes: Uint8Array;
  readonly which: TrafficClass;
  /** Its place among all that this link has sent. */
  readonly sequence: number;
  /** What the link's count of resets was. */
  readonly resets: number;
}

export class MemoryLink {
  readonly urls: readonly string[];
  readonly #network: MemoryNetwork;
  readonly #own: Running;
  readonly #to: bigint;
  readonly #lastDueMs: Record<TrafficClass, number> = { control: 0, append: 0 };
  readonly #newestArrived: Record<TrafficClass, number> = { control: 0, append: 0 };
  #sent = 0;
  #resets = 0;
  /** Whom the link is connected to. */
  #target: MemoryPeers | undefined;
  #connectedSince: number | undefined;
  #change: { readonly kind: "connect" | "notice"; readonly timer: Timer } | undefined;
  #lossReported = false;
  #closed = false;
  /** The newest one that was shown: every message asks whether it would still be let in. */
  #handshake: PeerHandshake | undefined;

  constructor(network: MemoryNetwork, own: Running, to: bigint, urls: readonly string[]) {
    this.#network = network;
    this.#own = own;
    this.#to = to;
    this.urls = urls;
  }

  get connectedSince(): number | undefined {
    return this.#connectedSince;
  }

  send(message: Message): void {
    const which = trafficClass(message);
    if (which === undefined) return;
    const fate = this.#network.fateOf(message);
    const here = this.#own.identity.memberId;
    const arrives = this.#network.at(this.urls)?.running !== undefined && this.#network.isOpen(here, this.#to);
    if (!arrives && this.#target === undefined) this.#lost();
    if (!arrives || fate === "lost") return;
    const { clock, record } = this.#network;
    const nowMs = clock.nowMs();
    let dueMs = nowMs + fate.delayMs;
    if (fate.unordered !== true) {
      dueMs = Math.max(dueMs, this.#lastDueMs[which]);
      this.#lastDueMs[which] = dueMs;
    }
    const bytes = encodeMessage(RaftMessageSchema, toRaftMessage(message));
    const sent: Sent = { bytes, which, sequence: ++this.#sent, resets: this.#resets };
    clock.setTimer(dueMs - nowMs, () => this.#arrive(sent));
    if ((record === undefined && fate.againMs === undefined) || !isRepeatable(message)) return;
    for (const lagMs of fate.againMs ?? []) clock.setTimer(dueMs - nowMs + lagMs, () => this.#arriveAgain(sent));
    record?.note({ sender: this.#own, to: this.#to, urls: this.urls, type: message.type, bytes });
  }

  /** Who can be reached may have changed: connects, or notices the end of a connection, some time from now. */
  review(): void {
    const target = this.#reachable();
    const kind = this.#target === undefined ? "connect" : "notice";
    if (this.#closed || target === this.#target) {
      this.#cancelChange();
    } else if (this.#change?.kind !== kind && (kind === "notice" || target !== undefined)) {
      this.#cancelChange();
      const travelMs = 2 * this.#network.delayMs();
      // A process that has gone closes its connections; a cut says nothing.
      const gone = this.#target !== undefined && this.#target.running === undefined;
      const waitMs = kind === "connect" || gone ? travelMs : this.#network.noticeMs;
      const timer = this.#network.clock.setTimer(waitMs, () => this.#changed());
      this.#change = { kind, timer };
    }
  }

  /** Loses what is on its way and the connection, if there was one; whether there was. */
  reset(): boolean {
    this.#resets += 1;
    this.#lastDueMs.control = 0;
    this.#lastDueMs.append = 0;
    if (this.#target === undefined) return false;
    this.#disconnected();
    return true;
  }

  close(): void {
    this.#closed = true;
    this.#connectedSince = undefined;
    this.#cancelChange();
  }

  #changed(): void {
    this.#change = undefined;
    const target = this.#reachable();
    if (target === this.#target) return;
    if (this.#target !== undefined) this.#disconnected();
    else if (target?.running !== undefined) {
      if (!this.#admitted(target.running)) {
        this.#tryAgain();
        return;
      }
      this.#target = target;
      this.#connectedSince = this.#network.clock.nowMs();
      this.#lossReported = false;
      const { memberId, peerUrls } = this.#own.identity;
      target.running.handlers.met({ id: memberId, urls: peerUrls });
    }
  }

  #disconnected(): void {
    this.#target = undefined;
    this.#connectedSince = undefined;
    this.#lost();
    this.#cancelChange();
    this.review();
  }

  /** Whoever refuses may think otherwise later. */
  #tryAgain(): void {
    const timer = this.#network.clock.setTimer(REFUSED_RETRY_MS, () => this.#changed());
    this.#change = { kind: "connect", timer };
  }

  #arrive(sent: Sent): void {
    if (!this.#deliver(sent)) return;
    const { which, sequence } = sent;
    if (sequence < this.#newestArrived[which]) this.#network.felt("reorder");
    else this.#newestArrived[which] = sequence;
  }

  #arriveAgain(sent: Sent): void {
    if (this.#deliver(sent)) this.#network.felt("duplicate");
  }

  /** Whether the message was taken. */
  #deliver({ bytes, resets }: Sent): boolean {
    const running = this.#network.at(this.urls)?.running;
    if (this.#closed || running === undefined || resets !== this.#resets) return false;
    if (!this.#network.isOpen(this.#own.identity.memberId, this.#to) || !this.#admitted(running)) return false;
    running.handlers.receive(toMessage(decodeMessage(RaftMessageSchema, bytes)));
    return true;
  }

  #reachable(): MemoryPeers | undefined {
    const here = this.#own.identity.memberId;
    const target = this.#network.at(this.urls);
    const open = this.#network.isOpen(here, this.#to) && this.#network.isOpen(this.#to, here);
    return open && target?.running !== undefined ? target : undefined;
  }

  #admitted(theirs: Running): boolean {
    try {
      if (this.#handshake?.new !== this.#own.identity.isNew()) {
        this.#handshake = handshakeTo(this.#to, this.#own.identity);
      }
      admit(this.#handshake, theirs);
      return true;
    } catch (error) {
      this.#target = undefined;
      this.#connectedSince = undefined;
      this.#lost();
      heed(refusalOf(error), this.#own.handlers);
      return false;
    }
  }

  #lost(): void {
    if (this.#lossReported) return;
    this.#lossReported = true;
    queueMicrotask(() => {
      if (!this.#closed) this.#own.handlers.unreachable(this.#to);
    });
  }

  #cancelChange(): void {
    this.#change?.timer.cancel();
    this.#change = undefined;
  }
}
