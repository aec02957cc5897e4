/**
 * What watches every call from outside: it is counted from start to end, its messages too, and a unary one that takes too
 * long is logged. Stands around the guard, so that what is refused counts as well.
 *
 * The log tells sizes and counts, never keys or values: they are the users' own.
 */
import type { DescMessage, DescMethod, DescService } from "@bufbuild/protobuf";
import { messageSize } from "@kvorum/proto";
import { type CallContext, methodPath, type ServiceImplementation, StatusCode } from "@kvorum/transport";
import type { Clock } from "../env.js";
import type { LimitedLog } from "../log/limited-log.js";
import type { CallMeasures, MethodMeasures } from "./metrics/call-measures.js";
import { ObservedAnswers } from "./observed-answers.js";
import { traceOf } from "./trace.js";

export interface ObserveParts {
  readonly calls: CallMeasures;
  readonly clock: Pick<Clock, "nowMs">;
  readonly slow: LimitedLog;
  /** A unary call that takes longer is logged. */
  readonly warnUnaryMs: number;
}

type Handler = (request: unknown, context: CallContext) => unknown;

/** The same implementation, watched. */
export function observe<S extends DescService>(
  service: S,
  implementation: ServiceImplementation<S>,
  parts: ObserveParts,
): ServiceImplementation<S> {
  const handlers = implementation as Readonly<Record<string, Handler | undefined>>;
  const observed: Record<string, Handler> = {};
  for (const method of service.methods) {
    const measures = parts.calls.ofMethod(method);
    const handler = handlers[method.localName];
    if (handler === undefined) continue;
    observed[method.localName] =
      method.methodKind === "unary"
        ? aroundUnary(method, handler, measures, parts)
        : aroundStream(method, handler, measures, parts);
  }
  return observed as ServiceImplementation<S>;
}

function aroundUnary(method: DescMethod, handler: Handler, measures: MethodMeasures, parts: ObserveParts): Handler {
  const { calls, clock, warnUnaryMs } = parts;
  return async (request, context) => {
    const startMs = clock.nowMs();
    measures.started.add();
    measures.received.add();
    calls.countClient("unary", clientVersion(context));
    let code: number = StatusCode.OK;
    let answer: unknown;
    try {
      answer = await handler(request, context);
      measures.sent.add();
      return answer;
    } catch (error) {
      code = codeOf(error, context);
      throw error;
    } finally {
      const tookMs = clock.nowMs() - startMs;
      measures.handled(code).add();
      measures.handling?.observe(tookMs / 1000);
      const { request: requests } = measures;
      if (requests !== undefined)
        (code === StatusCode.OK ? requests.succeeded : requests.failed).observe(tookMs / 1000);
      if (tookMs > warnUnaryMs) tellSlow(method, { request, answer, code, tookMs, context }, parts);
    }
  };
}

function aroundStream(method: DescMethod, handler: Handler, measures: MethodMeasures, parts: ObserveParts): Handler {
  const { calls, clock } = parts;
  const asksOnce = method.methodKind === "server_streaming";
  return (request, context) => {
    const startMs = clock.nowMs();
    measures.started.add();
    calls.countClient("stream", clientVersion(context));
    if (asksOnce) measures.received.add();
    const asked = asksOnce ? request : counted(request as AsyncIterable<unknown>, measures);
    const handled = (code: number): void => {
      measures.handled(code).add();
      measures.handling?.observe((clock.nowMs() - startMs) / 1000);
    };
    return new ObservedAnswers(() => handler(asked, context) as AsyncIterable<unknown>, {
      sent: () => measures.sent.add(),
      failed: (error) => handled(codeOf(error, context)),
      // Who leaves without a word is a client that has gone.
      ended: (how) => handled(how === "finished" ? StatusCode.OK : StatusCode.CANCELLED),
    });
  };
}

async function* counted(requests: AsyncIterable<unknown>, { received }: MethodMeasures): AsyncGenerator<unknown> {
  for await (const request of requests) {
    received.add();
    yield request;
  }
}

interface SlowCall {
  readonly request: unknown;
  /** Undefined after an error. */
  readonly answer: unknown;
  readonly code: number;
  readonly tookMs: number;
  readonly context: CallContext;
}

function tellSlow(method: DescMethod, call: SlowCall, { slow }: ObserveParts): void {
  const { request, answer, code, tookMs, context } = call;
  const { requestId } = traceOf(context);
  slow.warn("a request took long", () => ({
    method: methodPath(method),
    remote: context.peer,
    tookMs: Math.round(tookMs),
    code,
    requestBytes: bytesOf(method.input, request),
    requestCount: itemsOf(request),
    responseBytes: answer === undefined ? 0 : bytesOf(method.output, answer),
    responseCount: itemsOf(answer),
    ...(requestId === undefined ? {} : { requestId: requestId.toString(16) }),
    ...revisionOf(answer),
  }));
}

/** Every change of keys has a revision of its own; it is what the caller was told. */
function revisionOf(answer: unknown): { readonly revision?: string } {
  const { header } = (answer ?? {}) as { readonly header?: { readonly revision?: bigint } };
  return header?.revision ? { revision: String(header.revision) } : {};
}

/** Counted, not encoded: what is slow is often large, and a busy node has enough to do. */
function bytesOf(schema: DescMessage, message: unknown): number {
  return messageSize(schema, message as Record<string, unknown>);
}

/** Pairs in an answer, operations in a transaction; 1 for whatever has neither. */
function itemsOf(message: unknown): number {
  if (typeof message !== "object" || message === null) return 0;
  const lists = ["kvs", "prevKvs", "responses", "success", "failure", "leases", "members", "alarms"] as const;
  const found = lists.map((name) => (message as Readonly<Record<string, unknown>>)[name]).filter(Array.isArray);
  return found.length === 0 ? 1 : found.reduce((sum, list) => sum + list.length, 0);
}

function clientVersion(context: CallContext): string | undefined {
  const version = context.metadata.get("client-api-version");
  return typeof version === "string" ? version : undefined;
}

function codeOf(error: unknown, context: CallContext): number {
  if (typeof error === "object" && error !== null && "code" in error && typeof error.code === "number")
    return error.code;
  return context.signal.aborted ? StatusCode.CANCELLED : StatusCode.UNKNOWN;
}
