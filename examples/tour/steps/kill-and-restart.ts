/** The node is killed while it is written to, and started again: every write that was acknowledged is there. */
import { type Client, isEtcdError, prefix } from "@kvorum/client";
import { expect, type Step } from "../stage.js";

const WRITERS = 16;
/** Acknowledged writes after which the node is killed. */
const WRITES_BEFORE = 300;
const KEY = "ledger/";

export const killAndRestart: Step = {
  title: "The node killed and restarted",
  async play(stage) {
    const { client, node } = stage;
    const ledger = new Ledger(client);
    await using watch = client.watch(prefix(KEY));
    await watch.ready;
    const seen = new Set<string>();
    const watching = collect(watch, seen);
    // Awaited at the end; a step that fails before that has its own error to report.
    watching.catch(() => undefined);

    await stage.ask(
      `${WRITERS} writers, and then kill -9 ${node.pid}`,
      async () => {
        const writing = ledger.write();
        await ledger.until(WRITES_BEFORE);
        await node.kill();
        await writing;
      },
      () => `${ledger.acknowledged.size} writes acknowledged`,
    );
    const startMs = await stage.ask(
      "start it again on the same data",
      () => node.start(),
      () => "ready to serve",
    );
    const there = await stage.ask(
      `keys(prefix("${KEY}"))`,
      () => client.keys(prefix(KEY)),
      (keys) => `${keys.length} keys`,
    );
    const lost = [...ledger.acknowledged].filter((key) => !there.includes(key));
    expect(lost.length === 0, `no acknowledged write is lost, but ${lost.length} are`);
    // Written with an unknown outcome and there all the same is fine; the watch has to have told of it.
    await stage.ask(
      "the watch that was open all the time",
      async () => {
        await client.put(`${KEY}end`, "end");
        await watching;
      },
      () => `has reported all ${seen.size - 1}, each once`,
    );
    expect(
      there.every((key) => seen.has(key)),
      "the watch has missed nothing",
    );
    return `${ledger.acknowledged.size} writes, none lost, back in ${startMs.toFixed(0)} ms`;
  },
};

/** Writers that each put one key after the other until the node is gone, and what was acknowledged to them. */
class Ledger {
  readonly acknowledged = new Set<string>();
  readonly #client: Client;
  readonly #waiting = new Set<() => void>();

  constructor(client: Client) {
    this.#client = client;
  }

  async write(): Promise<void> {
    await Promise.all(Array.from({ length: WRITERS }, (_, writer) => this.#writeUntilItFails(writer)));
  }

  /** Resolves when so many writes are acknowledged. */
  async until(count: number): Promise<void> {
    while (this.acknowledged.size < count) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  async #writeUntilItFails(writer: number): Promise<void> {
    for (let i = 0; ; i += 1) {
      const key = `${KEY}${writer}-${i}`;
      try {
        await this.#client.put(key, "written", { retry: "never", timeout: 5_000 });
      } catch (error) {
        if (isEtcdError(error)) return;
        throw error;
      }
      this.acknowledged.add(key);
      for (const wake of this.#waiting) wake();
      this.#waiting.clear();
    }
  }
}

async function collect(watch: ReturnType<Client["watch"]>, seen: Set<string>): Promise<void> {
  for await (const event of watch) {
    if (event.type !== "put") continue;
    expect(!seen.has(event.kv.key), `${event.kv.key} is reported once`);
    seen.add(event.kv.key);
    if (event.kv.key === `${KEY}end`) return;
  }
}
