/**
 * The network of members over gRPC. Read on with `remote-member.ts` and `link.ts` for what goes out, `peer-service.ts`
 * for what comes in, `handshake.ts` for who is listened to, `bounds.ts` for the numbers.
 *
 * Each member opens its own streams to each other member: one for control messages, one for the log, and one for each
 * snapshot, every one on a TCP connection of its own, because on a shared one a heartbeat would wait behind megabytes.
 * Frames go from the opener to the other side only.
 *
 * How fast a cut is noticed and a healed one used, which after a partition decides when writes are taken again:
 * - A link that loses packets silently gives no error. TCP would repeat for minutes, each time twice as late, so a
 *   partition of 30 s could be over for 30 s before the next packet is tried. Pings of HTTP/2 on the control connection
 *   end it: one every 500 ms, to be answered within 1 s, so it is given up after 1.5 s at most. That is short for a
 *   stalled event loop, and a false alarm costs a reconnection only. A shorter cut is mended by TCP itself, whose
 *   retransmissions are at most as far apart as the cut was long.
 * - The log's connection may have megabytes before the answer to a ping, so its own pings are patient, and it is replaced
 *   when the control connection breaks.
 * - Then connections are attempted without pause between two: the SYN of an attempt into the void is given up after
 *   750 ms, and the pause after a failure counts from its start. So a healed link is tried within 750 ms; and the side that
 *   comes through first wakes the other (`heard`).
 * - An address that refuses (a process that restarts) is tried every 500 ms at most, the first time after 25 ms.
 */
import { setMaxListeners } from "node:events";
import type { RequestListener } from "node:http";
import { create } from "@bufbuild/protobuf";
import { AskRequestSchema, Peer } from "@kvorum/proto";
import { defaultEngine, type ListenAddress, type RpcEngine, StatusCode, type TlsListener } from "@kvorum/transport";
import type { Message } from "../../core/raft/types.js";
import type { Clock, Logger, Random, Timer } from "../../env.js";
import { PeerMeasures } from "../../measures/peer-measures.js";
import {
  type AnswerTo,
  type ClusterDescription,
  type PeerAddress,
  type PeerHandlers,
  type PeerIdentity,
  type PeerNetwork,
  type PeerQuestion,
  PeerUnavailableError,
  type SnapshotBody,
  type SnapshotMessage,
} from "../../peer-network.js";
import { SystemRandom } from "../random.js";
import { questionInit, toAnswer } from "../wire/question.js";
import { serverErrorFrom } from "../wire/server-error.js";
import { DEFAULT_BOUNDS, type PeerBounds } from "./bounds.js";
import type { ClientTls } from "./dial.js";
import { discover } from "./discover.js";
import { handshakeTo, heed, hex, type Running, refusalOf } from "./handshake.js";
import { sendSnapshot } from "./outgoing-snapshot.js";
import { openPeerPort, type PeerPort } from "./peer-port.js";
import { PeerService } from "./peer-service.js";
import { RemoteMember } from "./remote-member.js";
import { within } from "./within.js";

/** Milliseconds between two measurements of the way to each member and back (etcd's figure). */
const PROBE_INTERVAL_MS = 4000;

/** TLS of the peer ports that have it, and of connections to `https` URLs. */
export interface PeerTls {
  /** Undefined without a certificate: then no port can have it. */
  readonly listener: TlsListener | undefined;
  readonly dial: ClientTls;
}

export interface GrpcPeersOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Spreads reconnections. Default: the system's. */
  readonly random?: Random;
  readonly tls?: PeerTls | undefined;
  /** Default: the default engine. */
  readonly engine?: RpcEngine | undefined;
  readonly bounds?: Partial<PeerBounds>;
}

export interface PeerListenOptions {
  /** With TLS. */
  readonly secure: boolean;
  /** See `PeerPortOptions`. */
  readonly privateFolder: string | undefined;
}

export class GrpcPeers implements PeerNetwork, AsyncDisposable {
  /** What is counted of the traffic. */
  readonly measures: PeerMeasures = new PeerMeasures();
  readonly #options: GrpcPeersOptions;
  readonly #random: Random;
  readonly #bounds: PeerBounds;
  readonly #engine: RpcEngine;
  readonly #service: PeerService;
  readonly #ports: PeerPort[] = [];
  readonly #members = new Map<bigint, RemoteMember>();
  /** Work that goes on in the background and ends when `#closing` aborts. */
  readonly #pending = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  /** Members to which a snapshot is on its way. */
  readonly #snapshots = new Map<bigint, AbortController>();
  /** Ids without an address, for which a loss was reported. */
  readonly #unknown = new Set<bigint>();
  /** Members to which messages were queued since the last flush. */
  readonly #unflushed = new Set<RemoteMember>();
  #running: Running | undefined;
  #addresses: readonly PeerAddress[] = [];
  #probeTimer: Timer | undefined;
  #pages: RequestListener | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: GrpcPeersOptions) {
    this.#options = options;
    this.#random = options.random ?? new SystemRandom();
    this.#bounds = { ...DEFAULT_BOUNDS, ...options.bounds };
    this.#engine = options.engine ?? defaultEngine();
    // Every attempt to connect listens to it, and a member of many has many at once.
    setMaxListeners(0, this.#closing.signal);
    this.#service = new PeerService({
      clock: options.clock,
      logger: options.logger,
      bounds: this.#bounds,
      running: () => this.#running,
      heard: (from) => this.#members.get(from)?.heard(),
      measures: this.measures,
    });
  }

  /**
   * Opens a peer port, before `start` and any number of times. Port 0 picks a free one. Errors: those of listening, and a
   * `TypeError` for a port with TLS without any settings of it.
   */
  async listen(
    address: ListenAddress,
    { secure = false, privateFolder }: Partial<PeerListenOptions> = {},
  ): Promise<ListenAddress> {
    if (this.#closed !== undefined) throw new Error("listen() after close()");
    const tls = secure ? this.#options.tls?.listener : undefined;
    if (secure && tls === undefined) throw new TypeError("there is no certificate for a peer port");
    const server = this.#engine.createServer({
      receiveBytesMax: this.#bounds.receiveBytesMax,
      keepAlive: this.#bounds.bulkKeepAlive,
    });
    server.add(Peer, this.#service);
    const port = await openPeerPort(server, address, { tls, pages: () => this.#pages, privateFolder });
    this.#ports.push(port);
    return port.address;
  }

  /** What the ports show to who comes with HTTP/1, from now on; until then nothing. */
  showPages(pages: RequestListener): void {
    this.#pages = pages;
  }

  start(identity: PeerIdentity, handlers: PeerHandlers): void {
    this.#running = { identity, handlers };
    this.setPeers(this.#addresses);
  }

  setPeers(peers: readonly PeerAddress[]): void {
    this.#addresses = peers;
    this.#unknown.clear();
    const running = this.#running;
    if (running === undefined || this.#closed !== undefined) return;
    const wanted = new Map(peers.filter(({ id }) => id !== running.identity.memberId).map((peer) => [peer.id, peer]));
    for (const member of [...this.#members.values()]) {
      if (sameUrls(wanted.get(member.id)?.urls, member.urls)) wanted.delete(member.id);
      else this.#forget(member);
    }
    for (const peer of wanted.values()) {
      this.measures.knownPeers.of(hex(running.identity.memberId), hex(peer.id)).set(1);
      this.#members.set(peer.id, this.#remoteMember(peer, running));
    }
    this.#probe();
  }

  send(messages: readonly Message[]): void {
    if (this.#closed !== undefined) return;
    for (const message of messages) {
      const member = this.#members.get(message.to);
      if (member === undefined) {
        this.#reportUnknown(message.to);
      } else {
        member.push(message);
        if (this.#unflushed.size === 0) queueMicrotask(() => this.#flush());
        this.#unflushed.add(member);
      }
    }
  }

  sendSnapshot(message: SnapshotMessage, body: SnapshotBody): void {
    const { to } = message;
    const work = this.#sendSnapshot(message, body).then(
      () => "finished" as const,
      (error: unknown) => {
        this.#options.logger.warn({ member: hex(to), reason: String(error) }, "a snapshot was not sent");
        return "failed" as const;
      },
    );
    this.#track(work.then((result) => this.#running?.handlers.snapshotSent(to, result)));
  }

  async ask<Q extends PeerQuestion>(to: bigint, question: Q, timeoutMs: number): Promise<AnswerTo<Q>> {
    const [member, running] = [this.#members.get(to), this.#running];
    if (member === undefined || running === undefined) throw unavailable(to, "it has no address here");
    const { clock } = this.#options;
    const endMs = clock.nowMs() + timeoutMs;
    try {
      const channel = await within(member.questions(), timeoutMs, clock, "no connection", this.#closing.signal);
      const request = create(AskRequestSchema, {
        handshake: handshakeTo(to, running.identity),
        question: questionInit(question),
      });
      const leftMs = Math.max(1, endMs - clock.nowMs());
      const answer = toAnswer(await channel.unary(Peer.method.ask, request, { timeoutMs: leftMs }));
      if (answer.kind !== question.kind) throw new RangeError(`a ${question.kind} was answered by a ${answer.kind}`);
      return answer as AnswerTo<Q>;
    } catch (error) {
      throw this.#askError(member, error);
    }
  }

  discover(urls: readonly string[], timeoutMs: number): Promise<ClusterDescription | undefined> {
    const { clock, logger, tls } = this.#options;
    return discover(urls, timeoutMs, {
      clock,
      logger,
      channel: this.#engine.channel,
      tls: tls?.dial,
      bounds: this.#bounds,
      signal: this.#closing.signal,
    });
  }

  connectedSince(id: bigint): number | undefined {
    return this.#members.get(id)?.connectedSince;
  }

  /** Ends every connection and listener; resolves when nothing is left of them. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#probeTimer?.cancel();
    this.#closing.abort(new Error("the network of this member is closed"));
    for (const member of [...this.#members.values()]) this.#forget(member);
    await Promise.all(this.#ports.map((port) => port.close()));
    await Promise.all(this.#pending);
  }

  /** What the node hands out together, in however many pieces, leaves in one frame for each member. */
  #flush(): void {
    for (const member of this.#unflushed) member.flush();
    this.#unflushed.clear();
  }

  #remoteMember(address: PeerAddress, running: Running): RemoteMember {
    const { clock, logger, tls } = this.#options;
    const [random, bounds] = [this.#random, this.#bounds];
    const { measures } = this;
    const { channel } = this.#engine;
    return new RemoteMember(address, { clock, logger, random, bounds, running, measures, channel, tls: tls?.dial });
  }

  /** As long as there are members, one question to each of them now and then. */
  #probe(): void {
    if (this.#members.size === 0 || this.#closed !== undefined) return;
    this.#probeTimer ??= this.#options.clock.setTimer(PROBE_INTERVAL_MS, () => {
      this.#probeTimer = undefined;
      for (const member of this.#members.values()) this.#track(member.probe());
      this.#probe();
    });
  }

  #forget(member: RemoteMember): void {
    this.#members.delete(member.id);
    const { identity } = this.#running ?? {};
    if (identity !== undefined) this.measures.knownPeers.of(hex(identity.memberId), hex(member.id)).set(0);
    this.#snapshots.get(member.id)?.abort(new Error(`member ${hex(member.id)} has moved or left`));
    this.#track(member.close());
  }

  async #sendSnapshot(message: SnapshotMessage, body: SnapshotBody): Promise<void> {
    const { to } = message;
    const [member, running] = [this.#members.get(to), this.#running];
    if (member === undefined || running === undefined || this.#snapshots.has(to)) {
      body.close();
      throw new Error(member === undefined ? "the member has no address here" : "a snapshot is on its way already");
    }
    const abort = new AbortController();
    this.#snapshots.set(to, abort);
    try {
      await sendSnapshot(message, body, {
        clock: this.#options.clock,
        bounds: this.#bounds,
        handshake: handshakeTo(to, running.identity),
        dial: (signal) => member.dial(this.#bounds.bulkKeepAlive, signal),
        signal: abort.signal,
      });
    } finally {
      this.#snapshots.delete(to);
    }
  }

  /** The other side's error where it sent one; anything else means that the outcome is unknown. */
  #askError(member: RemoteMember, error: unknown): Error {
    const { code, details } = error as { readonly code?: unknown; readonly details?: unknown };
    const known = typeof code === "number" && typeof details === "string" ? serverErrorFrom(code, details) : undefined;
    if (known !== undefined) return known;
    if (this.#running !== undefined) heed(refusalOf(error), this.#running.handlers);
    // The engine would connect again by itself, with pauses of its own; the next question does so at once.
    if (code === StatusCode.UNAVAILABLE) member.forgetQuestions();
    return unavailable(member.id, error);
  }

  #reportUnknown(id: bigint): void {
    if (this.#unknown.has(id)) return;
    this.#unknown.add(id);
    queueMicrotask(() => this.#running?.handlers.unreachable(id));
  }

  #track(work: Promise<void>): void {
    this.#pending.add(work);
    work.finally(() => this.#pending.delete(work));
  }
}

function unavailable(id: bigint, cause: unknown): PeerUnavailableError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new PeerUnavailableError(`member ${hex(id)} gave no answer: ${reason}`, { cause });
}

function sameUrls(a: readonly string[] | undefined, b: readonly string[]): boolean {
  return a !== undefined && a.length === b.length && a.every((url, index) => url === b[index]);
}
