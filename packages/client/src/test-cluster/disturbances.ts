/** What a test does to the calls of its clients, between them and the network. */
import { RpcError, StatusCode } from "@kvorum/transport";

/**
 * One call of a client, as it leaves for a member. A call that is tried again is seen again. What a client asks only to find out
 * whether a member is well is not seen.
 */
export interface TestCall {
  /** The client's name. */
  readonly client: string;
  /** The name of the member that is asked. */
  readonly member: string;
  /** `Put`, `Range`, `Txn`, `LeaseGrant`, `Watch`, … as etcd's services have it. */
  readonly method: string;
  /** `/etcdserverpb.KV/Put` */
  readonly path: string;
  /** A stream: it is seen when it opens, and `next()` resolves at once with undefined. */
  readonly stream: boolean;
  /** etcd's message; undefined for a stream. Not to be changed. */
  readonly request: unknown;
}

/**
 * Stands around a call. `next()` sends it and resolves with the answer, which is to be returned; what it throws is what the
 * client gets (`connectionBroke()`, for instance). It may wait by `cluster.sleep`.
 */
export type Disturbance = (call: TestCall, next: () => Promise<unknown>) => Promise<unknown>;

/**
 * The error of a call whose connection breaks: to throw from a disturbance. `sent` (default true) says whether the request had
 * left by then; a client may send it again without a risk only if it had not.
 */
export function connectionBroke({ sent = true }: { readonly sent?: boolean } = {}): Error {
  return new RpcError(StatusCode.UNAVAILABLE, "the connection broke", { maybeSent: sent });
}

export class Disturbances {
  #hooks: readonly Disturbance[] = [];

  get any(): boolean {
    return this.#hooks.length > 0;
  }

  /** The last one added stands outermost. The answer takes it away. */
  add(hook: Disturbance): () => void {
    this.#hooks = [...this.#hooks, hook];
    return () => {
      this.#hooks = this.#hooks.filter((other) => other !== hook);
    };
  }

  clear(): void {
    this.#hooks = [];
  }

  around(call: TestCall, send: () => Promise<unknown>): Promise<unknown> {
    let next = send;
    for (const hook of this.#hooks) {
      const inner = next;
      next = async () => hook(call, inner);
    }
    return next();
  }
}

/** The members do as they are told, and the client never hears of it: of the next calls, or of all that the test picks. */
export function droppingReplies(which: number | ((call: TestCall) => boolean)): Disturbance {
  let left = typeof which === "number" ? which : Number.POSITIVE_INFINITY;
  return async (call, next) => {
    const dropped = !call.stream && left > 0 && (typeof which === "number" || which(call));
    if (!dropped) return next();
    left -= 1;
    // An error would be an answer as well.
    await next().catch(() => undefined);
    throw connectionBroke();
  };
}
