/**
 * The connection against nghttp2 as it is in Node, both ways round: random calls at once on one connection, with random
 * windows, frame sizes, tables and padding. What arrives is what was sent, and every stream ends.
 */
import { once } from "node:events";
import {
  type ClientHttp2Session,
  connect,
  constants,
  createServer,
  type Http2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { type AddressInfo, connect as connectSocket, createServer as createListener } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { freshSeed, seeded } from "../testing/hpack.js";
import {
  type Call,
  fieldsOf,
  type Message,
  type Random,
  Received,
  randomCall,
  sendRest,
  Wired,
} from "../testing/http2-calls.js";
import { encodeHeaders } from "./hpack/encoder.js";
import type { Http2Stream } from "./stream.js";

const CALLS = 40;
/** Pads payloads to whole multiples of eight; the types do not know it. */
const PADDING_STRATEGY_ALIGNED = 1;
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

function nodeOptions(random: Random) {
  return {
    paddingStrategy: [constants.PADDING_STRATEGY_NONE, constants.PADDING_STRATEGY_MAX, PADDING_STRATEGY_ALIGNED][
      random(3)
    ] as number,
    settings: {
      initialWindowSize: [1, 1_000, 65_535, 2 ** 20][random(4)] as number,
      maxFrameSize: [16_384, 20_000, 2 ** 20][random(3)] as number,
      headerTableSize: [0, 200, 4_096][random(3)] as number,
      maxConcurrentStreams: 1_000,
    },
    maxDeflateDynamicTableSize: 4_096,
  };
}

function ourOptions(random: Random) {
  return {
    streamWindowBytes: [1_000, 65_535, 2 ** 20][random(3)] as number,
    connectionWindowBytes: [65_535, 100_000, 2 ** 23][random(3)] as number,
    limits: { frameBytesMax: [16_384, 100_000][random(2)] as number },
  };
}

/** Node changes the window of all streams again and again. */
function changeWindows(session: Http2Session, random: Random): void {
  const change = (): void => {
    if (!session.destroyed) session.settings({ initialWindowSize: 1 + random(100_000) }, () => setTimeout(change, 5));
  };
  change();
}

const bodyOf = (message: Message): Buffer => Buffer.concat(message.chunks);

function expectSame(got: Received, sent: Message, label: string): void {
  expect(got.fields, label).toMatchObject(sent.fields);
  expect(got.trailers, label).toEqual(sent.trailers);
  expect(Buffer.compare(got.body, bodyOf(sent)), `${label}: ${got.body.length} of ${bodyOf(sent).length} bytes`).toBe(
    0,
  );
}

/** Node's side of a stream, told to the same kind of record. */
function nodeReceived(stream: ServerHttp2Stream | ReturnType<ClientHttp2Session["request"]>): Received {
  const got = new Received();
  const record = (headers: object): { name: string; value: string }[] =>
    Object.entries(headers).map(([name, value]) => ({ name, value: String(value) }));
  stream.on("response", (headers) => got.headers(record(headers), false));
  stream.on("data", (chunk) => got.data(chunk, false));
  stream.on("trailers", (headers) => {
    got.trailers = Object.fromEntries(record(headers).map(({ name, value }) => [name, value]));
  });
  stream.on("end", () => {
    got.ended = true;
    got.changed();
  });
  stream.on("error", () => {});
  stream.on("close", () => {
    if (stream.rstCode !== 0) got.reset(stream.rstCode);
    got.changed();
  });
  return got;
}

function nodeSends(stream: ServerHttp2Stream | ReturnType<ClientHttp2Session["request"]>, message: Message): void {
  stream.on("wantTrailers", () => stream.sendTrailers(message.trailers ?? {}));
  for (const chunk of message.chunks) stream.write(chunk);
  stream.end();
}

/** Gives back what was read at once, or some time later. */
function reader(random: Random, stream: () => Http2Stream | undefined): Received {
  const late = random(3) === 0;
  return new Received((bytes) => {
    if (late) setImmediate(() => stream()?.consumed(bytes));
    else stream()?.consumed(bytes);
  });
}

/** Calls Node's server, or is called by Node's client. Resolves with what both sides have received of each call. */
type Play = (
  calls: readonly Call[],
  random: Random,
) => Promise<{ requests: Received[]; answers: Received[]; wired: Wired }>;

const weCall: Play = async (calls, random) => {
  const requests: Received[] = [];
  const server = createServer(nodeOptions(random)).listen(0, "127.0.0.1");
  server.on("session", (session) => changeWindows(session, random));
  server.on("stream", (stream, headers) => {
    const call = calls[Number(headers["call"])] as Call;
    const got = nodeReceived(stream);
    requests[Number(headers["call"])] = got;
    got.headers(
      Object.entries(headers).map(([name, value]) => ({ name, value: String(value) })),
      false,
    );
    const answer = (): void => {
      if (stream.destroyed) return;
      if (call.resetBy === "server") stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      else {
        stream.respond(
          { ":status": 200, ...call.answer.fields },
          { waitForTrailers: call.answer.trailers !== undefined },
        );
        nodeSends(stream, call.answer);
      }
    };
    stream.once("end", answer);
  });
  await once(server, "listening");
  const socket = connectSocket((server.address() as AddressInfo).port, "127.0.0.1");
  closers.push(
    () => socket.destroy(),
    () => server.close(),
  );
  const wired = new Wired(socket, { role: "client", ...ourOptions(random) });
  await new Promise<void>((resolve) => {
    wired.onSettings = resolve;
  });
  const answers = await Promise.all(
    calls.map((call, i) => {
      const usual = { ":method": "POST", ":scheme": "http", ":path": "/", ":authority": "a", call: String(i) };
      const got: Received = reader(random, () => stream);
      const block = encodeHeaders(fieldsOf({ ...usual, ...call.request.fields })).slice();
      const stream = wired.connection.open(block, false, got) as Http2Stream;
      sendRest(stream, call.request);
      if (call.resetBy === "client") setImmediate(() => stream.reset(8));
      return settled(got, call.resetBy === "client");
    }),
  );
  return { requests, answers, wired };
};

const nodeCalls: Play = async (calls, random) => {
  const requests: Received[] = [];
  let wired: Wired | undefined;
  const options = { role: "server", ...ourOptions(random) } as const;
  const listener = createListener((socket) => {
    closers.push(() => socket.destroy());
    wired = new Wired(socket, options);
    wired.onRequest = (stream, fields, endStream) => {
      const got = reader(random, () => stream);
      stream.handler = got;
      const i = Number(fields.find(({ name }) => name === "call")?.value);
      requests[i] = got;
      const call = calls[i] as Call;
      got.changed = () => {
        if (!got.ended) return;
        if (call.resetBy === "server") stream.reset(2);
        else {
          stream.sendHeaders(encodeHeaders(fieldsOf({ ":status": "200", ...call.answer.fields })).slice(), false);
          sendRest(stream, call.answer);
        }
      };
      got.headers(fields, endStream);
    };
  }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  const session = connect(url, nodeOptions(random)).on("error", () => {});
  closers.push(
    () => session.destroy(),
    () => listener.close(),
  );
  await once(session, "remoteSettings");
  changeWindows(session, random);
  const answers = await Promise.all(
    calls.map((call, i) => {
      const { fields, trailers } = call.request;
      const stream = session.request(
        { ":method": "POST", ":path": "/", call: String(i), ...fields },
        {
          endStream: false,
          waitForTrailers: trailers !== undefined,
        },
      );
      const got = nodeReceived(stream);
      nodeSends(stream, call.request);
      if (call.resetBy === "client") setImmediate(() => stream.close(8));
      return settled(got, false);
    }),
  );
  return { requests, answers, wired: wired as unknown as Wired };
};

/** When it has ended, was reset, or was given up. */
function settled(got: Received, givenUp: boolean): Promise<Received> {
  return new Promise((resolve) => {
    got.changed = () => {
      if (got.ended || got.resetCode !== undefined) resolve(got);
    };
    if (givenUp) setImmediate(() => resolve(got));
    got.changed();
  });
}

describe.each<[string, Play]>([
  ["we call Node", weCall],
  ["Node calls us", nodeCalls],
])("%s", (_name, play) => {
  it.each([1, 2, 3, 4, 5, 6])("and what arrives is what was sent, round %i", { timeout: 60_000 }, async (round) => {
    const seed = freshSeed() + round;
    const random = seeded(seed);
    const calls = Array.from({ length: CALLS }, () => randomCall(random));
    const { requests, answers, wired } = await play(calls, random);
    expect(wired.error, `HTTP2_SEED=${seed - round}`).toBeUndefined();
    for (const [i, call] of calls.entries()) {
      const label = `HTTP2_SEED=${seed - round}, round ${round}, call ${i}`;
      const [request, answer] = [requests[i], answers[i]];
      if (call.resetBy === undefined) {
        expectSame(request as Received, call.request, label);
        expectSame(answer as Received, call.answer, label);
      } else if (call.resetBy === "server") {
        expectSame(request as Received, call.request, label);
        expect(answer?.resetCode, label).toBe(2);
      }
    }
    // Streams that were given up are over at the other side a little later.
    const over = (): boolean => wired.connection.openStreams === 0 && wired.connection.bufferedBytes === 0;
    while (!over()) await new Promise((resolve) => setTimeout(resolve, 5));
  });
});
