/** What the client promises of watches beyond `suite.ts`: filters, large answers, many watches, gaps, and values that do not decode. */
import { type Client, codec, createClient, DecodeError, op, prefix, range, type WatchEvent } from "@kvorum/client";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Capabilities, capabilitiesOf, need } from "./capabilities.js";
import type { SuiteServer } from "./suite.js";

const MANY = 300;

export function watchSuite(name: string, start: () => Promise<SuiteServer>, missing?: string): void {
  describe.skipIf(missing !== undefined)(
    `every watch against ${name}${missing ? ` (skipped: ${missing})` : ""}`,
    () => {
      let server: SuiteServer;
      let client: Client;
      let capabilities: Capabilities;
      let space = "";
      let cases = 0;

      beforeAll(async () => {
        server = await start();
        client = server.connect?.() ?? createClient({ endpoints: server.endpoint });
        await client.ready({ timeout: 10_000 });
        capabilities = await capabilitiesOf(client);
      });
      afterAll(async () => {
        await client?.close();
        await server?.stop();
      });
      beforeEach(() => {
        cases += 1;
        space = `watches-${cases}/`;
      });
      const key = (suffix: string): string => `${space}${suffix}`;

      it("reports only what is asked for, live, with what was there before", async () => {
        await using deletions = client.watch(prefix(space), { only: "delete", prevKv: true });
        await using puts = client.watch(range(key("a"), key("c")), { only: "put" });
        await Promise.all([deletions.ready, puts.ready]);
        await client.put(key("a"), "1");
        await client.put(key("c"), "outside of the range");
        await client.delete(prefix(space));
        await client.put(key("b"), "2");
        expect(await told(deletions, 2)).toEqual(["delete a, was 1", "delete c, was outside of the range"]);
        expect(await told(puts, 2)).toEqual(["put a = 1", "put b = 2"]);
      });

      it("reports the end of a lease as the deletion of its keys, in one revision", async () => {
        const { id } = await client.lease.grant({ ttl: 60 });
        const { header } = await client.txn({
          then: [op.put(key("a"), "1", { lease: id }), op.put(key("b"), "1", { lease: id })],
        });
        await using watch = client.watch(prefix(space), { startRevision: header.revision });
        await client.lease.revoke(id);
        const sizes: number[] = [];
        for await (const { events } of watch.batches()) {
          sizes.push(events.length);
          if (sizes.length === 2) break;
        }
        expect(sizes).toEqual([2, 2]);
      });

      it("delivers answers that are too large for one message, whole revisions at a time", async () => {
        const value = "x".repeat(600_000);
        const first = await client.txn({ then: [op.put(key("a"), value), op.put(key("b"), value)] });
        for (let i = 0; i < 3; i++) await client.txn({ then: [op.put(key("a"), value), op.put(key("b"), value)] });
        await using watch = client.watch(prefix(space), { startRevision: first.header.revision, prevKv: true });
        const seen: { readonly events: number; readonly length: number }[] = [];
        for await (const { events } of watch.batches()) {
          const length = events.reduce((sum, event) => sum + (event.type === "put" ? event.kv.value.length : 0), 0);
          seen.push({ events: events.length, length });
          if (seen.length === 4) break;
        }
        expect(seen).toEqual(Array.from({ length: 4 }, () => ({ events: 2, length: 2 * value.length })));
      });

      it(`holds ${MANY} watches on one stream, and each hears of its own key`, async () => {
        const watches = Array.from({ length: MANY }, (_, i) => client.watch(key(String(i))));
        await Promise.all(watches.map((watch) => watch.ready));
        for (let i = 0; i < MANY; i += 100) {
          const then = Array.from({ length: 100 }, (_, j) => op.put(key(String(i + j)), String(i + j)));
          await client.txn({ then });
        }
        const heard = await Promise.all(watches.map((watch) => told(watch, 1)));
        expect(heard).toEqual(watches.map((_, i) => [`put ${i} = ${i}`]));
      });

      it("waits for a revision that lies in the future", async () => {
        const { header } = await client.put(key("a"), "now");
        await using watch = client.watch(key("a"), { startRevision: header.revision + 2n });
        await watch.ready;
        await client.put(key("a"), "still before");
        await client.put(key("a"), "then");
        expect(await told(watch, 1)).toEqual(["put a = then"]);
      });

      it("makes up for what was compacted while its consumer was behind", async () => {
        await using watch = client.watch(prefix(space), { bufferSize: 4, onCompacted: "resync" });
        await watch.ready;
        await client.put(key("gone"), "1");
        for (let i = 0; i < 40; i++) await client.put(key("a"), String(i));
        await client.delete(key("gone"));
        const { header } = await client.put(key("b"), "last");
        await client.compact(header.revision, { physical: true });
        // Which of the events came before the gap is up to the server; what is left at the end is not.
        const state = new Map<string, string>();
        let resyncs = 0;
        for await (const event of watch) {
          if (event.type === "resync") resyncs += 1;
          else if (event.type === "delete") state.delete(event.key);
          else state.set(event.kv.key, event.kv.value);
          if (state.get(key("b")) === "last" && state.get(key("a")) === "39" && !state.has(key("gone"))) break;
        }
        expect(resyncs).toBeLessThanOrEqual(1);
        expect([...state].sort()).toEqual([
          [key("a"), "39"],
          [key("b"), "last"],
        ]);
      });

      it("ends, leaves out or tells of a value that does not decode, as it is asked", async () => {
        const numbers = client.withCodec(codec.json<number>());
        const { header } = await client.put(key("a"), "no number");
        await client.put(key("a"), "7");
        const options = { startRevision: header.revision };
        await using strict = numbers.watch(key("a"), options);
        await expect(strict[Symbol.asyncIterator]().next()).rejects.toBeInstanceOf(DecodeError);
        const errors: DecodeError[] = [];
        for (const onDecodeError of ["skip", (error: DecodeError) => void errors.push(error)] as const) {
          await using lenient = numbers.watch(key("a"), { ...options, onDecodeError });
          for await (const event of lenient) {
            expect(event).toMatchObject({ type: "put", kv: { value: 7 } });
            break;
          }
        }
        expect(errors.map((error) => error.key)).toEqual([key("a")]);
      });

      it("says how far it is, with everything before in its buffer", async (test) => {
        need(test, capabilities, "exact-progress");
        await using watch = client.watch(prefix(space));
        await watch.ready;
        const { header } = await client.put(key("a"), "1");
        expect(await watch.progress()).toBeGreaterThanOrEqual(header.revision);
        expect(watch.lag).toBe(1);
      });

      it("can be left and begun again as often as one likes", async () => {
        for (let i = 0; i < 12; i++) {
          const watch = client.watch(key("a"));
          await watch.ready;
          await client.put(key("a"), String(i));
          expect(await told(watch, 1)).toEqual([`put a = ${i}`]);
        }
      });

      /** The next events in words; the watch ends with them. */
      async function told(watch: AsyncIterable<WatchEvent<string>>, count: number): Promise<string[]> {
        const words: string[] = [];
        for await (const event of watch) {
          if (event.type === "put") words.push(`put ${event.kv.key.slice(space.length)} = ${event.kv.value}`);
          if (event.type === "delete") words.push(`delete ${event.key.slice(space.length)}, was ${event.prev?.value}`);
          if (words.length === count) break;
        }
        return words;
      }
    },
  );
}
