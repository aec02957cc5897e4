/** Leases that are kept alive without a pause, each by the next message of a stream. */
import { Lease } from "@kvorum/proto";
import { methodPath, niceChannel } from "@kvorum/transport";
import { meter } from "../meter.js";
import type { Readings } from "../readings.js";
import type { Server } from "../servers.js";
import { latencies } from "../statistics.js";
import { frameOf } from "./requests.js";
import type { WireConnection } from "./wire/connection.js";
import { MessageSplitter } from "./wire/messages.js";
import { WirePool } from "./wire/pool.js";

export interface KeepAliveShape {
  readonly connections: number;
  readonly streamsPerConnection: number;
  readonly leases: number;
  readonly seconds: number;
}

const PATH = methodPath(Lease.method.leaseKeepAlive);
const TTL = 600n;

export async function keepAlive(server: Server, shape: KeepAliveShape): Promise<Readings> {
  const frames = await grantLeases(server.endpoint, shape.leases);
  const pool = await WirePool.open(server.endpoint, shape.connections);
  try {
    return await meter(server, async () => {
      const times: Times = { tookMs: [], endMs: performance.now() + shape.seconds * 1000 };
      const streams = pool.connections.flatMap((connection) =>
        Array.from({ length: shape.streamsPerConnection }, () => openStream(connection, times, pool.fail)),
      );
      for (const [i, frame] of frames.entries()) streams[i % streams.length]?.(frame);
      await pool.unlessFailed(new Promise((resolve) => setTimeout(resolve, shape.seconds * 1000)));
      const operations = times.tookMs.length;
      const readings = { perSecond: operations / shape.seconds, ...latencies(Float64Array.from(times.tookMs)) };
      return { operations, readings };
    });
  } finally {
    pool.close();
  }
}

interface Times {
  readonly tookMs: number[];
  readonly endMs: number;
}

/** The answer keeps a lease alive from now on. A server answers the messages of a stream in their order. */
function openStream(
  connection: WireConnection,
  { tookMs, endMs }: Times,
  fail: (error: Error) => void,
): (frame: Uint8Array) => void {
  const splitter = new MessageSplitter();
  const asked: { readonly frame: Uint8Array; readonly startMs: number }[] = [];
  const send = connection.stream(PATH, {
    data: (chunk) => splitter.push(chunk, answered),
    ended: () => fail(new Error("the server ended a keepalive stream")),
  });
  const ask = (frame: Uint8Array): void => {
    asked.push({ frame, startMs: performance.now() });
    send(frame);
  };
  const answered = (): void => {
    const first = asked.shift();
    const nowMs = performance.now();
    if (first === undefined || nowMs > endMs) return;
    tookMs.push(nowMs - first.startMs);
    ask(first.frame);
  };
  return ask;
}

async function grantLeases(endpoint: string, count: number): Promise<Uint8Array[]> {
  await using channel = niceChannel(endpoint);
  const grants = Array.from({ length: count }, () => channel.unary(Lease.method.leaseGrant, { TTL }));
  return (await Promise.all(grants)).map(({ ID }) => frameOf(Lease.method.leaseKeepAlive.input, { ID }));
}
