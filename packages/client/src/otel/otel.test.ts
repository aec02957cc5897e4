/** Spans and metrics that `instrument` makes of calls, watches and leases, through OpenTelemetry's own SDKs. */

import { AsyncLocalStorage } from "node:async_hooks";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { KV } from "@kvorum/proto";
import { RpcError, StatusCode } from "@kvorum/transport";
import { type ContextManager, context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Balancer } from "../net/balancer.js";
import { Caller } from "../net/caller.js";
import { Credentials } from "../net/credentials.js";
import { Endpoint } from "../net/endpoint.js";
import { callsAreTraced } from "../observe/call-trace.js";
import { Observer } from "../observe/observer.js";
import { WatchReport } from "../observe/watch-report.js";
import { FakeTransport } from "../testing/fake-transport.js";
import { ManualClock } from "../testing/manual-clock.js";
import { instrument } from "./index.js";

function setUp() {
  const transport = new FakeTransport();
  const clock = new ManualClock();
  const endpoints = ["http://a:2379", "unix:/run/b"].map((address) => new Endpoint(address, transport.factory, {}));
  const balancer = new Balancer(endpoints, "pick-first");
  const credentials = new Credentials(undefined, balancer, clock);
  const closed = new AbortController().signal;
  const caller = new Caller({ balancer, credentials, clock, random: () => 1, closed });
  return { transport, clock, caller };
}

const spans = new InMemorySpanExporter();
const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
let exporter: InMemoryMetricExporter;
let reader: PeriodicExportingMetricReader;
let meterProvider: MeterProvider;

/** Every point of a metric: its value (a histogram's count and sum) and its attributes. */
async function points(): Promise<Map<string, { value: unknown; attributes: object }[]>> {
  exporter.reset();
  await reader.forceFlush();
  const metrics = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
  return new Map(
    metrics.map(({ descriptor, dataPoints }) => [
      descriptor.name,
      dataPoints.map(({ attributes, value }) => ({
        attributes,
        value: typeof value === "number" ? value : "count" in value ? [value.count, value.sum] : value,
      })),
    ]),
  );
}

describe("an instrumented client", () => {
  let stop: () => void;
  beforeEach(() => {
    exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    meterProvider = new MeterProvider({ readers: [reader] });
    stop = instrument({ tracerProvider, meterProvider });
  });
  afterEach(async () => {
    stop();
    spans.reset();
    await meterProvider.shutdown();
  });

  it("makes one client span of a call, named as its method, with an event for every attempt", async () => {
    const { caller, transport, clock } = setUp();
    const errors = [new RpcError(StatusCode.UNAVAILABLE, "connect ECONNREFUSED", { maybeSent: false })];
    transport.answer = async () => {
      await clock.advance(25);
      const error = errors.shift();
      if (error !== undefined) throw error;
      return {};
    };
    const startedAtMs = clock.wallMs();
    await caller.unary(KV.method.put, { value: new Uint8Array([1]) }, "write");
    const [span] = spans.getFinishedSpans();
    expect(spans.getFinishedSpans()).toHaveLength(1);
    expect(span).toMatchObject({ name: "etcdserverpb.KV/Put", kind: SpanKind.CLIENT });
    expect(span?.attributes).toEqual({
      "rpc.system.name": "grpc",
      "rpc.method": "etcdserverpb.KV/Put",
      "rpc.response.status_code": "OK",
      "db.system.name": "etcd",
      "db.operation.name": "Put",
      "server.address": "/run/b",
      "etcd.operation": "write",
      "etcd.attempts": 2,
    });
    const seconds = (time: readonly [number, number] | undefined): number => (time?.[0] ?? 0) + (time?.[1] ?? 0) / 1e9;
    expect(seconds(span?.startTime)).toBeCloseTo(startedAtMs / 1_000, 3);
    expect(seconds(span?.endTime)).toBeCloseTo((startedAtMs + 50) / 1_000, 3);
    expect(span?.events.map(({ name, attributes }) => [name, attributes])).toEqual([
      [
        "etcd.attempt",
        {
          ...{ "etcd.attempt": 1, "server.address": "a", "server.port": 2379, "etcd.attempt.duration": 0.025 },
          ...{ "rpc.response.status_code": "UNAVAILABLE", "etcd.attempt.failure": "not-sent" },
        },
      ],
      [
        "etcd.attempt",
        {
          ...{ "etcd.attempt": 2, "server.address": "/run/b", "etcd.attempt.duration": 0.025 },
          "rpc.response.status_code": "OK",
        },
      ],
    ]);
  });

  it("ends the span of a call that fails with its reason, and says whether it may have taken effect", async () => {
    const { caller, transport } = setUp();
    transport.answer = () => {
      throw new RpcError(StatusCode.UNAVAILABLE, "etcdserver: request timed out");
    };
    await expect(caller.unary(KV.method.put, {}, "write")).rejects.toThrow();
    const [span] = spans.getFinishedSpans();
    expect(span?.status).toEqual({ code: SpanStatusCode.ERROR, message: "server-timeout" });
    expect(span?.attributes).toMatchObject({
      ...{ "error.type": "server-timeout", "rpc.response.status_code": "UNAVAILABLE", "etcd.outcome": "unknown" },
    });
  });

  it("counts durations, retries and calls under way", async () => {
    const { caller, transport, clock } = setUp();
    const errors = [new RpcError(StatusCode.UNAVAILABLE, "connect ECONNREFUSED", { maybeSent: false })];
    let during: Awaited<ReturnType<typeof points>> | undefined;
    transport.answer = async () => {
      await clock.advance(100);
      const error = errors.shift();
      if (error !== undefined) throw error;
      during = await points();
      return {};
    };
    await caller.unary(KV.method.range, {}, "read");
    const after = await points();
    const call = { "rpc.method": "etcdserverpb.KV/Range", "rpc.system.name": "grpc" };
    const attributes = { ...call, "db.system.name": "etcd", "db.operation.name": "Range" };
    expect(during?.get("etcd.client.call.in_flight")).toEqual([{ value: 1, attributes }]);
    expect(after.get("etcd.client.call.in_flight")).toEqual([{ value: 0, attributes }]);
    expect(after.get("etcd.client.call.retries")).toEqual([{ value: 1, attributes }]);
    const outcome = { "rpc.response.status_code": "OK", "server.address": "/run/b" };
    const duration = { value: [1, 0.2], attributes: { ...attributes, ...outcome } };
    expect(after.get("rpc.client.call.duration")).toEqual([duration]);
  });

  it("counts what watches report, how far their consumers are behind, and what becomes of watches and leases", async () => {
    const observer = new Observer();
    const report = new WatchReport(observer, { key: new Uint8Array([1]), rangeEnd: new Uint8Array() });
    report.created(7n);
    report.events(3, 5);
    report.disconnected();
    report.created(9n);
    const open = await points();
    expect(open.get("etcd.client.watch.open")).toMatchObject([{ value: 1 }]);
    expect(open.get("etcd.client.watch.events")).toMatchObject([{ value: 3 }]);
    expect(open.get("etcd.client.watch.lag")).toMatchObject([{ value: [1, 5] }]);
    const event = (name: string) => ({ value: 1, attributes: { "etcd.event": name } });
    const transitions = ["created", "disconnected", "resumed"].map(event);
    expect(open.get("etcd.client.watch.transitions")).toEqual(transitions);
    report.closed();
    report.closed();
    observer.lease(1n, { event: "granted", ttl: 5 });
    observer.lease(1n, { event: "lost", error: undefined });
    observer.connection("http://a:1", "cooling", "ready");
    const over = await points();
    expect(over.get("etcd.client.watch.open")).toMatchObject([{ value: 0 }]);
    expect(over.get("etcd.client.watch.transitions")).toEqual([...transitions, event("closed")]);
    expect(over.get("etcd.client.lease.transitions")).toEqual([event("granted"), event("lost")]);
    expect(over.get("etcd.client.connection.transitions")).toMatchObject([
      { value: 1, attributes: { "server.address": "a", "etcd.state": "cooling" } },
    ]);
  });

  it("stops with the function it gave", async () => {
    expect(callsAreTraced()).toBe(true);
    stop();
    expect(callsAreTraced()).toBe(false);
    await setUp().caller.unary(KV.method.range, {}, "read");
    expect(spans.getFinishedSpans()).toHaveLength(0);
  });
});

describe("the context of a span", () => {
  beforeAll(() => {
    context.setGlobalContextManager(contexts());
  });
  afterAll(() => context.disable());

  it("is that of whoever makes the call: the active span is the parent", async () => {
    const stop = instrument({ tracerProvider, meterProvider: false });
    const { caller } = setUp();
    const parent = tracerProvider.getTracer("test").startSpan("parent");
    const inside = trace.setSpan(ROOT_CONTEXT, parent);
    await context.with(inside, async () => {
      await Promise.resolve();
      await caller.unary(KV.method.range, {}, "read");
    });
    await caller.unary(KV.method.range, {}, "read");
    stop();
    const [child, other] = spans.getFinishedSpans();
    expect(child?.parentSpanContext?.spanId).toBe(parent.spanContext().spanId);
    expect(child?.spanContext().traceId).toBe(parent.spanContext().traceId);
    expect(other?.parentSpanContext).toBeUndefined();
    spans.reset();
  });
});

describe("OpenTelemetry's API", () => {
  it("is imported by this folder alone, and this folder by nobody", async () => {
    const source = fileURLToPath(new URL("..", import.meta.url));
    const files = (await readdir(source, { recursive: true })).filter((file) => file.endsWith(".ts"));
    const [own, others] = [true, false].map((mine) => files.filter((file) => file.startsWith("otel") === mine));
    const importing = async (list: readonly string[] = []): Promise<string[]> => {
      const texts = await Promise.all(list.map((file) => readFile(join(source, file), "utf8")));
      return list.filter((_, index) => /from "(@opentelemetry\/|.*\/otel\/)/.test(texts[index] ?? ""));
    };
    expect(await importing(own)).not.toEqual([]);
    expect(await importing(others)).toEqual([]);
  });
});

/** As the SDK for Node has one, in a few lines. */
function contexts(): ContextManager {
  const storage = new AsyncLocalStorage<ReturnType<typeof context.active>>();
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (active, body, self, ...args) => storage.run(active, () => body.call(self as never, ...args)),
    bind: (_, target) => target,
    enable: () => manager,
    disable: () => manager,
  };
  return manager;
}
