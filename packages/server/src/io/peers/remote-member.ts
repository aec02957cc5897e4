/**
 * Another member as this one reaches it: a link a class of traffic, a channel for questions, and what is known of its
 * health. The control link speaks for the member: it carries little, so its pings are answered in time, and when it
 * breaks the other connections are taken for dead too.
 */
import { Peer, type PeerHandshake } from "@kvorum/proto";
import type { Channel } from "@kvorum/transport";
import type { Message } from "../../core/raft/types.js";
import type { Clock, Logger, Random } from "../../env.js";
import type { Amount } from "../../measures/measure-set.js";
import type { PeerMeasures } from "../../measures/peer-measures.js";
import type { PeerAddress } from "../../peer-network.js";
import type { KeepAlive, PeerBounds } from "./bounds.js";
import { type DialOptions, dial } from "./dial.js";
import { handshakeTo, heed, hex, type Refusal, type Running } from "./handshake.js";
import { PeerLink } from "./link.js";
import { type TrafficClass, trafficClass } from "./traffic.js";

/** Milliseconds until a probe is given up. */
const PROBE_TIMEOUT_MS = 3000;

export interface RemoteMemberOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly bounds: PeerBounds;
  readonly channel: DialOptions["channel"];
  readonly tls: DialOptions["tls"];
  readonly running: Running;
  readonly measures: PeerMeasures;
}

export class RemoteMember {
  readonly id: bigint;
  readonly urls: readonly string[];
  readonly #options: RemoteMemberOptions;
  readonly #links: Readonly<Record<TrafficClass, PeerLink>>;
  readonly #closing = new AbortController();
  #connectedSince: number | undefined;
  /** One incident is reported once; it is over when a connection stands again. */
  #lossReported = false;
  /** Why it could not be reached, each told once until it is reached again. */
  readonly #logged = new Set<Refusal | "unreachable">();
  #questions: Promise<Channel> | undefined;

  constructor(address: PeerAddress, options: RemoteMemberOptions) {
    this.id = address.id;
    this.urls = address.urls;
    this.#options = options;
    const { controlKeepAlive, bulkKeepAlive } = options.bounds;
    this.#links = { control: this.#link("control", controlKeepAlive), append: this.#link("append", bulkKeepAlive) };
  }

  /** Since when the control stream stands without interruption; undefined when it does not. */
  get connectedSince(): number | undefined {
    return this.#connectedSince;
  }

  push(message: Message): void {
    const which = trafficClass(message);
    if (which !== undefined) this.#links[which].push(message);
  }

  flush(): void {
    this.#links.control.flush();
    this.#links.append.flush();
  }

  /** The member has connected to this one, so it can be reached. */
  heard(): void {
    this.#links.control.nudge();
    this.#links.append.nudge();
  }

  /** A fresh connection to the first address that answers, for a use of its own. */
  async dial(keepAlive: KeepAlive, signal: AbortSignal): Promise<Channel> {
    let failure: unknown = new Error(`member ${hex(this.id)} has no address`);
    for (const url of this.urls) {
      try {
        return await this.#dial(url, keepAlive, signal);
      } catch (error) {
        failure = error;
        signal.throwIfAborted();
      }
    }
    throw failure;
  }

  /** The connection for questions, opened by the first one. */
  questions(): Promise<Channel> {
    this.#questions ??= this.#openQuestions();
    return this.#questions;
  }

  /**
   * Measures the way there and back by a question, if the member is connected. One that fails tells nothing: the control
   * link knows better whether the member is there.
   */
  async probe(): Promise<void> {
    const { clock, measures } = this.#options;
    if (this.#connectedSince === undefined) return;
    try {
      const channel = await this.questions();
      const startMs = clock.nowMs();
      await channel.unary(Peer.method.describe, {}, { timeoutMs: PROBE_TIMEOUT_MS, signal: this.#closing.signal });
      measures.roundTrip.of(hex(this.id)).observe((clock.nowMs() - startMs) / 1000);
    } catch {
      this.forgetQuestions();
    }
  }

  /** The next question opens a connection of its own; calls that still run on this one end. */
  forgetQuestions(): void {
    const questions = this.#questions;
    this.#questions = undefined;
    // A connection that was never opened needs no closing, and its failure was told to whoever asked.
    questions?.then((channel) => channel.close()).catch(() => {});
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error(`member ${hex(this.id)} is not connected to any more`));
    this.forgetQuestions();
    if (this.#connectedSince !== undefined) this.#active().set(0);
    this.#connectedSince = undefined;
    await Promise.all([this.#links.control.close(), this.#links.append.close()]);
  }

  #link(which: TrafficClass, keepAlive: KeepAlive): PeerLink {
    const { clock, random, bounds, running, measures } = this.#options;
    const member = hex(this.id);
    const sentBytes = measures.sentBytes.of(member);
    const handshake = (): PeerHandshake => handshakeTo(this.id, running.identity);
    const dialUrl = (url: string, { signal }: Pick<DialOptions, "signal">): Promise<Channel> =>
      this.#dial(url, keepAlive, signal);
    return new PeerLink(
      { clock, random, bounds, urls: this.urls, handshake, dial: dialUrl },
      {
        sent: (bytes) => sentBytes.add(bytes),
        failedToSend: (messages) => measures.sentFailures.of(member).add(messages),
        up: () => this.#up(which),
        down: () => this.#down(which),
        lost: () => this.#lost(),
        recovered: () => {
          this.#lossReported = false;
        },
        failed: (url, error, refusal) => this.#failed(url, error, refusal),
      },
    );
  }

  #dial(url: string, keepAlive: KeepAlive, signal: AbortSignal): Promise<Channel> {
    const { channel, tls, bounds } = this.#options;
    const { connectTimeoutMs, receiveBytesMax } = bounds;
    return dial(url, { channel, tls, connectTimeoutMs, receiveBytesMax, keepAlive, signal });
  }

  #openQuestions(): Promise<Channel> {
    const opening = this.dial(this.#options.bounds.controlKeepAlive, this.#closing.signal);
    opening.catch(() => {
      if (this.#questions === opening) this.#questions = undefined;
    });
    return opening;
  }

  #up(which: TrafficClass): void {
    this.#lossReported = false;
    this.#logged.clear();
    if (which !== "control") return;
    this.#connectedSince = this.#options.clock.nowMs();
    this.#active().set(1);
  }

  #down(which: TrafficClass): void {
    this.#lost();
    if (which !== "control") return;
    this.#connectedSince = undefined;
    this.#active().set(0);
    const { measures, running } = this.#options;
    measures.disconnections.of(hex(running.identity.memberId), hex(this.id)).add();
    this.#links.append.reset();
    this.forgetQuestions();
  }

  #active(): Amount {
    const { measures, running } = this.#options;
    return measures.activePeers.of(hex(running.identity.memberId), hex(this.id));
  }

  /** Told a moment later: the node may be in the middle of sending. */
  #lost(): void {
    if (this.#lossReported) return;
    this.#lossReported = true;
    queueMicrotask(() => {
      if (!this.#closing.signal.aborted) this.#options.running.handlers.unreachable(this.id);
    });
  }

  #failed(url: string, error: unknown, refusal: Refusal | undefined): void {
    const what = refusal ?? "unreachable";
    if (this.#logged.has(what)) return;
    this.#logged.add(what);
    heed(refusal, this.#options.running.handlers);
    const fields = { member: hex(this.id), url, reason: error instanceof Error ? error.message : String(error) };
    if (refusal === undefined || refusal === "not-ready") {
      this.#options.logger.info(fields, "a member cannot be reached yet");
    } else {
      this.#options.logger.warn(fields, "a member refuses to talk to this one");
    }
  }
}
