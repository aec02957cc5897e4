/** A span for each logical call, with an event for every attempt. Its parent is the span that was active when it was made. */
import { context, type Span, SpanKind, SpanStatusCode, type Tracer } from "@opentelemetry/api";
import type { AttemptMessage, CallMessage } from "../observe/messages.js";
import { callAttributes, errorType, fullMethod, outcomeAttributes, serverAttributes } from "./attributes.js";

export class CallSpans {
  readonly #tracer: Tracer;
  readonly #spans = new WeakMap<CallMessage, Span>();

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  /** Runs where the call is made, in its caller's context. */
  start(message: CallMessage): void {
    const options = {
      kind: SpanKind.CLIENT,
      startTime: message.startedAtMs,
      attributes: { ...callAttributes(message), "etcd.operation": message.operation },
    };
    this.#spans.set(message, this.#tracer.startSpan(fullMethod(message), options, context.active()));
  }

  end(message: CallMessage): void {
    const span = this.#spans.get(message);
    if (span === undefined) return;
    this.#spans.delete(message);
    for (const [index, attempt] of message.tries.entries()) addAttempt(span, attempt, index + 1);
    span.setAttributes({ ...outcomeAttributes(message), "etcd.attempts": message.attempts });
    if (message.outcome !== "ok") {
      span.setAttribute("etcd.outcome", message.outcome);
      // No text of errors that are not ours: it may quote what is stored.
      span.setStatus({ code: SpanStatusCode.ERROR, message: errorType(message.error) });
    }
    // Not `Date.now()`: the wall clock may have been set meanwhile.
    span.end(message.startedAtMs + (message.durationMs ?? 0));
  }
}

function addAttempt(span: Span, attempt: AttemptMessage, number: number): void {
  const { code, durationMs, endpoint, failure, startedAtMs } = attempt;
  const attributes = {
    "etcd.attempt": number,
    ...serverAttributes(endpoint),
    ...(code !== undefined && { "rpc.response.status_code": code }),
    ...(durationMs !== undefined && { "etcd.attempt.duration": durationMs / 1_000 }),
    ...(failure !== undefined && { "etcd.attempt.failure": failure }),
  };
  span.addEvent("etcd.attempt", attributes, startedAtMs);
}
