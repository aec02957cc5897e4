/**
 * A client's channel to a member of a test cluster: the simulated connection, with the test's disturbances before it. It tells
 * the cluster's time when somebody waits for an answer.
 */
import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import {
  type CallOptions,
  type Channel,
  methodPath,
  RpcError,
  StatusCode,
  type StreamMethod,
  type UnaryMethod,
} from "@kvorum/transport";
import type { Disturbances, TestCall } from "./disturbances.js";
import type { VirtualTime } from "./virtual-time.js";

export interface TestChannelSite {
  readonly client: string;
  readonly member: string;
  readonly time: VirtualTime;
  /** Undefined: nobody disturbs it. */
  readonly disturbances: Disturbances | undefined;
}

export class TestChannel implements Channel {
  readonly #channel: Channel;
  readonly #site: TestChannelSite;

  constructor(channel: Channel, site: TestChannelSite) {
    this.#channel = channel;
    this.#site = site;
  }

  get endpoint(): string {
    return this.#channel.endpoint;
  }

  get state(): Channel["state"] {
    return this.#channel.state;
  }

  onStateChange(listener: Parameters<Channel["onStateChange"]>[0]): () => void {
    return this.#channel.onStateChange(listener);
  }

  async unary<I extends DescMessage, O extends DescMessage>(
    method: UnaryMethod<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions = {},
  ): Promise<MessageShape<O>> {
    const send = (): Promise<MessageShape<O>> => this.#channel.unary(method, request, options);
    const { disturbances } = this.#site;
    const path = methodPath(method);
    if (disturbances?.any !== true || isProbe(path, options)) return send();
    const call = { ...this.#callOf(path, method.name), stream: false, request };
    return (await this.#bounded(path, options, disturbances.around(call, send))) as MessageShape<O>;
  }

  async *stream<I extends DescMessage, O extends DescMessage>(
    method: StreamMethod<I, O>,
    requests: AsyncIterable<MessageInitShape<I>>,
    options: CallOptions = {},
  ): AsyncGenerator<MessageShape<O>, void, undefined> {
    const { time, disturbances } = this.#site;
    // Streams in both directions (watches, keepalives) have no end that somebody waits for.
    const isAwaited = method.methodKind !== "bidi_streaming";
    const path = methodPath(method);
    if (disturbances?.any === true) {
      const call = { ...this.#callOf(path, method.name), stream: true, request: undefined };
      await this.#bounded(
        path,
        options,
        disturbances.around(call, async () => undefined),
      );
    }
    const answers = this.#channel.stream(method, requests, options)[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = answers.next();
        if (isAwaited) time.call(next);
        const { done, value } = await next;
        if (done === true) return;
        yield value;
      }
    } finally {
      await answers.return?.();
    }
  }

  close(): Promise<void> {
    return this.#channel.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #callOf(path: string, method: string): Pick<TestCall, "client" | "member" | "method" | "path"> {
    const { client, member } = this.#site;
    return { client, member, method, path };
  }

  /** A disturbance may take its time; the call's own limits hold all the same. */
  #bounded(path: string, { signal, timeoutMs }: CallOptions, work: Promise<unknown>): Promise<unknown> {
    const { time } = this.#site;
    return new Promise((resolve, reject) => {
      const aborted = (): void => reject(signal?.reason);
      signal?.addEventListener("abort", aborted, { once: true });
      if (timeoutMs !== undefined) {
        const late = new RpcError(StatusCode.DEADLINE_EXCEEDED, "deadline exceeded", { method: path });
        void time.sleep(timeoutMs).then(() => reject(late));
      }
      work.then(resolve, reject).finally(() => signal?.removeEventListener("abort", aborted));
    });
  }
}

/** A client's own question whether the member is well, which carries no headers. No test is about those. */
function isProbe(path: string, { metadata }: CallOptions): boolean {
  return path === "/etcdserverpb.Maintenance/Status" && metadata === undefined;
}
