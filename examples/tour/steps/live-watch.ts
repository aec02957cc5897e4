/** Following changes as they happen, and reading them again from history. */
import { op, prefix, type WatchEvent } from "@kvorum/client";
import { expect, type Step } from "../stage.js";

export const liveWatch: Step = {
  title: "A live watch",
  async play(stage) {
    const { client } = stage;
    const orders = prefix("orders/");
    await using watch = client.watch(orders);
    const from = await stage.ask(
      'watch(prefix("orders/"))',
      () => watch.ready,
      (revision) => `every change after revision ${revision}`,
    );
    const batches = watch.batches()[Symbol.asyncIterator]();
    const nextBatch = async (): Promise<WatchEvent<string>[]> => (await batches.next()).value?.events ?? [];

    /** From the write to its arrival. */
    const arrival = async (write: () => Promise<unknown>): Promise<WatchEvent<string>[]> => {
      const [events] = await Promise.all([nextBatch(), write()]);
      return events;
    };
    const texts = (events: WatchEvent<string>[]): string => events.map(describe).join(", ");
    const [put] = await stage.ask('put("orders/1")', () => arrival(() => client.put("orders/1", "new")), texts);
    const both = await stage.ask(
      'txn: put("orders/2"), delete("orders/1")',
      () => arrival(() => client.txn({ then: [op.put("orders/2", "new"), op.delete("orders/1")] })),
      texts,
    );
    expect(put?.type === "put" && both.length === 2, "what one transaction did arrives in one piece");

    const replayed = await stage.ask(
      `watch again from revision ${from + 1n}`,
      () => replay(client.watch(orders, { startRevision: from + 1n }), 3),
      (events) => `${events.length} changes from history`,
    );
    expect(replayed.map(describe).join() === [put, ...both].map(describe).join(), "history says the same");
    return "3 changes, in order, twice";
  },
};

async function replay(events: AsyncIterable<WatchEvent<string>>, count: number): Promise<WatchEvent<string>[]> {
  const seen: WatchEvent<string>[] = [];
  for await (const event of events) {
    seen.push(event);
    // Leaving the loop cancels the watch on the server.
    if (seen.length === count) break;
  }
  return seen;
}

function describe(event: WatchEvent<string>): string {
  if (event.type === "put") return `put ${event.kv.key}`;
  return event.type === "delete" ? `delete ${event.key}` : event.type;
}
