/**
 * The requests of one `Exchange` stream: the handshake, and once it is welcomed, what the queue holds, a frame at a
 * time. The connection pulls; messages are encoded when their frame is asked for and not before.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { PeerFrameSchema, PeerHandshake } from "@kvorum/proto";
import { toRaftMessage } from "../wire/message.js";
import type { MessageQueue } from "./message-queue.js";

type PeerFrame = MessageInitShape<typeof PeerFrameSchema>;
type Pulled = IteratorResult<PeerFrame, undefined>;

export class FrameStream implements AsyncIterable<PeerFrame>, AsyncIterator<PeerFrame, undefined> {
  readonly #handshake: PeerHandshake;
  readonly #queue: MessageQueue;
  readonly #frameBytesMax: number;
  readonly #sent: (bytes: number) => void;
  #state: "new" | "greeted" | "open" | "ended" = "new";
  #waiting: ((result: Pulled) => void) | undefined;

  /** `sent` is told what the queue reckons for each frame, in bytes. */
  constructor(handshake: PeerHandshake, queue: MessageQueue, frameBytesMax: number, sent: (bytes: number) => void) {
    this.#handshake = handshake;
    this.#queue = queue;
    this.#frameBytesMax = frameBytesMax;
    this.#sent = sent;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The other side listens. */
  open(): void {
    if (this.#state === "greeted") this.#state = "open";
    this.wake();
  }

  /** There may be something to send. */
  wake(): void {
    if (this.#waiting === undefined || this.#state !== "open" || this.#queue.length === 0) return;
    const resolve = this.#waiting;
    this.#waiting = undefined;
    resolve(this.#frame());
  }

  next(): Promise<Pulled> {
    if (this.#state === "new") {
      this.#state = "greeted";
      const frame: PeerFrame = { frame: { case: "handshake", value: this.#handshake } };
      return Promise.resolve({ done: false, value: frame });
    }
    if (this.#state === "ended") return Promise.resolve({ done: true, value: undefined });
    if (this.#state === "open" && this.#queue.length > 0) return Promise.resolve(this.#frame());
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  return(): Promise<Pulled> {
    this.#state = "ended";
    this.#waiting?.({ done: true, value: undefined });
    this.#waiting = undefined;
    return Promise.resolve({ done: true, value: undefined });
  }

  #frame(): Pulled {
    const before = this.#queue.bytes;
    const taken = this.#queue.take(this.#frameBytesMax);
    this.#sent(before - this.#queue.bytes);
    const messages = taken.map(toRaftMessage);
    return { done: false, value: { frame: { case: "batch", value: { messages } } } };
  }
}
