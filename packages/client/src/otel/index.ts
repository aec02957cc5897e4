/**
 * `@kvorum/client/otel`: spans and metrics of every client of this process, made from what the client publishes on
 * `node:diagnostics_channel`. The client itself knows nothing of OpenTelemetry; `@opentelemetry/api` is needed only here.
 */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type MeterProvider, metrics, type TracerProvider, trace } from "@opentelemetry/api";
import { CHANNELS, callChannel } from "../observe/channels.js";
import type { CallMessage, ConnectionMessage, LeaseMessage, WatchMessage } from "../observe/messages.js";
import { ClientMetrics } from "./metrics.js";
import { CallSpans } from "./spans.js";

export interface InstrumentOptions {
  /** Default: the global one. `false`: no spans. */
  readonly tracerProvider?: TracerProvider | false;
  /** Default: the global one. `false`: no metrics. */
  readonly meterProvider?: MeterProvider | false;
}

const SCOPE = "@kvorum/client";

/**
 * Starts spans and metrics for all clients of this process and gives the function that stops them. Call it once, after the
 * providers are registered. Calls that are under way already are left out.
 *
 * A span is named as its method (`etcdserverpb.KV/Put`) and has `rpc.*`, `db.*`, `server.*` and `error.type` of the semantic
 * conventions, `etcd.attempts`, `etcd.outcome` where it failed, and an event `etcd.attempt` for each attempt. The span that is
 * active where the call is made is its parent. Keys and values are never recorded.
 */
export function instrument(options: InstrumentOptions = {}): () => void {
  const { tracerProvider = trace.getTracerProvider(), meterProvider = metrics.getMeterProvider() } = options;
  const spans = tracerProvider === false ? undefined : new CallSpans(tracerProvider.getTracer(SCOPE));
  const figures = meterProvider === false ? undefined : new ClientMetrics(meterProvider.getMeter(SCOPE));
  const call = {
    start: (message: CallMessage): void => {
      spans?.start(message);
      figures?.callStarted(message);
    },
    asyncEnd: (message: CallMessage): void => {
      spans?.end(message);
      figures?.callEnded(message);
    },
    end: ignore,
    asyncStart: ignore,
    error: ignore,
  };
  callChannel.subscribe(call);
  const others: [string, (message: unknown) => void][] =
    figures === undefined
      ? []
      : [
          [CHANNELS.connection, (message) => figures.connection(message as ConnectionMessage)],
          [CHANNELS.watch, (message) => figures.watch(message as WatchMessage)],
          [CHANNELS.lease, (message) => figures.lease(message as LeaseMessage)],
        ];
  for (const [name, listener] of others) subscribe(name, listener);
  return () => {
    callChannel.unsubscribe(call);
    for (const [name, listener] of others) unsubscribe(name, listener);
  };
}

function ignore(): void {
  // The object has to have a function for each of the five; what these tell is in `start` and `asyncEnd` already.
}
