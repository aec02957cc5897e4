/** A workload of unary calls on a server: recorded or fresh requests, what they cost, and whether the puts are really there. */
import { KV } from "@kvorum/proto";
import { niceChannel } from "@kvorum/transport";
import { type Load, run } from "../load/load.js";
import { meter } from "../meter.js";
import type { Target, Workload } from "../plan.js";
import type { Server } from "../servers.js";

export interface UnaryWorkload extends Omit<Workload<Server>, "measure"> {
  readonly load: Load;
  /** Share of the calls that make a new revision. */
  readonly writes: number;
}

export function unary({ load, writes, ...about }: UnaryWorkload): Workload<Server> {
  return {
    ...about,
    measure: (server, seconds) =>
      meter(
        server,
        async () => {
          const before = await revisionOf(server);
          const { calls, ...readings } = await run(server.endpoint, load, seconds);
          const made = Number((await revisionOf(server)) - before);
          // The mixture may be off by what each connection had under way.
          const least = calls * writes - (writes < 1 ? load.connections * load.callersPerConnection : 0);
          if (made < least) throw new Error(`${server.name}, ${about.name}: ${calls} calls made ${made} revisions`);
          return { operations: calls, readings };
        },
        { writes: writes > 0 },
      ),
  };
}

async function revisionOf({ endpoint }: Server): Promise<bigint> {
  await using channel = niceChannel(endpoint);
  const { header } = await channel.unary(KV.method.range, { key: Uint8Array.of(0) });
  if (header === undefined) throw new Error(`${endpoint} answers without a header`);
  return header.revision;
}

export function kvorumOverEtcd(metric: Target["metric"], bound: Pick<Target, "atLeast" | "atMost">): Target {
  return { metric, subject: "kvorum", over: "etcd", ...bound };
}
