/**
 * What every pair of engine halves must do, as cases that need no test runner: `channel.ts` and `server.ts` of the port,
 * sentence by sentence. Cases on messages and errors are here; those on time, flow and lifetime are in
 * `contract-lifetime.ts`.
 */
import assert from "node:assert/strict";
import { metadataOf } from "../metadata.js";
import { RpcError, StatusCode } from "../status.js";
import { lifetimeCases } from "./contract-lifetime.js";
import { Echo, type Note } from "./echo.js";
import { collect, EndlessNotes, eventually, failure, type Harness } from "./harness.js";

export interface TransportCase {
  readonly name: string;
  run(harness: Harness): Promise<void>;
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

async function* notes(...texts: string[]): AsyncGenerator<{ text: string }> {
  for (const text of texts) yield { text };
}

const messageCases: readonly TransportCase[] = [
  {
    name: "a unary call carries text, bytes and int64 both ways, and no Buffer gets out",
    async run(harness) {
      const seen: Note[] = [];
      const channel = await harness.connect({
        once: (note) => {
          seen.push(note);
          return note;
        },
      });
      const sent = { text: "grüße", body: bytes(0, 255, 1), number: -(2n ** 63n) };
      const answer = await channel.unary(Echo.method.once, sent);
      for (const note of [seen[0], answer]) {
        assert.ok(note !== undefined);
        assert.deepEqual({ text: note.text, number: note.number }, { text: sent.text, number: sent.number });
        assert.deepEqual(note.body, sent.body);
        assert.equal(Object.getPrototypeOf(note.body), Uint8Array.prototype);
      }
    },
  },
  {
    name: "a server stream arrives in order and ends",
    async run(harness) {
      const channel = await harness.connect({
        count: async function* (note) {
          for (let number = 0n; number < note.number; number++) yield { number };
        },
      });
      const answers = await collect(channel.stream(Echo.method.count, notesOf([{ number: 500n }])));
      assert.deepEqual(
        answers.map((note) => Number(note.number)),
        Array.from({ length: 500 }, (_, index) => index),
      );
    },
  },
  {
    name: "a client stream is read to its end before the one answer",
    async run(harness) {
      const channel = await harness.connect({
        sum: async (requests) => {
          let sum = 0n;
          for await (const note of requests) sum += note.number;
          return { number: sum };
        },
      });
      const numbers = Array.from({ length: 300 }, (_, index) => ({ number: BigInt(index) }));
      const answers = await collect(channel.stream(Echo.method.sum, notesOf(numbers)));
      assert.deepEqual(
        answers.map((note) => note.number),
        [44_850n],
      );
    },
  },
  {
    name: "a bidirectional stream is a conversation: each request can wait for the answer before",
    async run(harness) {
      const channel = await harness.connect({
        talk: async function* (requests) {
          for await (const note of requests) yield { text: `${note.text}!` };
        },
      });
      const heard: string[] = [];
      async function* ask(): AsyncGenerator<{ text: string }> {
        for (let index = 0; index < 20; index++) {
          await eventually(() => heard.length === index, `answer ${index}`);
          yield { text: String(index) };
        }
      }
      for await (const note of channel.stream(Echo.method.talk, ask())) heard.push(note.text);
      assert.deepEqual(
        heard,
        Array.from({ length: 20 }, (_, index) => `${index}!`),
      );
    },
  },
  {
    name: "an empty message and an empty stream are messages and streams",
    async run(harness) {
      const channel = await harness.connect({
        once: () => ({}),
        talk: async function* (requests) {
          yield* await collect(requests);
        },
      });
      assert.equal((await channel.unary(Echo.method.once, {})).text, "");
      assert.deepEqual(await collect(channel.stream(Echo.method.talk, notes())), []);
    },
  },
  {
    name: "a thrown RpcError reaches the caller with its code, exact details and trailers",
    async run(harness) {
      const details = 'etcdserver: 100 % of "ключ" / a%2Fb?c#d\tis gone';
      const trailers = metadataOf([
        ["x-reason", "because"],
        ["x-proof-bin", bytes(1, 2, 0, 255)],
      ]);
      const channel = await harness.connect({
        once: () => {
          throw new RpcError(StatusCode.OUT_OF_RANGE, details, { trailers });
        },
      });
      const error = await failure(channel.unary(Echo.method.once, {}), StatusCode.OUT_OF_RANGE);
      assert.equal(error.details, details);
      assert.equal(error.message, details);
      assert.equal(error.method, "/kvorum.test.Echo/Once");
      assert.equal(error.maybeSent, true);
      assert.equal(error.trailers?.get("x-reason"), "because");
      assert.deepEqual(error.trailers?.get("X-Proof-Bin"), bytes(1, 2, 0, 255));
      assert.equal(error.trailers?.get("absent"), undefined);
    },
  },
  {
    name: "any thrown error with a numeric gRPC code has that status, all others are UNKNOWN, with their message",
    async run(harness) {
      const thrown = [
        Object.assign(new Error("etcdserver: no leader"), { code: 14 }),
        Object.assign(new Error("no such code"), { code: 99 }),
        Object.assign(new Error("never OK"), { code: 0 }),
        Object.assign(new Error("node's kind"), { code: "ENOENT" }),
        new TypeError("a plain mistake"),
        "only text",
      ];
      const channel = await harness.connect({
        once: (note) => {
          throw thrown[Number(note.number)];
        },
      });
      const seen: [number, string][] = [];
      for (const number of thrown.keys()) {
        const error = await channel.unary(Echo.method.once, { number: BigInt(number) }).catch((reason) => reason);
        seen.push([error.code, error.details]);
      }
      assert.deepEqual(seen, [
        [14, "etcdserver: no leader"],
        [2, "no such code"],
        [2, "never OK"],
        [2, "node's kind"],
        [2, "a plain mistake"],
        [2, "only text"],
      ]);
    },
  },
  {
    name: "a stream that fails hands out what came before, throws once, and is over",
    async run(harness) {
      const channel = await harness.connect({
        talk: async function* (requests) {
          yield { text: "one" };
          yield { text: "two" };
          await requests[Symbol.asyncIterator]().next();
          throw new RpcError(StatusCode.ABORTED, "enough");
        },
      });
      const requests = new EndlessNotes();
      const stream = channel.stream(Echo.method.talk, requests)[Symbol.asyncIterator]();
      assert.equal((await stream.next()).value?.text, "one");
      assert.equal((await stream.next()).value?.text, "two");
      const error = await failure(stream.next(), StatusCode.ABORTED);
      assert.equal(error.details, "enough");
      assert.equal((await stream.next()).done, true);
      await eventually(() => requests.returned, "the return of the requests");
    },
  },
  {
    name: "metadata goes up with the request and down as header and trailer",
    async run(harness) {
      const channel = await harness.connect({
        once: (_note, context) => {
          assert.equal(context.path, "/kvorum.test.Echo/Once");
          context.sendHeader({ "x-header": `got ${context.metadata.get("token")}` });
          const proof = context.metadata.get("x-proof-bin");
          context.setTrailer({ "x-trailer-bin": proof ?? "", "x-trailer": "done" });
          return {};
        },
      });
      const seen: unknown[] = [];
      await channel.unary(
        Echo.method.once,
        {},
        {
          metadata: { Token: "secret", "x-proof-bin": bytes(9, 0, 200) },
          onHeader: (header) => seen.push(header.get("x-header")),
          onTrailer: (trailer) => seen.push(trailer.get("x-trailer"), trailer.get("x-trailer-bin")),
        },
      );
      assert.deepEqual(seen, ["got secret", "done", bytes(9, 0, 200)]);
    },
  },
  {
    name: "a stream has header and trailer too, and a trailer is sent with an error",
    async run(harness) {
      const channel = await harness.connect({
        count: async function* (_note, context) {
          context.sendHeader({ "x-header": "first" });
          context.setTrailer({ "x-trailer": "last" });
          yield { text: "answer" };
          throw new RpcError(StatusCode.DATA_LOSS, "lost");
        },
      });
      const seen: unknown[] = [];
      const stream = channel.stream(Echo.method.count, notes("go"), {
        onHeader: (header) => seen.push(header.get("x-header")),
        onTrailer: (trailer) => seen.push(trailer.get("x-trailer")),
      });
      const error = await failure(collect(stream), StatusCode.DATA_LOSS);
      assert.deepEqual(seen, ["first", "last"]);
      assert.equal(error.trailers?.get("x-trailer"), "last");
    },
  },
  {
    name: "a method that the implementation leaves out is UNIMPLEMENTED",
    async run(harness) {
      const channel = await harness.connect({});
      const error = await failure(channel.unary(Echo.method.once, {}), StatusCode.UNIMPLEMENTED);
      assert.equal(error.details, "unknown method Once for service kvorum.test.Echo");
      await failure(collect(channel.stream(Echo.method.talk, notes("a"))), StatusCode.UNIMPLEMENTED);
    },
  },
  {
    name: "server middleware runs in the order it was added, around every kind of call, and may refuse one",
    async run(harness) {
      const seen: string[] = [];
      const channel = await harness.connect(
        { once: () => ({ text: "answer" }), count: async function* () {} },
        {
          middleware: [
            async function* (call, context) {
              seen.push(`outer ${call.method.path}`);
              return yield* call.next(call.request, context);
            },
            async function* (call, context) {
              seen.push("inner");
              if (context.metadata.get("token") === "bad")
                throw new RpcError(StatusCode.UNAUTHENTICATED, "who are you");
              return yield* call.next(call.request, context);
            },
          ],
        },
      );
      assert.equal((await channel.unary(Echo.method.once, {})).text, "answer");
      await collect(channel.stream(Echo.method.count, notes("a")));
      const refused = channel.unary(Echo.method.once, {}, { metadata: { token: "bad" } });
      assert.equal((await failure(refused, StatusCode.UNAUTHENTICATED)).details, "who are you");
      const once = ["outer /kvorum.test.Echo/Once", "inner"];
      assert.deepEqual(seen, [...once, "outer /kvorum.test.Echo/Count", "inner", ...once]);
    },
  },
  {
    name: "messages of many megabytes arrive whole",
    async run(harness) {
      const { endpoint } = await harness.serve({ once: (note) => note }, { receiveBytesMax: 64 * 1024 * 1024 });
      const channel = harness.channel(endpoint, { sendBytesMax: 64 * 1024 * 1024 });
      const body = new Uint8Array(12 * 1024 * 1024).map((_, index) => (index * 2_654_435_761) >>> 24);
      const answer = await channel.unary(Echo.method.once, { body });
      assert.equal(Buffer.compare(answer.body, body), 0);
    },
  },
  {
    name: "a request over the server's limit is RESOURCE_EXHAUSTED in grpc-go's words",
    async run(harness) {
      const channel = await harness.connect({ once: () => ({}) }, { receiveBytesMax: 1_000 });
      await channel.unary(Echo.method.once, { body: new Uint8Array(997) });
      const error = await failure(
        channel.unary(Echo.method.once, { body: new Uint8Array(998) }),
        StatusCode.RESOURCE_EXHAUSTED,
      );
      assert.equal(error.details, "grpc: received message larger than max (1001 vs. 1000)");
    },
  },
  {
    name: "a request over the channel's own limit never leaves, an answer over it ends the call",
    async run(harness) {
      let calls = 0;
      const { endpoint } = await harness.serve({
        once: (note) => {
          calls += 1;
          return { body: new Uint8Array(Number(note.number)) };
        },
      });
      const channel = harness.channel(endpoint, { sendBytesMax: 1_000, receiveBytesMax: 2_000 });
      const tooMuch = channel.unary(Echo.method.once, { body: new Uint8Array(998) });
      const sent = await failure(tooMuch, StatusCode.RESOURCE_EXHAUSTED);
      assert.equal(sent.maybeSent, false);
      assert.equal(calls, 0);
      const received = channel.unary(Echo.method.once, { number: 2_000n });
      assert.equal((await failure(received, StatusCode.RESOURCE_EXHAUSTED)).maybeSent, true);
      assert.equal(calls, 1);
      assert.equal((await channel.unary(Echo.method.once, { number: 10n })).body.length, 10);
    },
  },
];

async function* notesOf<T>(list: readonly T[]): AsyncGenerator<T> {
  yield* list;
}

export const transportContract: readonly TransportCase[] = [...messageCases, ...lifetimeCases];
