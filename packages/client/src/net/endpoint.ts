/**
 * One address: its channel, how its calls went (`endpoint-health.ts`), how busy and how fast it is, and the newest revision it
 * has shown. The picker compares endpoints by these figures.
 */
import type { ResponseHeader } from "@kvorum/proto";
import type { Channel, ChannelOptions, TransportFactory } from "@kvorum/transport";
import type { Observer } from "../observe/observer.js";
import type { FailureKind } from "../reasons.js";
import { EndpointHealth, type EndpointState, type ProbeResult } from "./endpoint-health.js";
import { Line, type Move, StreamMoved } from "./line.js";

/** Weight of a new sample in the average latency. */
const LATENCY_WEIGHT = 0.2;
/** An endpoint that is not asked gets the benefit of the doubt: its latency counts half after this time. */
const LATENCY_HALF_LIFE_MS = 10_000;

/** Told of each change of state, and of each cooling that begins. */
export type EndpointListener = (endpoint: Endpoint, state: EndpointState) => void;

export class Endpoint {
  readonly address: string;
  readonly health: EndpointHealth = new EndpointHealth();
  readonly #factory: TransportFactory;
  readonly #options: ChannelOptions;
  readonly #observer: Observer | undefined;
  readonly #lines = new Set<Line>();
  readonly #moves = new Set<Move>();
  #line: Line | undefined;
  #latencyMs = 0;
  #measuredAtMs = 0;
  #told: EndpointState = "idle";
  /** Streams that are open here; new ones go where there are fewest. */
  streams = 0;
  /** Unary calls that wait for their answer. */
  inFlight = 0;
  /** The newest revision in an answer of this member. */
  revision = 0n;
  /** Who answered last; 0 as long as nobody has. Behind a load balancer it changes. */
  memberId = 0n;
  clusterId = 0n;
  /** Sequence number of its last choice by the picker. */
  picked = 0;
  onChange: EndpointListener | undefined;
  /** Told when a call got no answer in time, or the server's word that it took too long, and the endpoint does not cool. */
  onDoubt: ((endpoint: Endpoint) => void) | undefined;

  constructor(address: string, factory: TransportFactory, options: ChannelOptions, observer?: Observer) {
    this.address = address;
    this.#factory = factory;
    this.#options = options;
    this.#observer = observer;
  }

  get state(): EndpointState {
    return this.health.state;
  }

  get channel(): Channel {
    return this.#current().channel;
  }

  /** A connection of its own, for a stream that must not depend on the shared one. The caller closes it. */
  open(): Channel {
    return this.#factory(this.address, this.#options);
  }

  /** Starts a unary call on the shared channel. Every line goes back by `release`. */
  acquire(nowMs: number): Line {
    const line = this.#current();
    line.acquire();
    this.inFlight += 1;
    this.health.begin(nowMs);
    return line;
  }

  release(line: Line): void {
    this.inFlight -= 1;
    this.health.end();
    this.#leave(line);
  }

  /** A stream starts, on the shared channel or (`own`) on one of its own. `move` where it may be opened elsewhere instead. */
  acquireStream(own: Channel | undefined, move: Move | undefined): Line | undefined {
    const line = own === undefined ? this.#current() : undefined;
    line?.acquire();
    this.streams += 1;
    if (move !== undefined) {
      this.#moves.add(move);
      line?.addMovable(move);
    }
    return line;
  }

  releaseStream(line: Line | undefined, move: Move | undefined): void {
    this.streams -= 1;
    if (move !== undefined) {
      this.#moves.delete(move);
      line?.removeMovable(move);
    }
    if (line !== undefined) this.#leave(line);
  }

  /** Tells one movable stream to open elsewhere. False when there is none. */
  moveOneStream(why: string): boolean {
    for (const move of this.#moves) {
      move(new StreamMoved(why));
      return true;
    }
    return false;
  }

  isCooling(nowMs: number): boolean {
    return this.health.isCooling(nowMs);
  }

  /** The member answered. `quorum`: with something that only a member in touch with its leader can say. */
  succeeded(quorum = false): void {
    this.health.answered(quorum);
    this.#tell();
  }

  /** `transport`: the connection failed, and not only the call. */
  failed(kind: FailureKind, nowMs: number, transport: boolean = kind === "not-sent"): void {
    // After repeated transport errors nothing of the old connection is trusted, be it the engine's own state.
    const cools = this.health.failed(kind, nowMs);
    if (cools && transport) this.replaceChannel("the connection failed repeatedly");
    this.#tell(cools);
    const late = kind === "deadline" || (kind === "interrupted" && !transport);
    if (late && !cools && this.state === "ready") this.onDoubt?.(this);
  }

  /** A stream here gives no answer, although nothing has failed: the others go first until a call succeeds here. */
  silent(nowMs: number): void {
    this.#tell(this.health.silent(nowMs));
  }

  probed(result: ProbeResult, nowMs: number): void {
    if (result === "unreachable") this.replaceChannel("the endpoint cannot be reached");
    this.#tell(this.health.probed(result, nowMs));
  }

  /** What a header says about the member. */
  learn(header: ResponseHeader | undefined): void {
    if (header === undefined) return;
    if (header.revision > this.revision) this.revision = header.revision;
    if (header.memberId !== 0n) this.memberId = header.memberId;
    if (header.clusterId !== 0n) this.clusterId = header.clusterId;
  }

  measured(elapsedMs: number, nowMs: number): void {
    const before = this.latencyMs(nowMs);
    this.#latencyMs = this.#measuredAtMs === 0 ? elapsedMs : before + LATENCY_WEIGHT * (elapsedMs - before);
    this.#measuredAtMs = nowMs;
  }

  /** Moving average in milliseconds, fading while nothing is measured. */
  latencyMs(nowMs: number): number {
    if (this.#latencyMs < 1) return this.#latencyMs;
    return this.#latencyMs * 2 ** ((this.#measuredAtMs - nowMs) / LATENCY_HALF_LIFE_MS);
  }

  /** The next call makes a new channel. What is under way on the old one goes on, and its streams move. */
  replaceChannel(why: string): void {
    const line = this.#line;
    this.#line = undefined;
    line?.retire(why);
    if (line?.idle) this.#lines.delete(line);
  }

  /** It is no longer in the list: calls under way go on, streams open elsewhere. */
  remove(): void {
    this.health.remove();
    this.replaceChannel("the endpoint was removed");
    for (const move of [...this.#moves]) move(new StreamMoved("the endpoint was removed"));
    this.#tell();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#lines].map((line) => line.close()));
  }

  #current(): Line {
    if (this.#line === undefined) {
      this.#line = new Line(this.open());
      this.#lines.add(this.#line);
    }
    return this.#line;
  }

  #leave(line: Line): void {
    line.release();
    if (this.state === "removed") this.replaceChannel("the endpoint was removed");
    if (line !== this.#line && line.idle) this.#lines.delete(line);
  }

  /** `again`: one cooling has followed another. */
  #tell(again = false): void {
    const { state } = this.health;
    if (state === this.#told && !again) return;
    this.#observer?.connection(this.address, state, this.#told);
    this.#told = state;
    this.onChange?.(this, state);
  }
}
