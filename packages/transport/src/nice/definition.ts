/**
 * A protobuf-es service and its implementation, in the shape nice-grpc's server wants: methods keyed by their local
 * name, with path, stream flags and serializers.
 */
import type { DescMessage, DescMethod, DescService } from "@bufbuild/protobuf";
import type { Slab } from "@kvorum/proto";
import type { CallContext as NiceCallContext } from "nice-grpc-common";
import { decode, messageSlab } from "../codec.js";
import { methodPath } from "../method.js";
import type { CallContext, MessageTraffic, RpcServerOptions, ServiceImplementation } from "../server.js";
import { RpcError, StatusCode } from "../status.js";
import { ValueCounter } from "../values.js";
import { NiceContext } from "./call-context.js";
import { encode } from "./codec.js";
import { takeCertificateName } from "./grpc-server.js";
import type { RunningCalls } from "./running-calls.js";
import { toServerError } from "./server-error.js";
import { untilAborted } from "./until-aborted.js";

export interface NiceMethodDefinition {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  requestSerialize(message: unknown): Uint8Array;
  requestDeserialize(bytes: Uint8Array): unknown;
  responseSerialize(message: unknown): Uint8Array;
  responseDeserialize(bytes: Uint8Array): unknown;
  readonly options: { readonly idempotencyLevel?: "IDEMPOTENT" | "NO_SIDE_EFFECTS" };
}

type NiceHandler = (request: unknown, context: NiceCallContext) => unknown;
type Implemented = (request: unknown, context: CallContext) => unknown;

/** `traffic` is told of the messages that a server takes and gives, of those with too many values too. */
export function niceDefinition(
  service: DescService,
  options: Pick<RpcServerOptions, "traffic" | "requestValuesMax"> = {},
): Record<string, NiceMethodDefinition> {
  const counter = new ValueCounter();
  const slab = messageSlab();
  const { traffic, requestValuesMax = Number.POSITIVE_INFINITY } = options;
  const check = (schema: DescMessage, bytes: Uint8Array): void => {
    if (counter.hasMoreThan(requestValuesMax, schema, bytes)) throw new RangeError("a request has too many values");
  };
  return Object.fromEntries(
    service.methods.map((method) => [method.localName, methodDefinition(method, traffic, check, slab)]),
  );
}

/** Every method of the service; one that the implementation leaves out answers UNIMPLEMENTED with grpc-go's text. */
export function niceImplementation<S extends DescService>(
  service: S,
  implementation: ServiceImplementation<S>,
  running: RunningCalls,
): Record<string, NiceHandler> {
  const functions = implementation as Readonly<Record<string, Implemented | undefined>>;
  return Object.fromEntries(
    service.methods.map((method) => {
      const implemented = functions[method.localName]?.bind(implementation) ?? unimplemented(method);
      const streams = method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming";
      return [
        method.localName,
        streams ? streamHandler(method, implemented, running) : unaryHandler(method, implemented, running),
      ];
    }),
  );
}

function methodDefinition(
  method: DescMethod,
  traffic: MessageTraffic | undefined,
  check: (schema: DescMessage, bytes: Uint8Array) => void,
  slab: Slab,
): NiceMethodDefinition {
  const kind = method.methodKind;
  return {
    path: methodPath(method),
    requestStream: kind === "client_streaming" || kind === "bidi_streaming",
    responseStream: kind === "server_streaming" || kind === "bidi_streaming",
    requestSerialize: (message) => encode(method.input, message as Record<string, unknown>, slab),
    requestDeserialize: (bytes) => {
      traffic?.received(bytes.length);
      check(method.input, bytes);
      return decode(method.input, bytes);
    },
    responseSerialize: (message) => {
      const bytes = encode(method.output, message as Record<string, unknown>, slab);
      traffic?.sent(bytes.length);
      return bytes;
    },
    responseDeserialize: (bytes) => decode(method.output, bytes),
    options: {},
  };
}

function unimplemented(method: DescMethod): Implemented {
  return () => {
    const details = `unknown method ${method.name} for service ${method.parent.typeName}`;
    throw new RpcError(StatusCode.UNIMPLEMENTED, details);
  };
}

function unaryHandler(method: DescMethod, implemented: Implemented, running: RunningCalls): NiceHandler {
  const path = methodPath(method);
  return async (request, context) => {
    running.started();
    try {
      return await implemented(request, new NiceContext(context, path, takeCertificateName(context)));
    } catch (error) {
      throw toServerError(error, context);
    } finally {
      running.ended();
    }
  };
}

function streamHandler(method: DescMethod, implemented: Implemented, running: RunningCalls): NiceHandler {
  const path = methodPath(method);
  return async function* (request, context) {
    running.started();
    try {
      yield* untilAborted(
        implemented(request, new NiceContext(context, path, takeCertificateName(context))) as AsyncIterable<unknown>,
        context.signal,
      );
    } catch (error) {
      throw toServerError(error, context);
    } finally {
      running.ended();
    }
  };
}
