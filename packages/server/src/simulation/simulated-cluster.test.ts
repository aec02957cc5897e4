/** What connections of clients to simulated members do when the two cannot reach each other, and what a crash takes. */
import { KV, Watch } from "@kvorum/proto";
import { type Channel, type RpcError, StatusCode } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { clientUrl, type SimulatedClient, SimulatedCluster } from "./simulated-cluster.js";

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
const UNAVAILABLE = { code: StatusCode.UNAVAILABLE, maybeSent: true };
const NOT_SENT = { code: StatusCode.UNAVAILABLE, maybeSent: false };

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** One member that leads, a client of it, and a world that a test lets run. */
class Stage {
  readonly cluster: SimulatedCluster = new SimulatedCluster({
    ...{ size: 1, seed: 1, heartbeatMs: 100, electionMs: 1000, logger: SILENT },
    onMessage() {},
  });
  readonly client: SimulatedClient = this.cluster.addClient("app");
  readonly channel: Channel = this.cluster.connect(this.client, clientUrl("n1"));

  static async open(): Promise<Stage> {
    const stage = new Stage();
    stage.cluster.boot("n1");
    await stage.run(5_000);
    await stage.within(stage.get());
    return stage;
  }

  run(ms: number, done?: () => boolean): Promise<void> {
    const { world } = this.cluster;
    return world.run(world.nowMs + ms, () => {}, done);
  }

  /** The result of a call and how many milliseconds it took. */
  async within<T>(call: Promise<T>, ms = 60_000): Promise<{ readonly value: T | RpcError; readonly tookMs: number }> {
    const startMs = this.cluster.world.nowMs;
    let settled: { readonly value: T | RpcError } | undefined;
    call.then(
      (value) => {
        settled = { value };
      },
      (value: RpcError) => {
        settled = { value };
      },
    );
    await this.run(ms, () => settled !== undefined);
    if (settled === undefined) throw new Error(`nothing came of it within ${ms} ms`);
    return { value: settled.value, tookMs: this.cluster.world.nowMs - startMs };
  }

  get(): Promise<unknown> {
    return this.channel.unary(KV.method.range, { key: bytes("k") });
  }
}

describe("a connection to a simulated member", () => {
  it("breaks when its pings go unanswered, and the next one cannot be made", async () => {
    const stage = await Stage.open();
    stage.cluster.partition([["app"]]);
    const first = await stage.within(stage.get());
    expect(first.value).toMatchObject(UNAVAILABLE);
    expect(first.tookMs).toBe(15_000);
    const second = await stage.within(stage.get());
    expect(second.value).toMatchObject(NOT_SENT);
    expect(second.tookMs).toBe(5_000);
    const waiting = stage.within(stage.get());
    stage.cluster.heal();
    expect((await waiting).tookMs).toBeLessThan(10);
  });

  it("does not come back from a partition in which it has lost something", async () => {
    const stage = await Stage.open();
    stage.cluster.partition([["app"]]);
    const lost = stage.get();
    lost.catch(() => {});
    await stage.run(2_000);
    stage.cluster.heal();
    const { value, tookMs } = await stage.within(lost);
    expect(value).toMatchObject(UNAVAILABLE);
    expect(tookMs).toBeLessThan(10);
  });

  it("bears a partition in which nothing was sent, and a short silence", async () => {
    const stage = await Stage.open();
    async function* requests(): AsyncGenerator<{ requestUnion: { case: "createRequest"; value: object } }> {
      yield { requestUnion: { case: "createRequest", value: { key: bytes("k") } } };
      await new Promise(() => {});
    }
    const answers = stage.channel.stream(Watch.method.watch, requests())[Symbol.asyncIterator]();
    expect((await stage.within(answers.next())).value).toMatchObject({ value: { created: true } });
    const event = answers.next();
    event.catch(() => {});
    await stage.run(100);
    stage.cluster.partition([["app"]]);
    await stage.run(10_000);
    stage.cluster.heal();
    await stage.run(10_000);
    await stage.within(stage.channel.unary(KV.method.put, { key: bytes("k"), value: bytes("v") }));
    expect((await stage.within(event)).value).toMatchObject({ value: { events: [{ kv: { value: bytes("v") } }] } });
    // It breaks while nobody reads.
    stage.cluster.cutConnections([]);
    expect((await stage.within(answers.next())).value).toMatchObject(UNAVAILABLE);
  });

  it("carries a request as it was when it left", async () => {
    const stage = await Stage.open();
    const value = bytes("sent");
    const put = stage.channel.unary(KV.method.put, { key: bytes("k"), value });
    await Promise.resolve();
    await Promise.resolve();
    value.fill(0);
    await stage.within(put);
    expect((await stage.within(stage.get())).value).toMatchObject({ kvs: [{ value: bytes("sent") }] });
  });

  it("brings nothing to a client that stands still", async () => {
    const stage = await Stage.open();
    const call = stage.get();
    let settled = false;
    void call.finally(() => {
      settled = true;
    });
    stage.cluster.pause("app");
    await stage.run(20_000);
    expect(settled).toBe(false);
    stage.cluster.resume("app");
    expect((await stage.within(call)).tookMs).toBeLessThan(1);
  });
});

describe("a simulated member", () => {
  it("loses with the power what it has not synced", async () => {
    const { cluster } = await Stage.open();
    const { disk } = cluster.machine("n1");
    await disk.open("/wal/stray", "create");
    expect(await disk.list("/wal")).toContain("stray");
    cluster.crash("n1");
    expect(await disk.list("/wal")).not.toContain("stray");
    expect(cluster.failure).toBeUndefined();
  });
});
