/** What a member accepts on its peer port and what it refuses, shown with frames made by hand. */
import { crc32 } from "node:zlib";
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  AddMemberSchema,
  Peer,
  type PeerFrameSchema,
  type PeerHandshakeSchema,
  type PeerWelcome,
  type PeerWelcomeSchema,
  type RaftMessageSchema,
  type SnapshotFrameSchema,
} from "@kvorum/proto";
import { type Channel, type Method, niceChannel, RpcError, StatusCode } from "@kvorum/transport";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { toRaftMessage } from "../wire/message.js";
import {
  addressOf,
  CLUSTER,
  collect,
  heartbeat,
  type Participant,
  PiecesBody,
  pair,
  participant,
  snapshotMessage,
} from "./contract-world.js";
import { SocketWorld } from "./testing/sockets.js";

const HANDSHAKE: MessageInitShape<typeof PeerHandshakeSchema> = { format: 1, clusterId: CLUSTER, from: 1n, to: 2n };

type Frame = MessageInitShape<typeof PeerFrameSchema>;
type SnapshotFrameInit = MessageInitShape<typeof SnapshotFrameSchema>;

describe("what a member accepts", () => {
  let world: SocketWorld;
  let two: Participant;
  let channel: Channel;

  beforeEach(async () => {
    world = new SocketWorld();
    two = await participant(world, 2n);
    channel = niceChannel(two.url);
  });

  afterEach(async () => {
    await channel.close();
    await world[Symbol.asyncDispose]();
  });

  /** The status that a stream of these frames ends with. */
  async function exchange(...frames: readonly Frame[]): Promise<{ code: number; word: unknown; details: string }> {
    return refusal(channel.stream(Peer.method.exchange, thenSilence(frames)));
  }

  const handshake = (change: Partial<typeof HANDSHAKE> = {}): Frame => ({
    frame: { case: "handshake", value: { ...HANDSHAKE, ...change } },
  });
  const batch = (...messages: MessageInitShape<typeof RaftMessageSchema>[]): Frame => ({
    frame: { case: "batch", value: { messages } },
  });

  it("refusals have a word, a code and a text each", async () => {
    two.witness.removedIds.add(7n);
    const seen = [
      await exchange(handshake({ format: 2 })),
      await exchange(handshake({ clusterId: 5n, from: 7n })),
      await exchange(handshake({ to: 3n })),
      await exchange(handshake({ from: 7n })),
      await exchange(handshake({ from: 2n })),
      await exchange(batch(toRaftMessage(heartbeat(1n, 2n)))),
    ];
    expect(seen).toEqual([
      {
        code: StatusCode.UNIMPLEMENTED,
        word: "format",
        details: "peer messages of format 2 are not understood, only 1",
      },
      {
        code: StatusCode.FAILED_PRECONDITION,
        word: "cluster",
        details: "cluster id mismatch: got 5, this is c0ffee00000001",
      },
      { code: StatusCode.NOT_FOUND, word: "member", details: "member id mismatch: asked for 3, this is 2" },
      { code: StatusCode.PERMISSION_DENIED, word: "removed", details: "member 7 was removed from the cluster" },
      { code: StatusCode.INVALID_ARGUMENT, word: "malformed", details: "member 2 cannot be the sender" },
      { code: StatusCode.INVALID_ARGUMENT, word: "malformed", details: "a connection starts with a handshake" },
    ]);
    expect(two.witness.received).toEqual([]);
  });

  it("a message for another member, or from another one than shook hands, is never accepted", async () => {
    for (const message of [heartbeat(1n, 3n), heartbeat(4n, 2n), snapshotMessage(1n, 2n)]) {
      const { word } = await exchange(handshake(), batch(toRaftMessage(heartbeat(1n, 2n)), toRaftMessage(message)));
      expect(word).toBe("malformed");
    }
    expect(two.witness.received).toEqual([heartbeat(1n, 2n), heartbeat(1n, 2n), heartbeat(1n, 2n)]);
  });

  it("what cannot be read ends its stream and nothing else", async () => {
    const wide = { ...toRaftMessage(heartbeat(1n, 2n)), term: 2n ** 60n };
    expect((await exchange(handshake(), batch(wide))).word).toBe("malformed");
    expect((await exchange(handshake(), handshake())).word).toBe("malformed");
    // A text where a frame has a message; the text is a field without its value.
    const garbled = { ...Peer.method.exchange, input: AddMemberSchema } as Method<
      "bidi_streaming",
      typeof AddMemberSchema,
      typeof PeerWelcomeSchema
    >;
    const garbage = channel.stream(garbled, thenSilence([{ peerUrls: ["\b"] }]));
    expect(await refusal(garbage)).toMatchObject({ code: StatusCode.INTERNAL, word: undefined });
    const one = await participant(world, 1n);
    one.peers.setPeers([addressOf(two)]);
    one.peers.send([heartbeat(1n, 2n)]);
    await world.eventually(() => two.witness.received.length === 1, "a heartbeat");
  });

  it("a stream that says nothing is ended, and streams have an end in number", async () => {
    await using small = new SocketWorld({ bounds: { welcomeTimeoutMs: 100, exchangesMax: 2 } });
    const three = await participant(small, 3n);
    const silent = niceChannel(three.url);
    try {
      const open = (): Promise<{ word: unknown; details: string }> =>
        refusal(silent.stream(Peer.method.exchange, thenSilence<Frame>([])));
      const [first, second] = [open(), open()];
      await small.pass(30);
      expect((await open()).word).toBe("busy");
      expect([(await first).details, (await second).details]).toEqual([
        "no handshake came (100 ms)",
        "no handshake came (100 ms)",
      ]);
      const free = refusal(silent.stream(Peer.method.exchange, thenSilence([handshake({ to: 3n, format: 9 })])));
      expect((await free).word).toBe("format");
    } finally {
      await silent.close();
    }
  });

  it("streams that their openers leave are forgotten", async () => {
    await using small = new SocketWorld({ bounds: { exchangesMax: 2 } });
    const three = await participant(small, 3n);
    const visitor = niceChannel(three.url);
    try {
      for (let visit = 0; visit < 5; visit++) {
        const stream = visitor.stream(Peer.method.exchange, thenSilence([handshake({ to: 3n })]));
        const answers: AsyncIterator<PeerWelcome> = stream[Symbol.asyncIterator]();
        expect((await answers.next()).done).toBe(false);
        await answers.return?.();
        await small.pass(20);
      }
    } finally {
      await visitor.close();
    }
  });

  it("a question of a later version is refused", async () => {
    const asked = channel.unary(Peer.method.ask, { handshake: HANDSHAKE }).catch((error: unknown) => error);
    expect(wordOf(await asked)).toBe("malformed");
    const stranger = channel.unary(Peer.method.ask, { handshake: { ...HANDSHAKE, clusterId: 1n } });
    expect(wordOf(await stranger.catch((error: unknown) => error))).toBe("cluster");
  });

  describe("of a snapshot", () => {
    const head = (change: object = {}): SnapshotFrameInit => {
      const message = toRaftMessage(snapshotMessage(1n, 2n));
      return { frame: { case: "head", value: { handshake: HANDSHAKE, message, bytes: 6n, ...change } } };
    };
    const chunk = (offset: number, ...bytes: number[]): Extract<SnapshotFrameInit["frame"], { case: "chunk" }> => {
      const data = Uint8Array.from(bytes);
      return { case: "chunk", value: { offset: BigInt(offset), data, crc: crc32(data) } };
    };

    const DAMAGES: readonly (readonly [string, readonly SnapshotFrameInit[], string])[] = [
      [
        "a wrong checksum",
        [{ frame: { case: "chunk", value: { ...chunk(3, 4, 5, 6).value, crc: 1 } } }],
        "damaged chunk at byte 3",
      ],
      ["a hole", [{ frame: chunk(4, 5, 6) }], "goes on at byte 4 instead of 3"],
      ["a chunk twice", [{ frame: chunk(0, 1, 2, 3) }], "goes on at byte 0 instead of 3"],
      ["an empty chunk", [{ frame: chunk(3) }], "chunk of 0 bytes"],
      ["too many bytes", [{ frame: chunk(3, 4, 5, 6, 7) }], "longer than 6 bytes"],
      ["too few bytes", [{ frame: chunk(3, 4, 5) }], "ends after 5 of 6 bytes"],
      ["a second head", [head()], "no chunk"],
    ];
    for (const [what, frames, text] of DAMAGES) {
      it(`${what} ends it before the piece is handed on`, async () => {
        const seen: Uint8Array[] = [];
        two.witness.takeSnapshot = async (_message, body) => {
          for await (const piece of body.pieces) seen.push(piece);
        };
        const sent = channel.stream(
          Peer.method.sendSnapshot,
          listed([head(), { frame: chunk(0, 1, 2, 3) }, ...frames]),
        );
        const { word, details } = await refusal(sent);
        expect([word, details]).toEqual(["malformed", expect.stringContaining(text)]);
        expect(seen[0]).toEqual(Uint8Array.of(1, 2, 3));
      });
    }

    it("a wrong head is refused", async () => {
      const wrong = [
        head({ handshake: { ...HANDSHAKE, to: 9n } }),
        head({ message: toRaftMessage(heartbeat(1n, 2n)) }),
        head({ message: toRaftMessage(snapshotMessage(4n, 2n)) }),
        head({ bytes: 2n ** 63n }),
        { frame: chunk(0, 1) },
      ];
      const words: unknown[] = [];
      for (const frame of wrong) {
        words.push((await refusal(channel.stream(Peer.method.sendSnapshot, listed([frame])))).word);
      }
      expect(words).toEqual(["member", "malformed", "malformed", "malformed", "malformed"]);
    });

    it("a second one of the same sender is refused while the first arrives", async () => {
      let taken = 0;
      two.witness.takeSnapshot = async (_message, body) => {
        taken += 1;
        await collect(body.pieces);
      };
      const first = channel.stream(Peer.method.sendSnapshot, thenSilence([head()]))[Symbol.asyncIterator]();
      const waiting = first.next().catch(() => undefined);
      await world.eventually(() => taken === 1, "the first");
      expect((await refusal(channel.stream(Peer.method.sendSnapshot, listed([head()])))).word).toBe("busy");
      await first.return?.();
      await waiting;
      await world.eventually(() => taken === 1, "no second one");
    });

    it("one that does not move is given up on both sides", async () => {
      await using slow = new SocketWorld({ bounds: { snapshotIdleMs: 100 } });
      const [one, three] = await pair(slow);
      let failure: unknown;
      three.witness.takeSnapshot = async (_message, body) => {
        await collect(body.pieces).catch((error) => {
          failure = error;
        });
      };
      const body = new PiecesBody(thenSilence([Uint8Array.of(1)]), 10);
      one.peers.sendSnapshot(snapshotMessage(1n, 2n), body);
      await slow.eventually(() => one.witness.sent.length > 0 && failure !== undefined, "both ends");
      expect(one.witness.sent).toEqual(["2 failed"]);
      expect(body.closed).toBeGreaterThan(0);
    });
  });
});

/** How the stream ended. */
async function refusal(answers: AsyncIterable<unknown>): Promise<{ code: number; word: unknown; details: string }> {
  try {
    for await (const _ of answers);
  } catch (error) {
    if (error instanceof RpcError) return { code: error.code, word: wordOf(error), details: error.details };
    throw error;
  }
  return { code: StatusCode.OK, word: undefined, details: "" };
}

function wordOf(error: unknown): unknown {
  return error instanceof RpcError ? error.trailers?.get("kvorum-refusal") : undefined;
}

async function* listed<T>(items: Iterable<T>): AsyncGenerator<T, void, undefined> {
  yield* items;
}

/** The items, and then an end that never comes; `return()` is answered at once. */
function thenSilence<T>(items: Iterable<T>): AsyncIterable<T> {
  const iterator = items[Symbol.iterator]();
  let leave: () => void = () => {};
  return {
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        const next = iterator.next();
        if (next.done !== true) return next;
        await new Promise<void>((resolve) => {
          leave = resolve;
        });
        return { done: true, value: undefined };
      },
      return: async () => {
        leave();
        return { done: true, value: undefined };
      },
    }),
  };
}
