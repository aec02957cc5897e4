/**
 * Messages of one class to one member that wait for their connection: bounded, and emptied a frame at a time. What is
 * pushed while the connection takes a frame makes up the next one.
 */
import type { Message } from "../../core/raft/types.js";
import { messageBytes } from "./traffic.js";

export interface QueueBounds {
  readonly queueMessagesMax: number;
  readonly queueBytesMax: number;
}

export class MessageQueue {
  readonly #bounds: QueueBounds;
  #messages: Message[] = [];
  #bytes = 0;

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds;
  }

  get length(): number {
    return this.#messages.length;
  }

  /** What waits, reckoned by `messageBytes`. */
  get bytes(): number {
    return this.#bytes;
  }

  /** False when the queue is full. A single message is taken whatever its size. */
  push(message: Message): boolean {
    if (message.type === "heartbeat") this.#supersede(message);
    const bytes = messageBytes(message);
    const full =
      this.#messages.length >= this.#bounds.queueMessagesMax || this.#bytes + bytes > this.#bounds.queueBytesMax;
    if (full && this.#messages.length > 0) return false;
    this.#messages.push(message);
    this.#bytes += bytes;
    return true;
  }

  /** The oldest messages that fit into `bytesMax` together, one at least unless there is none. */
  take(bytesMax: number): readonly Message[] {
    if (this.#bytes <= bytesMax) {
      const all = this.#messages;
      this.clear();
      return all;
    }
    let [count, bytes] = [0, 0];
    for (const message of this.#messages) {
      const size = messageBytes(message);
      if (count > 0 && bytes + size > bytesMax) break;
      count += 1;
      bytes += size;
    }
    this.#bytes -= bytes;
    return this.#messages.splice(0, count);
  }

  /** Answers how many messages are lost by it. */
  clear(): number {
    const { length } = this.#messages;
    this.#messages = [];
    this.#bytes = 0;
    return length;
  }

  /** A heartbeat says all that an older one of its term said: an answer to a round confirms the rounds before it. */
  #supersede({ term, context, commit }: Extract<Message, { type: "heartbeat" }>): void {
    const older = this.#messages.findIndex(
      (other) =>
        other.type === "heartbeat" && other.term === term && other.context <= context && other.commit <= commit,
    );
    if (older === -1) return;
    const [message] = this.#messages.splice(older, 1);
    if (message !== undefined) this.#bytes -= messageBytes(message);
  }
}
