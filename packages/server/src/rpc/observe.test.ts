/** What is counted of calls, whatever they end with, and which of them are told of. */
import { KV, Watch } from "@kvorum/proto";
import { type CallContext, RpcError, StatusCode } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { LimitedLog } from "../log/limited-log.js";
import { CallMeasures } from "./metrics/call-measures.js";
import { observe } from "./observe.js";
import { traceOf } from "./trace.js";

class Fixture {
  readonly calls: CallMeasures = new CallMeasures(true);
  readonly lines: Readonly<Record<string, unknown>>[] = [];
  nowMs = 0;
  readonly #clock = { nowMs: (): number => this.nowMs };
  readonly parts = {
    calls: this.calls,
    clock: this.#clock,
    slow: new LimitedLog(
      { debug() {}, info() {}, error() {}, warn: (fields) => void this.lines.push(fields as never) },
      this.#clock,
    ),
    warnUnaryMs: 300,
  };

  value(name: string, ...labels: readonly string[]): number | undefined {
    const measure = this.calls.all.find((one) => one.name === name);
    for (const member of measure?.read() ?? []) {
      if (member.labels.join() !== labels.join()) continue;
      return "value" in member.measure ? member.measure.value : member.measure.counts.reduce((a, b) => a + b);
    }
    return undefined;
  }
}

function context(version?: string): CallContext {
  const { signal } = new AbortController();
  const get = (name: string) => (name === "client-api-version" ? version : undefined);
  return { metadata: { get }, signal, peer: "127.0.0.1:5", path: "" } as unknown as CallContext;
}

const PUT = ["unary", "etcdserverpb.KV", "Put"] as const;
const WATCH = ["bidi_stream", "etcdserverpb.Watch", "Watch"] as const;
const request = { key: new TextEncoder().encode("secret"), value: new Uint8Array(10) } as never;

describe("a unary call", () => {
  it("is counted with its code, also when it is refused", async () => {
    const fixture = new Fixture();
    expect(fixture.value("grpc_server_started_total", ...PUT)).toBeUndefined();
    let refusal: unknown;
    const { put } = observe(
      KV,
      {
        put: () => {
          if (refusal !== undefined) throw refusal;
          fixture.nowMs += 20;
          return {};
        },
      },
      fixture.parts,
    );
    expect(fixture.value("grpc_server_started_total", ...PUT), "from the start").toBe(0);
    expect(fixture.value("grpc_server_started_total", "unary", "etcdserverpb.KV", "Compact")).toBe(0);
    await put?.(request, context("3.5"));
    refusal = new RpcError(StatusCode.PERMISSION_DENIED, "no");
    await expect(put?.(request, context("4.1"))).rejects.toBe(refusal);
    refusal = new Error("what?");
    await expect(put?.(request, context())).rejects.toBe(refusal);
    expect(fixture.value("grpc_server_started_total", ...PUT)).toBe(3);
    expect(fixture.value("grpc_server_msg_received_total", ...PUT)).toBe(3);
    expect(fixture.value("grpc_server_msg_sent_total", ...PUT)).toBe(1);
    for (const code of ["OK", "PermissionDenied", "Unknown"]) {
      expect(fixture.value("grpc_server_handled_total", ...PUT, code), code).toBe(1);
    }
    for (const version of ["3.5", "other", "unknown"]) {
      expect(fixture.value("etcd_server_client_requests_total", "unary", version), version).toBe(1);
    }
    expect(fixture.value("grpc_server_handling_seconds", ...PUT)).toBe(3);
    expect(fixture.value("etcd_server_request_duration_seconds", "Put", "true")).toBe(1);
    expect(fixture.value("etcd_server_request_duration_seconds", "Put", "false")).toBe(2);
    expect(fixture.lines).toEqual([]);
  });

  it("that took too long is told with sizes, an end by an error too", async () => {
    const fixture = new Fixture();
    let fails = false;
    const { put } = observe(
      KV,
      {
        put: (_, context) => {
          fixture.nowMs += 301;
          if (fails) traceOf(context).requestId = 0xabcn;
          if (fails) throw new RpcError(StatusCode.UNAVAILABLE, "later");
          return { header: { revision: 7n } };
        },
      },
      fixture.parts,
    );
    await put?.(request, context());
    fails = true;
    await expect(put?.(request, context())).rejects.toThrow("later");
    const common = {
      method: "/etcdserverpb.KV/Put",
      remote: "127.0.0.1:5",
      tookMs: 301,
      requestBytes: 20,
      requestCount: 1,
    };
    expect(fixture.lines).toEqual([
      { ...common, code: StatusCode.OK, responseBytes: 4, responseCount: 1, revision: "7" },
      { ...common, code: StatusCode.UNAVAILABLE, responseBytes: 0, responseCount: 0, requestId: "abc" },
    ]);
  });
});

describe("a stream", () => {
  async function* requests(count: number): AsyncGenerator<never> {
    for (let i = 0; i < count; i++) yield {} as never;
  }

  it("is counted with its messages, and as canceled when the client has gone", async () => {
    const fixture = new Fixture();
    const { watch } = observe(
      Watch,
      {
        async *watch(asked) {
          for await (const _ of asked) yield {};
        },
      },
      fixture.parts,
    );
    for await (const _ of watch?.(requests(3), context()) ?? []);
    for await (const _ of watch?.(requests(3), context()) ?? []) break;
    expect(fixture.value("grpc_server_started_total", ...WATCH)).toBe(2);
    expect(fixture.value("grpc_server_msg_received_total", ...WATCH)).toBe(4);
    expect(fixture.value("grpc_server_msg_sent_total", ...WATCH)).toBe(4);
    expect(fixture.value("grpc_server_handled_total", ...WATCH, "OK")).toBe(1);
    expect(fixture.value("grpc_server_handled_total", ...WATCH, "Canceled")).toBe(1);
    expect(fixture.value("etcd_server_client_requests_total", "stream", "unknown")).toBe(2);
  });
});
