/**
 * The services that gRPC serves, called in this process: it collects the same guarded implementations as an RPC server
 * does, so that a request by HTTP passes the same checks and is counted like any other.
 */
import type { DescMethod, DescService, Message } from "@bufbuild/protobuf";
import { type CallContext, methodPath, RpcError, type ServiceImplementation, StatusCode } from "@kvorum/transport";

type Handler = (request: unknown, context: CallContext) => unknown;

/** What a handler answers: the fields of the method's output. */
export type Answer = object;

export class LocalServices {
  readonly #handlers = new Map<string, Handler>();

  /** As `RpcServer.add`. */
  add<S extends DescService>(service: S, implementation: ServiceImplementation<S>): void {
    const handlers = implementation as Readonly<Record<string, Handler | undefined>>;
    for (const method of service.methods) {
      const handler = handlers[method.localName];
      if (handler !== undefined) this.#handlers.set(methodPath(method), handler);
    }
  }

  /** A method with one answer. Errors: what the handler throws; UNIMPLEMENTED without one. */
  async unary(method: DescMethod, request: Message, context: CallContext): Promise<Answer> {
    return (await this.#handlerOf(method)(request, context)) as Answer;
  }

  /** A method with a stream of answers. `request` is the one message, or the stream of them, that the method takes. */
  stream(method: DescMethod, request: Message | AsyncIterable<Message>, context: CallContext): AsyncIterable<Answer> {
    return this.#handlerOf(method)(request, context) as AsyncIterable<Answer>;
  }

  #handlerOf(method: DescMethod): Handler {
    const handler = this.#handlers.get(methodPath(method));
    if (handler !== undefined) return handler;
    throw new RpcError(StatusCode.UNIMPLEMENTED, `unknown method ${method.name} for service ${method.parent.typeName}`);
  }
}

export function takesStream(method: DescMethod): boolean {
  return method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming";
}

export function answersWithStream(method: DescMethod): boolean {
  return method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming";
}
