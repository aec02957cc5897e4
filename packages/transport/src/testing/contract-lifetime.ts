/** The contract's cases on time, flow control and lifetime: deadlines, aborts, back-pressure, closing, lost servers. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { ChannelState } from "../channel.js";
import type { ReadyIterator } from "../ready-iterator.js";
import { StatusCode } from "../status.js";
import type { TransportCase } from "./contract.js";
import { Echo } from "./echo.js";
import { aborted, collect, EndlessNotes, eventually, failure, gate, type Harness, settled } from "./harness.js";

/** Bytes that two sides may hold for one stream that is not read: windows, socket buffers and read-ahead together. */
const unreadBytesMax = 16 * 1024 * 1024;
const chunk = new Uint8Array(64 * 1024);

export const lifetimeCases: readonly TransportCase[] = [
  {
    name: "a deadline ends the call on both sides",
    async run(harness) {
      const ended = gate();
      const channel = await harness.connect({
        once: async (note, context) => {
          if (note.text === "connect") return {};
          await aborted(context.signal);
          ended.open();
          return {};
        },
      });
      // Connecting may take longer than the deadline on a busy machine, and then nothing is sent.
      await channel.unary(Echo.method.once, { text: "connect" });
      const error = await failure(
        channel.unary(Echo.method.once, {}, { timeoutMs: 100 }),
        StatusCode.DEADLINE_EXCEEDED,
      );
      assert.equal(error.maybeSent, true);
      await ended.passed;
      await assert.rejects(channel.unary(Echo.method.once, {}, { timeoutMs: Number.NaN }), RangeError);
    },
  },
  {
    name: "a signal that has aborted sends nothing, and its reason is what the caller gets",
    async run(harness) {
      let calls = 0;
      const count = () => {
        calls += 1;
        return {};
      };
      const channel = await harness.connect({ once: count });
      const reason = new Error("changed my mind");
      const signal = AbortSignal.abort(reason);
      await assert.rejects(channel.unary(Echo.method.once, {}, { signal }), (error) => error === reason);
      const stream = channel.stream(Echo.method.talk, new EndlessNotes(), { signal });
      await assert.rejects(collect(stream), (error) => error === reason);
      await channel.unary(Echo.method.once, {});
      assert.equal(calls, 1);
    },
  },
  {
    name: "an abort rejects a unary call with its reason and aborts the handler's signal",
    async run(harness) {
      const started = gate();
      const ended = gate();
      const channel = await harness.connect({
        once: async (_note, context) => {
          started.open();
          await aborted(context.signal);
          ended.open();
          return {};
        },
      });
      const abort = new AbortController();
      const call = channel.unary(Echo.method.once, {}, { signal: abort.signal });
      await started.passed;
      const reason = new Error("enough");
      abort.abort(reason);
      await assert.rejects(call, (error) => error === reason);
      await ended.passed;
    },
  },
  {
    name: "an abort ends a stream with its reason on this side and a cancel on the other",
    async run(harness) {
      const ended = gate();
      const channel = await harness.connect(talkUntilAborted(ended.open));
      const abort = new AbortController();
      const requests = new EndlessNotes();
      const stream = channel.stream(Echo.method.talk, requests, { signal: abort.signal })[Symbol.asyncIterator]();
      assert.equal((await stream.next()).value?.text, "hello");
      const waiting = stream.next();
      const reason = new Error("enough");
      abort.abort(reason);
      await assert.rejects(waiting, (error) => error === reason);
      assert.equal((await stream.next()).done, true);
      await ended.passed;
      assert.equal(requests.returned, true);
    },
  },
  {
    name: "leaving the loop cancels the stream on the server and returns the requests",
    async run(harness) {
      const ended = gate();
      const channel = await harness.connect(talkUntilAborted(ended.open));
      const requests = new EndlessNotes();
      for await (const note of channel.stream(Echo.method.talk, requests)) {
        assert.equal(note.text, "hello");
        break;
      }
      await ended.passed;
      assert.equal(requests.returned, true);
    },
  },
  {
    name: "return() lets a next() that waits go at once",
    async run(harness) {
      const ended = gate();
      const channel = await harness.connect(talkUntilAborted(ended.open));
      const stream = channel.stream(Echo.method.talk, new EndlessNotes())[Symbol.asyncIterator]();
      await stream.next();
      const waiting = stream.next();
      await stream.return?.();
      assert.equal((await waiting).done, true);
      await ended.passed;
    },
  },
  {
    name: "a stream that nobody reads is never opened",
    async run(harness) {
      let calls = 0;
      const channel = await harness.connect({
        talk: async function* () {
          calls += 1;
          yield {};
        },
        once: () => ({}),
      });
      const requests = new EndlessNotes();
      const stream = channel.stream(Echo.method.talk, requests)[Symbol.asyncIterator]();
      await stream.return?.();
      assert.equal((await stream.next()).done, true);
      await channel.unary(Echo.method.once, {});
      assert.equal(calls, 0);
    },
  },
  {
    name: "requests that fail fail the stream with their own error, and the server sees a cancel",
    async run(harness) {
      const ended = gate();
      const channel = await harness.connect(talkUntilAborted(ended.open));
      const mistake = new Error("no more ideas");
      const answered = gate();
      async function* requests(): AsyncGenerator<{ text: string }> {
        yield { text: "hello" };
        await answered.passed;
        throw mistake;
      }
      const stream = channel.stream(Echo.method.talk, requests())[Symbol.asyncIterator]();
      await stream.next();
      answered.open();
      await assert.rejects(stream.next(), (error) => error === mistake);
      await ended.passed;
    },
  },
  {
    name: "a reader that stops stops the server",
    async run(harness) {
      let sent = 0;
      const channel = await harness.connect({
        count: async function* () {
          for (; sent < 4_000; sent++) yield { body: chunk };
        },
      });
      for await (const _note of channel.stream(Echo.method.count, new OneNote())) {
        const standing = await settled(() => sent);
        assert.ok(standing * chunk.length <= unreadBytesMax, `${standing} messages were sent unread`);
        break;
      }
    },
  },
  {
    name: "a server that stops reading stops the requests",
    async run(harness) {
      let sent = 0;
      const channel = await harness.connect({
        talk: async function* (_requests, context) {
          yield { text: "I do not listen" };
          await aborted(context.signal);
        },
      });
      async function* requests(): AsyncGenerator<{ body: Uint8Array }> {
        for (; sent < 4_000; sent++) yield { body: chunk };
      }
      for await (const _note of channel.stream(Echo.method.talk, requests())) {
        const standing = await settled(() => sent);
        assert.ok(standing * chunk.length <= unreadBytesMax, `${standing} messages were sent unread`);
        break;
      }
    },
  },
  {
    name: "answers that an iterator has ready come in order, none twice, and no more of them than are read",
    async run(harness) {
      const answers = 1_000;
      let taken = 0;
      // Two of three are ready; for each third one it wants to be asked.
      const take = (): { number: bigint; body: Uint8Array } => ({ number: BigInt(taken++), body: chunk });
      const iterator: ReadyIterator<ReturnType<typeof take>> = {
        next: async () => (taken < answers ? { done: false, value: take() } : { done: true, value: undefined }),
        ready: () => (taken < answers && taken % 3 > 0 ? take() : undefined),
      };
      const channel = await harness.connect({ count: () => ({ [Symbol.asyncIterator]: () => iterator }) });
      const stream = channel.stream(Echo.method.count, new OneNote())[Symbol.asyncIterator]();
      assert.equal((await stream.next()).value?.number, 0n);
      const standing = await settled(() => taken);
      assert.ok(standing * chunk.length <= unreadBytesMax, `${standing} messages were sent unread`);
      for (let number = 1n; number < answers; number++) {
        const { done, value } = await stream.next();
        assert.deepEqual([done, value?.number], [false, number]);
      }
      assert.equal((await stream.next()).done, true);
    },
  },
  {
    name: "an unread stream does not hold up other calls of its channel",
    async run(harness) {
      const channel = await harness.connect({
        count: async function* () {
          for (let sent = 0; sent < 4_000; sent++) yield { body: chunk };
        },
        once: (note) => note,
      });
      const stream = channel.stream(Echo.method.count, new OneNote())[Symbol.asyncIterator]();
      await stream.next();
      for (let call = 0; call < 20; call++)
        await channel.unary(Echo.method.once, { body: chunk }, { timeoutMs: 5_000 });
      await stream.return?.();
    },
  },
  {
    name: "closing with grace lets a running call finish and accepts no other",
    async run(harness) {
      const started = gate();
      const finish = gate();
      const { endpoint, server } = await harness.serve({
        once: async (note) => {
          if (note.text === "slow") {
            started.open();
            await finish.passed;
          }
          return note;
        },
      });
      const channel = harness.channel(endpoint);
      const running = channel.unary(Echo.method.once, { text: "slow" });
      await started.passed;
      const closing = server.close({ graceMs: 10_000 });
      const late = failure(harness.channel(endpoint).unary(Echo.method.once, {}), StatusCode.UNAVAILABLE);
      await late;
      finish.open();
      assert.equal((await running).text, "slow");
      await closing;
      await server.close();
    },
  },
  {
    name: "closing without grace ends running calls as UNAVAILABLE, perhaps carried out, and waits for their handlers",
    async run(harness) {
      const started = gate();
      let running = 0;
      const { endpoint, server } = await harness.serve({
        once: async (_note, context) => {
          running += 1;
          await aborted(context.signal);
          for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
          running -= 1;
          return {};
        },
        talk: async function* (_requests, context) {
          running += 1;
          yield {};
          started.open();
          await aborted(context.signal);
          running -= 1;
        },
      });
      const channel = harness.channel(endpoint);
      const call = failure(channel.unary(Echo.method.once, {}), StatusCode.UNAVAILABLE);
      await eventually(() => running === 1, "the unary call");
      const stream = failure(collect(channel.stream(Echo.method.talk, new EndlessNotes())), StatusCode.UNAVAILABLE);
      await started.passed;
      await server.close();
      assert.equal(running, 0);
      assert.equal((await call).maybeSent, true);
      assert.equal((await stream).maybeSent, true);
    },
  },
  {
    name: "nobody listening is UNAVAILABLE and certainly not sent",
    async run(harness) {
      const port = await freePort();
      const channel = harness.channel(`http://127.0.0.1:${port}`);
      const error = await failure(channel.unary(Echo.method.once, {}), StatusCode.UNAVAILABLE);
      assert.equal(error.maybeSent, false);
      const requests = new EndlessNotes();
      const stream = await failure(collect(channel.stream(Echo.method.talk, requests)), StatusCode.UNAVAILABLE);
      assert.equal(stream.maybeSent, false);
      await eventually(() => requests.returned, "the return of the requests");
    },
  },
  {
    name: "a peer that accepts and says nothing is given up after the connect timeout, certainly not sent",
    async run(harness) {
      const endpoint = await blackHole(harness);
      const channel = harness.channel(endpoint, { connectTimeoutMs: 150 });
      const start = performance.now();
      const error = await failure(channel.unary(Echo.method.once, {}), StatusCode.UNAVAILABLE);
      assert.equal(error.maybeSent, false);
      assert.ok(performance.now() - start < 3_000);
    },
  },
  {
    name: "a deadline or an abort before the connection stands says: certainly not sent",
    async run(harness) {
      const channel = harness.channel(await blackHole(harness));
      const late = channel.unary(Echo.method.once, {}, { timeoutMs: 50 });
      assert.equal((await failure(late, StatusCode.DEADLINE_EXCEEDED)).maybeSent, false);
      const call = channel.unary(Echo.method.once, {});
      const closed = failure(call, StatusCode.CANCELLED);
      await channel.close();
      assert.equal((await closed).maybeSent, false);
    },
  },
  {
    name: "a channel tells its state, and connects again when its server is back",
    async run(harness) {
      const first = await harness.serve({ once: () => ({}) });
      const channel = harness.channel(first.endpoint);
      const states: ChannelState[] = [];
      const remove = channel.onStateChange((state) => states.push(state));
      assert.equal(channel.state, "idle");
      assert.equal(channel.endpoint, first.endpoint);
      await channel.unary(Echo.method.once, {});
      assert.equal(channel.state, "ready");
      assert.deepEqual(states, ["connecting", "ready"]);
      await first.server.close();
      await eventually(() => channel.state !== "ready", "the loss of the connection");
      remove();
      const before = states.length;
      await channel.close();
      assert.equal(channel.state, "closed");
      assert.equal(states.length, before);
    },
  },
  {
    name: "closing a channel ends its calls, says so, and can be done twice",
    async run(harness) {
      const started = gate();
      const channel = await harness.connect({
        once: async (_note, context) => {
          started.open();
          await aborted(context.signal);
          return {};
        },
      });
      const states: ChannelState[] = [];
      channel.onStateChange((state) => states.push(state));
      const running = failure(channel.unary(Echo.method.once, {}), StatusCode.CANCELLED);
      await started.passed;
      await channel.close();
      await channel.close();
      assert.equal((await running).maybeSent, true);
      assert.equal(states.at(-1), "closed");
      const late = await failure(channel.unary(Echo.method.once, {}), StatusCode.CANCELLED);
      assert.equal(late.maybeSent, false);
      await failure(collect(channel.stream(Echo.method.talk, new EndlessNotes())), StatusCode.CANCELLED);
    },
  },
  {
    name: "a thousand calls leave no handle behind",
    async run(harness) {
      const before = handles();
      const { endpoint, server } = await harness.serve({ once: (note) => note });
      const channel = harness.channel(endpoint);
      await Promise.all(
        Array.from({ length: 20 }, async () => {
          for (let call = 0; call < 50; call++) {
            await channel.unary(Echo.method.once, {}, { timeoutMs: 60_000, signal: new AbortController().signal });
          }
        }),
      );
      await channel.close();
      await server.close();
      await harness[Symbol.asyncDispose]();
      await eventually(() => handles().length <= before.length, `handles like before: ${before}; now ${handles()}`);
    },
  },
];

function talkUntilAborted(ended: () => void): Parameters<Harness["connect"]>[0] {
  return {
    talk: async function* (requests, context) {
      const { value } = await requests[Symbol.asyncIterator]().next();
      yield { text: value?.text ?? "" };
      await aborted(context.signal);
      ended();
    },
  };
}

/** One request, then the end. */
class OneNote implements AsyncIterable<{ text: string }> {
  async *[Symbol.asyncIterator](): AsyncGenerator<{ text: string }> {
    yield { text: "go" };
  }
}

/** Sockets, servers and timers that keep the process alive. */
function handles(): string[] {
  return process.getActiveResourcesInfo().filter((name) => /Wrap|Timeout|Pipe|TCP/.test(name));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** A listener that accepts and never says a word. */
async function blackHole(harness: Harness): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => sockets.add(socket.on("error", () => {}))).listen(0, "127.0.0.1");
  await once(server, "listening");
  harness.defer(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
