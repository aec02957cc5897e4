/** Which function answers which path, and what is said of a path that leads nowhere. */
import type { DescMessage, DescMethod, DescService } from "@bufbuild/protobuf";
import { methodPath } from "../method.js";
import type { CallContext, ServiceImplementation } from "../server.js";
import { RpcError, StatusCode } from "../status.js";

export type ServedFunction = (request: unknown, context: CallContext) => unknown;

export interface ServedMethod {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly input: DescMessage;
  readonly output: DescMessage;
  readonly run: ServedFunction;
}

export class MethodTable {
  readonly #methods = new Map<string, ServedMethod>();
  readonly #services = new Set<string>();

  /** A method that the implementation leaves out has a function too, so that middleware sees calls of it. */
  add<S extends DescService>(service: S, implementation: ServiceImplementation<S>): void {
    const functions = implementation as Readonly<Record<string, ServedFunction | undefined>>;
    this.#services.add(service.typeName);
    for (const method of service.methods) {
      const path = methodPath(method);
      const run = functions[method.localName]?.bind(implementation) ?? this.#unimplemented(path);
      this.#methods.set(path, { path, ...streamsOf(method), input: method.input, output: method.output, run });
    }
  }

  find(path: string): ServedMethod | undefined {
    return this.#methods.get(path);
  }

  /** Why there is no such method, in grpc-go's words. */
  refusalOf(path: string): string {
    const end = path.lastIndexOf("/");
    if (!path.startsWith("/") || end === 0) return `malformed method name: ${JSON.stringify(path)}`;
    const service = path.slice(1, end);
    if (!this.#services.has(service)) return `unknown service ${service}`;
    return `unknown method ${path.slice(end + 1)} for service ${service}`;
  }

  #unimplemented(path: string): ServedFunction {
    return () => {
      throw new RpcError(StatusCode.UNIMPLEMENTED, this.refusalOf(path));
    };
  }
}

function streamsOf({ methodKind }: DescMethod): Pick<ServedMethod, "requestStream" | "responseStream"> {
  return {
    requestStream: methodKind === "client_streaming" || methodKind === "bidi_streaming",
    responseStream: methodKind === "server_streaming" || methodKind === "bidi_streaming",
  };
}
