/** What work queues promise. */
import { type Client, codec, createClient, op, prefix } from "@kvorum/client";
import { createSession } from "@kvorum/concurrency";
import { ClaimLostError, type Job, WorkQueue, type WorkQueueOptions } from "@kvorum/concurrency/recipes";
import { describe, expect, it } from "vitest";
import { judge } from "../coordination/model.js";
import { type WorkEnd, type WorkEvent, workQueueModel } from "../coordination/models/work-queue.js";
import { type Fixture, failure, until } from "./case.js";

export function workQueueCases(fixture: Fixture): void {
  const keysLeft = (): Promise<string[]> => fixture.client.keys(prefix(`${fixture.name}/`));
  const queueOf = (options?: WorkQueueOptions<string>, client: Client = fixture.client): WorkQueue =>
    new WorkQueue(client, fixture.name, options);

  describe("a work queue", () => {
    it("ends every job once although workers die, return and reject, as the model says", async () => {
      const { client, endpoint, name } = fixture;
      await using other = createClient({ endpoints: endpoint });
      const events: WorkEvent[] = [];
      const note = (worker: string): { worker: string; atMs: number } => ({ worker, atMs: performance.now() });
      const options = { maxAttempts: 4 };
      const producer = async (index: number): Promise<void> => {
        const queue = queueOf(options, index % 2 === 0 ? client : other);
        for (let i = 0; i < 12; i++) {
          const job = `${index}-${i}`;
          events.push({ kind: "enqueuing", ...note(`p${index}`), job });
          await queue.enqueue(job, { priority: i % 2, ...(i % 5 === 0 && { delayMs: 20 }) });
          events.push({ kind: "enqueued", ...note(`p${index}`), job });
        }
      };
      const produced = Promise.all([0, 1, 2, 3].map(producer));
      const watching = queueOf(options);
      const over = new AbortController();
      const drained = produced.then(async () => {
        while ((await watching.size()) > 0) await new Promise((resolve) => setTimeout(resolve, 10));
        over.abort();
      });
      /** One life of a worker: it ends after a few jobs, with one in its hands. */
      const life = async (worker: string, owner: Client, mood: number): Promise<void> => {
        const session = await createSession(owner, { ttl: 20 });
        const queue = new WorkQueue(session, name, options);
        let dies: Job<string> | undefined;
        for (let turn = mood; !over.signal.aborted && turn < mood + 12 && dies === undefined; turn++) {
          const [job] = turn % 4 === 0 ? await batch(queue, 3) : await batch(queue, 1);
          if (job === undefined) continue;
          if (turn % 6 === 5) dies = job;
          else await finish(worker, job, turn);
        }
        // The lease ends as if nobody had renewed it; the worker does not know yet, and tries to end its job.
        await client.lease.revoke(session.leaseId);
        const late = dies && (await failure(dies.ack({ then: [op.put(`${name}-done/${dies.value}`, "late")] })));
        if (dies !== undefined) expect(late).toBeInstanceOf(ClaimLostError);
        await session.close();

        async function batch(from: WorkQueue, limit: number): Promise<Job<string>[]> {
          const { signal } = over;
          const jobs = await from.claimBatch(limit, { signal }).catch((error: unknown) => {
            if (signal.aborted && error === signal.reason) return [];
            throw error;
          });
          for (const { attempt, fencingToken: token, value: job } of jobs) {
            events.push({ kind: "claimed", ...note(worker), job, token, attempt });
          }
          // Of a batch the first is worked on here, the others are given back.
          for (const each of jobs.slice(1)) await end(worker, each, "returned");
          return jobs.slice(0, 1);
        }
      };
      const end = async (worker: string, job: Job<string>, kind: "returned" | "rejected"): Promise<void> => {
        await (kind === "returned" ? job.nack() : job.reject());
        events.push({ kind, ...note(worker), job: job.value, token: job.fencingToken, revision: 0n });
      };
      const finish = async (worker: string, job: Job<string>, turn: number): Promise<void> => {
        if (turn % 7 === 3) return end(worker, job, "returned");
        if (turn % 13 === 4) return end(worker, job, "rejected");
        const { revision } = await job.ack({ then: [op.put(`${name}-done/${job.value}`, worker)] });
        const about = { job: job.value, token: job.fencingToken, revision };
        events.push({ kind: "acknowledged", ...note(worker), ...about });
      };
      const place = async (index: number): Promise<void> => {
        for (let lives = 0; !over.signal.aborted; lives++)
          await life(`w${index}.${lives}`, index % 2 === 0 ? client : other, index + lives);
      };
      await Promise.all([drained, ...[0, 1, 2, 3, 4].map(place)]);
      for await (const { attempts, ...letter } of watching.deadLetters()) {
        events.push({ kind: "dead", ...note("admin"), job: await letter.value(), attempts });
      }
      expect(judge(workQueueModel, events).violation).toBeUndefined();
      const acknowledged = events.filter((event): event is WorkEnd => event.kind === "acknowledged");
      const { kvs } = await client.list(prefix(`${name}-done/`));
      // The results are those of the acknowledgements: each written once, at the same revision, none by a late worker.
      const results = kvs.map(({ key, modRevision, value, version }) => [key, value, modRevision, version]);
      const expected = acknowledged.map(({ job, revision, worker }) => [`${name}-done/${job}`, worker, revision, 1n]);
      expect(results).toEqual(expected.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)));
      expect(acknowledged.length).toBeGreaterThan(24);
    });

    it("gives the first job by priority, then by age, and a batch in that order", async () => {
      await using queue = queueOf();
      await queue.enqueue("d");
      await queue.enqueue("a", { priority: 0 });
      await queue.enqueue("c", { priority: 7 });
      await queue.enqueue("b", { priority: 0 });
      const first = await queue.claim();
      expect(first).toMatchObject({ value: "a", attempt: 1, priority: 0, key: undefined, held: true });
      const batch = await queue.claimBatch(32);
      expect(batch.map(({ value }) => value)).toEqual(["b", "c", "d"]);
      expect(new Set(batch.map(({ fencingToken }) => fencingToken)).size).toBe(1);
      expect(await queue.tryClaim()).toBeUndefined();
      expect(await queue.stats()).toEqual({ ready: 0, delayed: 0, claimed: 4, dead: 0 });
      await batch[1]?.nack();
      expect(await queue.tryClaim()).toMatchObject({ value: "c", attempt: 2 });
    });

    it("writes what an acknowledgement carries in the same step, and gives its answers", async () => {
      const { client, name } = fixture;
      await using queue = queueOf();
      await queue.enqueue("a");
      const job = await queue.claim();
      const then = [op.put(`${name}-result`, "42"), op.get(`${name}-result`)] as const;
      const { responses, revision } = await job.ack({ then });
      expect(responses[1]).toMatchObject({ value: "42", modRevision: revision });
      expect(await keysLeft()).toEqual([]);
      expect(job).toMatchObject({ held: false, signal: { aborted: true } });
      // The claim has ended, whoever asks, and nothing of a second end is written.
      expect(await failure(job.ack({ then: [op.put(`${name}-result`, "43")] }))).toBeInstanceOf(ClaimLostError);
      expect(await failure(job.nack())).toBeInstanceOf(ClaimLostError);
      expect(await client.get(`${name}-result`)).toMatchObject({ value: "42" });
    });

    it("has one job for a key until that is acknowledged or thrown away", async () => {
      await using queue = queueOf({ maxAttempts: 1 });
      const first = await queue.enqueue("a", { key: "invoice 1" });
      expect(first.enqueued).toBe(true);
      expect(await queue.enqueue("b", { key: "invoice 1" })).toEqual({ id: first.id, enqueued: false });
      const job = await queue.claim();
      expect(job).toMatchObject({ id: first.id, value: "a", key: "invoice 1" });
      expect(await queue.enqueue("b", { key: "invoice 1" })).toMatchObject({ enqueued: false });
      await job.ack();
      expect(await queue.enqueue("c", { key: "invoice 1" })).toMatchObject({ enqueued: true });
      await (await queue.claim()).nack();
      expect(await queue.enqueue("d", { key: "invoice 1" })).toMatchObject({ enqueued: false });
      for await (const letter of queue.deadLetters()) expect(await letter.delete()).toBe(true);
      expect(await keysLeft()).toEqual([]);
    });

    it("keeps dead letters to look at, to try again and to throw away", async () => {
      const { client, name } = fixture;
      await using queue = new WorkQueue<number>(client, name, { codec: codec.json<number>(), maxAttempts: 1 });
      await queueOf().enqueue("no number");
      for (const value of [1, 2]) await queue.enqueue(value);
      await (await queue.claim()).nack();
      await (await queue.claim()).reject();
      const letters = [];
      for await (const letter of queue.deadLetters()) letters.push(letter);
      expect(letters.map(({ attempts, reason }) => [attempts, reason])).toEqual([
        ...[
          [1, "undecodable"],
          [1, "attempts"],
          [1, "rejected"],
        ],
      ]);
      const [poison, again, never] = letters;
      expect(new TextDecoder().decode(poison?.payload)).toBe("no number");
      expect(await poison?.delete()).toBe(true);
      expect([await again?.retry(), await again?.retry(), await never?.delete()]).toEqual([true, false, true]);
      const job = await queue.claim();
      expect(job).toMatchObject({ value: 1, attempt: 1 });
      await job.ack();
      expect(await keysLeft()).toEqual([]);
    });

    it("iterates with as many jobs at a time as it may, and ends with its signal", async () => {
      await using queue = queueOf();
      for (let i = 0; i < 9; i++) await queue.enqueue(String(i));
      const [done, stop] = [[] as string[], new AbortController()];
      let [running, most] = [0, 0];
      const work = async (job: Job<string>): Promise<void> => {
        most = Math.max(most, ++running);
        await until(() => most >= 3);
        // Time enough for a fourth one, were it claimed.
        if (done.length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
        await job.ack();
        running -= 1;
        if (done.push(job.value) === 9) stop.abort();
      };
      const working: Promise<void>[] = [];
      for await (const job of queue.jobs({ signal: stop.signal, concurrency: 3 })) working.push(work(job));
      await Promise.all(working);
      expect([done.length, most]).toEqual([9, 3]);
    });

    it("gives back what goes out of scope without an end, and everything when it is closed", async () => {
      await using other = queueOf();
      await using queue = queueOf();
      for (const value of ["a", "b"]) await queue.enqueue(value);
      {
        await using job = await queue.claim();
        expect(job.value).toBe("a");
      }
      const again = await queue.claim();
      expect(again).toMatchObject({ value: "a", attempt: 2 });
      const waiting = other.claimBatch(2).then((jobs) => jobs.map(({ value }) => value));
      expect(await waiting).toEqual(["b"]);
      const next = other.claim();
      await queue.close();
      expect(await next).toMatchObject({ value: "a", attempt: 3 });
      expect(again.signal.reason).toBeInstanceOf(ClaimLostError);
      expect(await failure(queue.claim())).toMatchObject({ name: "AbortError" });
    });

    it("goes on behind a thousand jobs whose tickets are from the future of this cluster", async () => {
      const { client, name } = fixture;
      await using queue = queueOf();
      const { op: ops } = client;
      // A thousand jobs, put as another producer would put them.
      for (let at = 0; at < 1_000; at += 50) {
        const places = Array.from({ length: 50 }, (_, i) => `03e8/${String(at + i).padStart(16, "0")}-00000000`);
        const puts = places.flatMap((place) => [
          ops.put(`${name}/job/${place.slice(5)}`, "x"),
          ops.put(`${name}/index/ready/${place}`, '{"attempts":0}'),
        ]);
        await client.txn({ then: puts });
      }
      expect((await queue.stats()).ready).toBe(1_000);
      for (let i = 0; i < 20; i++) await (await queue.claim()).ack();
      expect((await queue.claim()).id).toBe("0000000000000020-00000000");
      expect(await queue.enqueue("last")).toMatchObject({ enqueued: true });
      const last = (await client.keys(prefix(`${name}/index/ready/`), { sortBy: "key", order: "desc", limit: 1 }))[0];
      expect(await client.get(last ?? "")).toMatchObject({ version: 1n });
      expect(last).not.toContain("0000000000000999-");
    });

    it("refuses wrong arguments before it sends anything", async () => {
      const { client, name } = fixture;
      const queue = queueOf();
      const before = (await client.list(prefix(name))).header.revision;
      expect(() => new WorkQueue(client, "")).toThrow(TypeError);
      expect(() => queueOf({ maxAttempts: 0 })).toThrow(RangeError);
      expect(() => queue.jobs({ concurrency: 0 })).toThrow(RangeError);
      for (const [call, words] of [
        [queue.enqueue("x", { priority: 70_000 }), "priority must be a whole number from 0 to 65535, not 70000"],
        [queue.enqueue("x", { delayMs: -1 }), "delayMs must be a number of milliseconds from 0 on, not -1"],
        [queue.enqueue("x", { delayMs: Number.POSITIVE_INFINITY }), "not Infinity"],
        [queue.enqueue("x", { key: "" }), "key must not be empty"],
        [queue.claim({ timeout: 0 }), "timeout must be a number of milliseconds above 0, not 0"],
        [queue.claimBatch(33), "limit must be a whole number from 1 to 32, not 33"],
      ] as const) {
        expect(String(await failure(call))).toContain(words);
      }
      expect((await client.list(prefix(name))).header.revision).toBe(before);
    });
  });
}
