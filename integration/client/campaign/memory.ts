/**
 * What the client keeps in memory, measured in a process of its own that may collect garbage: many watches on one stream, a
 * consumer that does not read, and many calls one after the other.
 */
import { type Client, createClient, type Watch } from "@kvorum/client";
import { eventually, pause } from "../../robustness/cluster/rpc.js";
import type { Outcome } from "./scene.js";

const WATCHES = 10_000;
/** Bytes of heap for one watch that waits, everything included. */
const BYTES_PER_WATCH_MAX = 6_000;

/** A watch holds 16 MiB; one answer more may be under way in each of the buffers below it, twice while it is decoded. */
const STALLED_BYTES_MAX = 28 * 1_024 * 1_024;
const STALLED_VALUE_BYTES = 64 * 1_024;
const STALLED_VALUES = 1_000;

const OPERATIONS_FIRST = 20_000;
const OPERATIONS_ALL = 100_000;
/** Bytes of heap that may differ between the two. */
const GROWTH_MAX = 1_500_000;
const IN_FLIGHT = 50;

/** What is closed is let go of by and by: by timers, by sockets that end. */
const SETTLES_MAX = 40;
const SETTLED_BYTES = 20_000;

export async function measureMemory(endpoint: string, outcome: Outcome): Promise<void> {
  await manyWatches(endpoint, outcome);
  await stalledConsumer(endpoint, outcome);
  await manyOperations(endpoint, outcome);
}

async function manyWatches(endpoint: string, outcome: Outcome): Promise<void> {
  await using client = createClient({ endpoints: endpoint });
  await client.ready();
  const before = (await settled()).heap;
  const watches = Array.from({ length: WATCHES }, (_, i) => client.watch(`watched/${i}`));
  await Promise.all(watches.map(({ ready }) => ready));
  const each = Math.round(((await settled()).heap - before) / WATCHES);
  console.log(`${WATCHES} watches on one client: ${each} bytes of heap each`);
  if (each > BYTES_PER_WATCH_MAX) outcome.wrong(`a watch takes ${each} bytes, more than ${BYTES_PER_WATCH_MAX}`);
  await client.put(`watched/${WATCHES - 1}`, "seen");
  for await (const event of watches[WATCHES - 1] as Watch<string>) {
    outcome.count("watches held", event.type === "put" ? WATCHES : 0);
    break;
  }
}

async function stalledConsumer(endpoint: string, outcome: Outcome): Promise<void> {
  await using client = createClient({ endpoints: endpoint });
  await using writer = createClient({ endpoints: endpoint });
  const { header } = await writer.put("stalled", "first");
  const before = await settled();
  await using watch = client.watch("stalled", { startRevision: header.revision + 1n, bufferSize: 100_000 });
  await watch.ready;
  const value = "x".repeat(STALLED_VALUE_BYTES);
  for (let i = 0; i < STALLED_VALUES; i += 10) {
    await Promise.all(Array.from({ length: 10 }, () => writer.put("stalled", value)));
  }
  const after = await settled();
  const held = after.heap + after.outside - before.heap - before.outside;
  const written = (STALLED_VALUES * STALLED_VALUE_BYTES) / 1_048_576;
  console.log(`a consumer that does not read holds ${(held / 1_048_576).toFixed(1)} MiB of ${written.toFixed(1)} MiB`);
  if (held > STALLED_BYTES_MAX) outcome.wrong(`a watch that is not read holds ${held} bytes`);
  if (watch.lag >= STALLED_VALUES) outcome.wrong("the consumer was to be behind by more than the watch holds");
  let seen = 0;
  for await (const _ of watch) if (++seen === STALLED_VALUES) break;
  outcome.count("events held back and delivered", seen);
}

async function manyOperations(endpoint: string, outcome: Outcome): Promise<void> {
  await using client = createClient({ endpoints: endpoint });
  await using watch = client.watch("operations");
  await watch.ready;
  const load = new Load(client);
  const reading = load.read(watch);
  await load.until(OPERATIONS_FIRST);
  const first = (await settled()).heap;
  await load.until(OPERATIONS_ALL);
  const growth = (await settled()).heap - first;
  await watch.close();
  await reading;
  console.log(`${load.done} operations: the heap after ${OPERATIONS_FIRST} of them and now differ by ${growth} bytes`);
  if (growth > GROWTH_MAX) outcome.wrong(`the heap grew by ${growth} bytes, more than ${GROWTH_MAX}`);
  outcome.count("operations", load.done);
}

/** Puts, each of them with an event of a watch, gets, and leases that are granted and revoked. */
class Load {
  readonly #client: Client;
  #puts = 0;
  #events = 0;
  #others = 0;

  constructor(client: Client) {
    this.#client = client;
  }

  get done(): number {
    return this.#puts + this.#events + this.#others;
  }

  async read(watch: Watch<string>): Promise<void> {
    for await (const _ of watch) this.#events += 1;
  }

  /** Resolves when so many operations are done and none is under way. */
  async until(total: number): Promise<void> {
    while (this.done < total) await Promise.all(Array.from({ length: IN_FLIGHT }, (_, i) => this.#one(i)));
    await eventually("every put has its event", 30_000, async () => this.#events === this.#puts || undefined);
  }

  async #one(i: number): Promise<void> {
    if (i === 0) {
      const { id } = await this.#client.lease.grant({ ttl: 60 });
      await this.#client.lease.revoke(id);
      this.#others += 2;
    } else if (i % 3 === 0) {
      await this.#client.get("operations");
      this.#others += 1;
    } else {
      await this.#client.put("operations", `value ${i}`);
      this.#puts += 1;
    }
  }
}

interface Memory {
  readonly heap: number;
  readonly outside: number;
}

/** Bytes after collections, on the heap and in buffers outside it, once they do not shrink any more. */
async function settled(): Promise<Memory> {
  let last = collected();
  for (let i = 0; i < SETTLES_MAX; i++) {
    await pause(50);
    const now = collected();
    if (now.heap + now.outside > last.heap + last.outside - SETTLED_BYTES) return now;
    last = now;
  }
  return last;
}

function collected(): Memory {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error("memory is measured under node --expose-gc");
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return { heap: heapUsed, outside: external };
}
