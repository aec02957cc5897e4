/** A node in memory and a channel to it, for the tests of the edge. */

import type { MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { KV, Watch, type WatchRequestSchema, type WatchResponse } from "@kvorum/proto";
import { type Channel, type MetadataInit, niceChannel, type RpcError } from "@kvorum/transport";
import { afterAll, beforeAll } from "vitest";
import { startNode } from "../src/server.js";

export type Bytes = Uint8Array<ArrayBuffer>;

export function bytes(text: string): Bytes {
  return new TextEncoder().encode(text);
}

export function text(value: Uint8Array): string {
  return new TextDecoder().decode(value);
}

export interface Fixture {
  readonly channel: Channel;
  readonly endpoint: string;
  put(key: string, value: string): Promise<bigint>;
}

/** Starts one node for all tests of a file. */
export function useNode(): () => Fixture {
  let fixture: Fixture | undefined;
  let close: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    const node = await startNode();
    const [endpoint] = node.endpoints as [string];
    const channel = niceChannel(endpoint);
    close = async () => {
      await channel.close();
      await node.close();
    };
    fixture = {
      channel,
      endpoint,
      async put(key, value) {
        const { header } = await channel.unary(KV.method.put, { key: bytes(key), value: bytes(value) });
        return header?.revision ?? 0n;
      },
    };
  });
  afterAll(async () => {
    await close?.();
  });
  return () => {
    if (fixture === undefined) throw new Error("the node has not started");
    return fixture;
  };
}

/** The error a call must end with. */
export async function failure(call: Promise<unknown>): Promise<{ code: number; details: string }> {
  try {
    await call;
  } catch (error) {
    const { code, details } = error as RpcError;
    return { code, details };
  }
  throw new Error("the call succeeded");
}

type WatchMessage = MessageInitShape<typeof WatchRequestSchema>["requestUnion"];

/** One Watch stream that a test drives by hand. */
export class WatchClient {
  readonly #requests: MessageInitShape<typeof WatchRequestSchema>[] = [];
  readonly #answers: AsyncIterator<MessageShape<typeof Watch.method.watch.output>>;
  #wake: () => void = () => {};
  #ended = false;

  constructor(channel: Channel, metadata: MetadataInit = {}) {
    this.#answers = channel.stream(Watch.method.watch, this.#pull(), { metadata })[Symbol.asyncIterator]();
  }

  send(...requests: NonNullable<WatchMessage>[]): void {
    this.#requests.push(...requests.map((requestUnion) => ({ requestUnion })));
    this.#wake();
  }

  /** Sends no more; the stream goes on. */
  halfClose(): void {
    this.#ended = true;
    this.#wake();
  }

  async next(): Promise<WatchResponse> {
    const { done, value } = await this.#answers.next();
    if (done === true) throw new Error("the stream has ended");
    return value;
  }

  async close(): Promise<void> {
    await this.#answers.return?.();
  }

  async *#pull(): AsyncGenerator<MessageInitShape<typeof WatchRequestSchema>, void, undefined> {
    for (;;) {
      const request = this.#requests.shift();
      if (request !== undefined) yield request;
      else if (this.#ended) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
