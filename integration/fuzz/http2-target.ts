/**
 * Conversations of HTTP/2 with mistakes in them, for the core of the transport in this process: it must end each in its own
 * way, soon, and keep its promises up to there.
 */
import { type Conversation, conversationOf } from "./http2-conversation.js";
import { Http2Owner } from "./http2-owner.js";
import { shorter } from "./mutate.js";
import type { Input, Stage, Target } from "./target.js";

/** On a processor, in milliseconds; a conversation is a few hundred frames. */
const PLAY_MS_MAX = 500;

class Http2Stage implements Stage {
  readonly nodes = [];

  harmed(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

export const http2Targets: readonly Target<Http2Stage>[] = [
  {
    name: "http2",
    batch: { inputs: 500, lanes: 1 },
    open: () => Promise.resolve(new Http2Stage()),
    make: (chance) => new Talk(conversationOf(chance), chance.between(0, 2 ** 31)),
  },
];

class Talk implements Input<Http2Stage> {
  readonly #conversation: Conversation;
  /** Of what the owner does meanwhile. */
  readonly #seed: number;

  constructor(conversation: Conversation, seed: number) {
    this.#conversation = conversation;
    this.#seed = seed;
  }

  show(): string {
    const { role, calls, lawful, chunks } = this.#conversation;
    const bytes = chunks.map((chunk) => chunk.toString("hex")).join(" ");
    return `to a ${role} with ${calls} calls and seed ${this.#seed}${lawful ? ", lawful" : ""}: ${bytes}`;
  }

  play(): Promise<string | undefined> {
    const before = process.cpuUsage();
    const text = this.#wrong();
    const { user, system } = process.cpuUsage(before);
    const ms = (user + system) / 1_000;
    return Promise.resolve(text ?? (ms > PLAY_MS_MAX ? `it took ${ms} ms` : undefined));
  }

  smaller(): readonly Talk[] {
    const all = Buffer.concat(this.#conversation.chunks);
    return shorter(all).map((bytes) => new Talk({ ...this.#conversation, lawful: false, chunks: [bytes] }, this.#seed));
  }

  #wrong(): string | undefined {
    const { role, calls, lawful, chunks } = this.#conversation;
    try {
      const owner = new Http2Owner(role, this.#seed);
      if (role === "client") owner.open(calls);
      for (const chunk of chunks) owner.receive(chunk);
      owner.take();
      owner.note(!lawful || owner.failure === undefined, `a lawful peer was sent away: ${owner.failure?.message}`);
      owner.connection.closed();
      return owner.wrong[0];
    } catch (error) {
      return `it threw ${error instanceof Error ? error.stack : String(error)}`;
    }
  }
}
