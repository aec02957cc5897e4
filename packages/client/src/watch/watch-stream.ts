/**
 * One open stream and the watches on it: who has which id, which creates are not answered yet, and whom a response is for.
 *
 * The ids are ours, from 1 up, so all creates are sent at once. A server before 3.4, or a gRPC proxy, answers under ids of
 * its own and not always in order; there the creates go out one by one (`serial`), so that only one can be meant.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { WatchCreateRequestSchema, WatchRequestSchema, WatchResponse } from "@kvorum/proto";
import { RpcError, StatusCode } from "@kvorum/transport";
import type { Clock } from "../clock.js";
import type { Endpoint } from "../net/endpoint.js";
import { RequestQueue } from "../net/request-queue.js";
import { Freshness } from "./freshness.js";
import { Silence } from "./silence.js";

export type WatchCreateInit = MessageInitShape<typeof WatchCreateRequestSchema>;
type WatchRequestInit = MessageInitShape<typeof WatchRequestSchema>;

/** One watch, as the stream sees it. */
export interface Subscriber {
  /** Every change up to this revision has been given to it. */
  readonly reported: bigint;
  /** The request that (re-)creates it from where it stands. The stream adds the id. */
  createRequest(): WatchCreateInit;
  accept(response: WatchResponse): void;
  disconnected(): void;
}

export interface WatchStreamInit {
  readonly clock: Clock;
  readonly serial: boolean;
  /** The server has a watch: it takes our token. */
  created(): void;
  /** The server chose an id itself, so what was sent at once cannot be told apart. */
  foreignId(): void;
  /** The answer to `probe` or to `requestProgress`. `synced`: all watches of the stream are there. */
  heard(revision: bigint, synced: boolean): void;
  /** It is time to ask how far the watches are, if this server's answer can be trusted. */
  mayBeStale(): void;
}

/** A create: of a watch, or (without a subscriber) of a range that is empty, to which the server says no at once. */
interface Attachment {
  readonly subscriber: Subscriber | undefined;
  /** The id that was asked for, then the one that the server gave. */
  id: bigint;
  state: "waiting" | "sent" | "created" | "gone";
  /** Where the store was when the server had it. */
  createdAt: bigint;
}

/** Ends where it begins. Every server refuses it, with permission to read or without, however far its watches are. */
const EMPTY_RANGE: WatchCreateInit = { key: new Uint8Array([1]), rangeEnd: new Uint8Array([1]) };
const NO_ID = -1n;

export class WatchStream {
  readonly requests: RequestQueue<WatchRequestInit> = new RequestQueue();
  readonly abort: AbortController = new AbortController();
  endpoint: Endpoint | undefined;
  /** Once it is known: does the server answer progress requests only when they are true? */
  exact: boolean | undefined;
  readonly #init: WatchStreamInit;
  readonly #silence: Silence;
  readonly #freshness: Freshness;
  /** Creates that are sent and not answered, oldest first. */
  readonly #sent = new Map<bigint, Attachment>();
  /** Creates that wait for their turn; serial only. */
  #waiting: Attachment[] = [];
  /** Watches that the server has. */
  readonly #byId = new Map<bigint, Attachment>();
  readonly #bySubscriber = new Map<Subscriber, Attachment>();
  #lastId = 0n;

  constructor(init: WatchStreamInit) {
    this.#init = init;
    this.#silence = new Silence(init.clock, {
      ask: () => this.probe(),
      giveUp: () => this.restart(new RpcError(StatusCode.UNAVAILABLE, "the watch stream gives no sign of life")),
    });
    this.#freshness = new Freshness(init.clock, init.mayBeStale);
  }

  /** Has the hub given this stream up? */
  get over(): boolean {
    return this.abort.signal.aborted;
  }

  /** Ends it, to be opened again: with an error as after a break, without one at once. */
  restart(error?: RpcError): void {
    this.abort.abort(error);
  }

  /** It has ended. */
  stop(): void {
    this.#silence.stop();
    this.#freshness.stop();
    this.requests.end();
  }

  create(subscriber: Subscriber): void {
    this.#bySubscriber.set(subscriber, this.#enqueue(subscriber));
  }

  cancel(subscriber: Subscriber): void {
    const attachment = this.#bySubscriber.get(subscriber);
    if (attachment === undefined) return;
    this.#bySubscriber.delete(subscriber);
    // In serial mode the server's id of a create that is under way is not known: it is cancelled when the answer comes.
    if (attachment.state === "created" || (attachment.state === "sent" && !this.#init.serial)) this.#cancel(attachment);
    attachment.state = "gone";
  }

  has(subscriber: Subscriber): boolean {
    return this.#bySubscriber.get(subscriber)?.state === "created";
  }

  /** Asks for a sign of life; the answer says where the store is. */
  probe(): void {
    this.#enqueue(undefined);
  }

  /** Only of servers that answer no sooner than all watches of the stream are there. */
  requestProgress(): void {
    this.requests.push({ requestUnion: { case: "progressRequest", value: {} } });
  }

  dispatch(response: WatchResponse): void {
    this.#silence.heard();
    if (response.created) this.#answered(response);
    else if (response.watchId === NO_ID) this.#synced(response);
    else this.#give(this.#byId.get(response.watchId), response);
  }

  /**
   * Speaks for all watches that the server had when it gave it. That a watch was created may overtake an older answer, which
   * shows by its revision.
   */
  #synced(response: WatchResponse): void {
    const revision = response.header?.revision ?? 0n;
    for (const { subscriber, createdAt } of this.#byId.values()) {
      if (revision > createdAt) subscriber?.accept(response);
    }
    this.#init.heard(revision, true);
  }

  #enqueue(subscriber: Subscriber | undefined): Attachment {
    // An id is never used twice, so that what is still under way for an old watch cannot be taken for a new one's.
    this.#lastId += 1n;
    const attachment: Attachment = { subscriber, id: this.#lastId, state: "waiting", createdAt: 0n };
    if (this.#init.serial && this.#sent.size > 0) this.#waiting.push(attachment);
    else this.#send(attachment);
    return attachment;
  }

  #send(attachment: Attachment): void {
    attachment.state = "sent";
    this.#sent.set(attachment.id, attachment);
    const value = { ...(attachment.subscriber?.createRequest() ?? EMPTY_RANGE), watchId: attachment.id };
    this.requests.push({ requestUnion: { case: "createRequest", value } });
  }

  /** A create that is refused is answered as id -1, so only the order tells which. */
  #answered(response: WatchResponse): void {
    const { serial } = this.#init;
    const [oldest] = this.#sent.values();
    const attachment = this.#sent.get(response.watchId) ?? oldest;
    if (attachment === undefined) return;
    if (!serial && response.watchId !== attachment.id && response.watchId !== NO_ID) {
      this.#init.foreignId();
      return;
    }
    this.#sent.delete(attachment.id);
    this.#sendNext();
    attachment.id = response.watchId;
    attachment.createdAt = response.header?.revision ?? 0n;
    if (attachment.subscriber === undefined) this.#init.heard(response.header?.revision ?? 0n, false);
    if (!response.canceled) this.#created(attachment);
    this.#give(attachment, response);
  }

  #created(attachment: Attachment): void {
    const { subscriber, state, id } = attachment;
    if (subscriber !== undefined && state === "sent") {
      attachment.state = "created";
      this.#byId.set(id, attachment);
      this.#init.created();
    } else if (subscriber === undefined || this.#init.serial) {
      this.#cancel(attachment);
    }
  }

  #sendNext(): void {
    let next = this.#waiting.shift();
    while (next?.state === "gone") next = this.#waiting.shift();
    if (next !== undefined) this.#send(next);
  }

  #give(attachment: Attachment | undefined, response: WatchResponse): void {
    const { subscriber } = attachment ?? {};
    // Gone while it was created, or cancelled with events still under way.
    if (attachment === undefined || subscriber === undefined || attachment.state === "gone") return;
    if (response.canceled) {
      // A server keeps the id of a watch that it ended until the client lets go of it.
      if (attachment.state === "created") this.#cancel(attachment);
      attachment.state = "gone";
      this.#bySubscriber.delete(subscriber);
    }
    subscriber.accept(response);
  }

  #cancel({ id }: Attachment): void {
    this.#byId.delete(id);
    this.requests.push({ requestUnion: { case: "cancelRequest", value: { watchId: id } } });
  }
}
