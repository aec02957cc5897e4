/**
 * A few keys of which everything is known: each has one writer, who counts in it one up at a time and only from the count that
 * it knows, so that no late copy of a write can have an effect. Value and version of such a key are always the same number.
 * Readers at all members and a watch from the beginning are held against that: a read sees everything that was acknowledged
 * before it was asked and nothing that was not asked for; the watch sees every count once, in order.
 */
import { type Client, type KeyValue, prefix, type Watch } from "@kvorum/client";
import { pause } from "../robustness/cluster/rpc.js";
import { pick } from "../support/random.js";
import { type Actor, type Scene, steadily, type Worker } from "./scene.js";
import type { Tally } from "./tally.js";

const COUNTERS = 6;
const WRITES_EVERY_MS = 400;
const READS_EVERY_MS = 150;
const PATIENCE_MS = 30_000;

/** One key as its writer knows it. */
class Counter {
  readonly key: string;
  /** The newest count that was acknowledged, with its revision; 0 when there is none. */
  acknowledged = 0;
  revision = 0n;
  /** The newest count that was asked for. */
  asked = 0;
  /** The newest count that the watch has told. */
  watched = 0;

  constructor(number: number) {
    this.key = `ledger/${number}`;
  }
}

export class Ledger {
  readonly #counters = Array.from({ length: COUNTERS }, (_, number) => new Counter(number));
  #writing: Promise<unknown> = Promise.resolve();

  /** Counts. */
  readonly write: Actor = async ({ workers, tally, signal }) => {
    this.#writing = Promise.all(
      this.#counters.map((counter, number) => {
        const worker = workers[number % workers.length] as Worker;
        return steadily(WRITES_EVERY_MS, signal, () => count(counter, worker, tally));
      }),
    );
    await this.#writing;
  };

  /** Reads at members by turns. */
  readonly read: Actor = async ({ workers, tally, random, signal }) => {
    await steadily(READS_EVERY_MS, signal, () =>
      this.#look(pick(random, this.#counters), pick(random, workers), tally),
    );
  };

  /** Watches at one member through the whole run, its restart included. */
  readonly watch: Actor = async ({ workers, tally, signal }) => {
    const { client } = workers[0] as Worker;
    const startMs = performance.now();
    const watch = client.watch(prefix("ledger/"), { startRevision: 1n });
    const listening = this.#listen(watch, tally).catch((error: unknown) =>
      tally.failed("watch of the ledger", error, startMs),
    );
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    // Calls that were under way when the load ended are acknowledged, too.
    await this.#writing;
    const end = performance.now() + PATIENCE_MS;
    while (this.#unwatched().length > 0 && performance.now() < end) await pause(50);
    await watch.close();
    await listening;
  };

  /** After the load: every member has all that was acknowledged, and the watch has told it. */
  async check({ workers, tally }: Scene): Promise<void> {
    for (const { key, acknowledged, watched } of this.#unwatched()) {
      tally.problem(`the watch of ${key} ended at ${watched}, and ${acknowledged} was acknowledged`);
    }
    for (const counter of this.#counters) {
      if (counter.acknowledged === 0) tally.problem(`nothing was written to ${counter.key}`);
      for (const worker of workers) await this.#look(counter, worker, tally);
      tally.count("counted in the ledger", counter.acknowledged);
    }
  }

  async #look(counter: Counter, { member, client }: Worker, tally: Tally): Promise<void> {
    const least = counter.acknowledged;
    await tally.call("read of the ledger", async () => {
      const pair = await client.get(counter.key);
      const found = pair === undefined ? 0 : Number(pair.value);
      if (found < least || found > counter.asked) {
        tally.problem(`${member.name} has ${found} at ${counter.key}, not ${least} to ${counter.asked}`);
      }
      checkPair(pair, tally);
    });
  }

  async #listen(watch: Watch<string>, tally: Tally): Promise<void> {
    for await (const event of watch) {
      if (event.type !== "put") {
        tally.problem(`the watch of the ledger told a ${event.type}`);
        continue;
      }
      const counter = this.#counters.find(({ key }) => key === event.kv.key);
      if (counter === undefined) throw new Error(`nobody writes ${event.kv.key}`);
      checkPair(event.kv, tally);
      const told = Number(event.kv.value);
      if (told !== counter.watched + 1) {
        tally.problem(`the watch of ${counter.key} told ${told} after ${counter.watched}`);
      }
      counter.watched = told;
      tally.count("ledger events");
    }
  }

  #unwatched(): Counter[] {
    return this.#counters.filter(({ watched, acknowledged }) => watched < acknowledged);
  }
}

/** One up from what is known. A call of unknown outcome is asked for again, which finds it done or does it. */
async function count(counter: Counter, { client }: Worker, tally: Tally): Promise<void> {
  const next = counter.acknowledged + 1;
  counter.asked = next;
  await tally.call("count", async () => {
    const result = await set(client, counter, next);
    counter.acknowledged = next;
    counter.revision = result;
  });
}

/** The revision of the count. Errors: those of the call, and an `Error` when somebody else has written. */
async function set(client: Client, counter: Counter, next: number): Promise<bigint> {
  const result = await client.compareAndSet(counter.key, counter.revision, String(next));
  if (result.ok) return result.revision;
  const { current } = result;
  if (current?.value !== String(next)) {
    throw new Error(`${counter.key} is ${current?.value ?? "gone"}, and its writer knows of ${counter.acknowledged}`);
  }
  // An earlier attempt, whose answer was lost.
  return current.modRevision;
}

function checkPair(pair: KeyValue<string> | undefined, tally: Tally): void {
  if (pair === undefined || pair.version === BigInt(pair.value)) return;
  tally.problem(`${pair.key} is ${pair.value} at version ${pair.version}`);
}
