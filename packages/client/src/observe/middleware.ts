/**
 * Middleware: functions around every logical call, for whoever wants to audit, measure, redact or break things on purpose.
 * One call of `next` is one call with all its retries. `calls.ts` says what a call looks like.
 */
import type { DescMessage, DescMethod, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import type { StreamMethod, UnaryMethod } from "@kvorum/transport";
import type { CallOptions } from "../options.js";
import type { Operation } from "../retry.js";
import { type CallKind, type CallName, type ClientAnswer, type ClientCall, callNames } from "./calls.js";
import { keysOf } from "./keys-of.js";

/** Passes the call on, as it was or changed in `request` and `options`, to the next middleware and at last to etcd. */
export type NextCall = <N extends CallName>(
  call: Extract<ClientCall, { readonly method: N }>,
) => Promise<ClientAnswer<N>>;

/**
 * Sees each call before it is made and its answer after. It may pass on another request, answer without asking (a message,
 * or the fields of one), throw anything (the caller gets it as it is), or call `next` more than once.
 *
 * ```ts
 * const slowWrites: Middleware = async (call, next) => {
 *   if (call.method === "kv.put" && call.kind === "write") await delay(50);
 *   return next(call);
 * };
 * ```
 *
 * A watch is seen when it is created, not when it is resumed; `next` resolves when the server has it. What is changed in the
 * request of a watch or of a stream has no effect. Tokens are fetched underneath and are not seen.
 */
export type Middleware = (call: ClientCall, next: NextCall) => Promise<unknown>;

/** What a chain is run for. */
interface Chain {
  readonly method: CallName;
  readonly kind: CallKind;
  readonly namespace: Uint8Array;
  readonly send: (request: unknown, options: CallOptions) => Promise<unknown>;
}

const NO_NAMESPACE = new Uint8Array(0);

/** The middleware of one client. There is none of these where no middleware is given. */
export class Interceptor {
  readonly #middleware: readonly Middleware[];
  readonly #names: ReadonlyMap<DescMethod, CallName> = callNames();

  constructor(middleware: readonly Middleware[]) {
    this.#middleware = middleware;
  }

  /** Around a call that has one answer. */
  async call<I extends DescMessage, O extends DescMessage>(
    subject: {
      readonly method: UnaryMethod<I, O> | StreamMethod<I, O>;
      readonly operation: Operation;
      readonly namespace: Uint8Array;
    },
    request: MessageInitShape<I>,
    options: CallOptions,
    send: (request: MessageInitShape<I>, options: CallOptions) => Promise<MessageShape<O>>,
  ): Promise<MessageShape<O>> {
    const { method, operation, namespace } = subject;
    const chain: Chain = {
      ...{ method: this.#name(method), kind: kindOf(operation), namespace },
      send: (changed, wanted) => send(changed as MessageInitShape<I>, wanted),
    };
    options.signal?.throwIfAborted();
    const answer = (await this.#run(chain, 0, request, options)) as MessageInitShape<O>;
    return "$typeName" in answer ? (answer as MessageShape<O>) : create(method.output, answer);
  }

  /** Around the opening of a stream. One that many watches or leases share has no request of its own: then it is undefined. */
  async opening<I extends DescMessage, S extends object>(
    method: StreamMethod<I, DescMessage>,
    request: MessageInitShape<I> | undefined,
    signal: AbortSignal,
    open: (request: MessageInitShape<I> | undefined) => Promise<S>,
  ): Promise<S> {
    let opened: S | undefined;
    const name = this.#name(method);
    const chain: Chain = {
      ...{ method: name, kind: STREAM_KINDS[name] ?? "read", namespace: NO_NAMESPACE },
      send: async (changed) => {
        opened = await open(changed as MessageInitShape<I> | undefined);
      },
    };
    await this.#run(chain, 0, request, { signal });
    // A stream cannot be made up.
    if (opened === undefined) throw new TypeError(`a middleware must call next() when ${name} is opened, or throw`);
    return opened;
  }

  /** Around the creation of one watch. `created` creates it and resolves when a server has it. */
  async watch(
    request: WatchRequest,
    namespace: Uint8Array | undefined,
    options: CallOptions | undefined,
    created: () => Promise<bigint>,
  ): Promise<void> {
    let creating: Promise<bigint> | undefined;
    const send = async (): Promise<{ revision: bigint }> => {
      // Called again it waits for the same watch.
      creating ??= created();
      return { revision: await creating };
    };
    const chain: Chain = { method: "watch.watch", kind: "watch", namespace: namespace ?? NO_NAMESPACE, send };
    await this.#run(chain, 0, request, options ?? {});
    if (creating === undefined) throw new TypeError("a middleware must call next() when a watch is created, or throw");
  }

  async #run(chain: Chain, layer: number, request: unknown, options: CallOptions): Promise<unknown> {
    const middleware = this.#middleware[layer];
    if (middleware === undefined) return chain.send(request, options);
    const { method, kind, namespace } = chain;
    const call = {
      ...{ method, kind, namespace, request, options },
      get keys() {
        return keysOf(method, request);
      },
    } as ClientCall;
    const next = (changed: ClientCall): Promise<unknown> =>
      this.#run(chain, layer + 1, changed.request, changed.options);
    return middleware(call, next as NextCall);
  }

  #name(method: DescMethod): CallName {
    const name = this.#names.get(method);
    if (name === undefined) throw new TypeError(`${method.name} is not a method of this client`);
    return name;
  }
}

type WatchRequest = Extract<ClientCall, { readonly method: "watch.watch" }>["request"];

const STREAM_KINDS: Readonly<Partial<Record<CallName, CallKind>>> = {
  "watch.watch": "watch",
  "lease.leaseKeepAlive": "keepalive",
  "maintenance.snapshot": "admin",
};
const KINDS: Readonly<Record<string, CallKind>> = {
  read: "read",
  admin: "admin",
  watch: "watch",
  keepalive: "keepalive",
};

/** Grants, revocations and every sort of put are writes. */
function kindOf(operation: Operation): CallKind {
  return KINDS[operation] ?? "write";
}
