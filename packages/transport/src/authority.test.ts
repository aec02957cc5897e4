/** The mending of a URL in `:authority`, on bytes that nghttp2 has encoded and on frames made by hand. */
import { describe, expect, it } from "vitest";
import { AuthorityMender, type MenderState, mendedAuthority } from "./authority.js";
import { type Frame, FrameFlag, FrameType, frameBytes } from "./http2/frame.js";
import { type HeaderBlock, readHeaderBlock, writeHeaderBlock } from "./http2/header-block.js";
import { HpackDecoder } from "./http2/hpack/decoder.js";
import { encodeHeaders } from "./http2/hpack/encoder.js";
import type { HeaderField } from "./http2/hpack/header-field.js";
import { joined } from "./http2/octets.js";
import { freshSeed, seeded } from "./testing/hpack.js";
import { callFields, callFrame, framesOf, preface, readByNode, recorded, settings } from "./testing/http2-bytes.js";

const odd = "http://127.0.0.1:2379";
const right = "127.0.0.1:2379";

/** Sends the bytes through a mender in chunks of this size, to the end. */
function mend(bytes: Uint8Array, chunkBytes = bytes.length): { out: Uint8Array; state: MenderState } {
  const mender = new AuthorityMender();
  const out: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) out.push(...mender.push(bytes.subarray(at, at + chunkBytes)));
  out.push(...mender.end());
  return { out: joined(out), state: mender.state };
}

interface Call extends Omit<HeaderBlock, "fragment"> {
  readonly fields: readonly HeaderField[];
}

/** The header blocks of a connection, read by one decoder. */
function callsOf(bytes: Uint8Array): Call[] {
  const decoder = new HpackDecoder();
  const calls: Call[] = [];
  let open: Frame[] = [];
  for (const frame of framesOf(bytes)) {
    if (frame.type !== FrameType.HEADERS && frame.type !== FrameType.CONTINUATION) continue;
    open.push(frame);
    if ((frame.flags & FrameFlag.END_HEADERS) === 0) continue;
    const { fragment, ...head } = readHeaderBlock(open[0] as Frame, open.slice(1)) as HeaderBlock;
    calls.push({ ...head, priority: Uint8Array.from(head.priority), fields: decoder.decode(fragment).fields });
    open = [];
  }
  return calls;
}

/** Frames that carry no header block, as they came. */
const otherFrames = (bytes: Uint8Array): Uint8Array[] =>
  framesOf(bytes)
    .filter(({ type }) => type !== FrameType.HEADERS && type !== FrameType.CONTINUATION)
    .map((frame) => frame.bytes);

/** What the calls should be after mending: only the authority differs. */
const corrected = (calls: readonly Call[]): Call[] =>
  calls.map((call) => ({
    ...call,
    fields: call.fields.map((field) => (field.name === ":authority" ? { ...field, value: right } : field)),
  }));

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

describe("an authority", () => {
  it.each([
    ["http://127.0.0.1:2379", "127.0.0.1:2379"],
    ["https://etcd-0.example.test:2379/", "etcd-0.example.test:2379"],
    ["HTTP://[::1]:2379/a/b", "[::1]:2379"],
    ["unix://localhost:m0", "localhost"],
    ["unixs:///run/etcd.sock", "localhost"],
    ["unix:/run/etcd.sock", "localhost"],
    ["http://", "localhost"],
  ])("with a scheme loses it: %s", (value, expected) => {
    expect(mendedAuthority(value)).toBe(expected);
  });

  it.each(["127.0.0.1:2379", "localhost", "[::1]:2379", "", "unix:2379", "a.example:1", "//a:1", "a/b://c", "a:1/"])(
    "without a scheme is left as it is: %s",
    (value) => {
      expect(mendedAuthority(value)).toBeUndefined();
    },
  );

  it.each([odd, "https://etcd-0.example.test:2379/", "http://[::1]:2379"])(
    "that is the URL %s is refused by Node, and read after mending",
    async (url) => {
      const bytes = await recorded(url);
      expect(await readByNode(bytes)).toBe("reset with 1");
      expect(await readByNode(mend(bytes).out)).toBe(mendedAuthority(url));
    },
  );
});

describe("a connection with a URL as authority", () => {
  it("has it mended in every call, however the client compresses and the bytes are cut", async () => {
    const calls = Array.from({ length: 40 }, (_, i) => ({ [`x-${i % 7}`]: "a".repeat(i * 20), "x-call": String(i) }));
    const bytes = await recorded(odd, calls);
    const expected = corrected(callsOf(bytes));
    expect(expected).toHaveLength(40);
    const whole = mend(bytes);
    expect(whole.state).toBe("mending");
    expect(callsOf(whole.out)).toEqual(expected);
    for (const chunkBytes of [1, 7, 24, 333]) {
      expect(same(mend(bytes, chunkBytes).out, whole.out), `chunks of ${chunkBytes}`).toBe(true);
    }
  });

  it("leaves nothing in the engine's table, whatever the client puts into its own", async () => {
    const bytes = await recorded(odd, [{ a: "b" }, { a: "b" }]);
    for (const { fields } of callsOf(mend(bytes).out)) expect(fields).toContainEqual({ name: "a", value: "b" });
    const decoder = new HpackDecoder({ tableBytesMax: 0 });
    const headers = framesOf(mend(bytes).out).filter(({ type }) => type === FrameType.HEADERS);
    for (const frame of headers) {
      expect(decoder.decode(readHeaderBlock(frame, [])?.fragment as Uint8Array).fields).toContainEqual({
        name: ":authority",
        value: right,
      });
    }
  });

  it("keeps all other frames byte for byte and in their places", () => {
    const data = frameBytes({ type: FrameType.DATA, flags: 8, streamId: 1 }, Uint8Array.of(1, 7, 0));
    const ping = frameBytes({ type: FrameType.PING, flags: 0, streamId: 0 }, new Uint8Array(8).fill(9));
    const unknown = frameBytes({ type: 0xbe, flags: 0xff, streamId: 77 }, new Uint8Array(16_384).fill(3));
    const bytes = joined([preface, settings, callFrame(odd), data, ping, callFrame(odd, 3), unknown, data]);
    const { out } = mend(bytes, 1_000);
    expect(otherFrames(out)).toEqual([settings, data, ping, unknown, data]);
    expect(framesOf(out).map(({ type }) => type)).toEqual([4, 1, 0, 6, 1, 0xbe, 0]);
  });

  it("keeps the end of the stream, the priority and what must never be indexed, and drops the padding", () => {
    const fields = [...callFields(odd), { name: "authorization", value: "secret", neverIndexed: true as const }];
    const block = encodeHeaders(fields);
    const priority = Uint8Array.of(0x80, 0, 0, 3, 16);
    const flags = FrameFlag.END_HEADERS | FrameFlag.END_STREAM | FrameFlag.PADDED | FrameFlag.PRIORITY;
    const payload = joined([Uint8Array.of(4), priority, block, new Uint8Array(4)]);
    const bytes = joined([preface, frameBytes({ type: FrameType.HEADERS, flags, streamId: 5 }, payload)]);
    const { out } = mend(bytes);
    const [frame] = framesOf(out);
    expect(frame?.flags).toBe(FrameFlag.END_HEADERS | FrameFlag.END_STREAM | FrameFlag.PRIORITY);
    const call = { streamId: 5, endStream: true, priority, fields };
    expect(callsOf(out)).toEqual(corrected([call]));
  });

  it("is understood when the block goes over CONTINUATION, in small parts or beyond one frame", () => {
    const fields = [
      ...callFields(odd),
      ...Array.from({ length: 12 }, (_, i) => ({ name: `x-${i}`, value: "y".repeat(4_000) })),
    ];
    const fragment = encodeHeaders(fields);
    const head = { streamId: 1, endStream: false, priority: new Uint8Array(0) };
    const small: Uint8Array[] = [];
    const step = Math.ceil(fragment.length / 60);
    for (let at = 0; at < fragment.length; at += step) {
      const flags = at + step >= fragment.length ? FrameFlag.END_HEADERS : 0;
      const type = at === 0 ? FrameType.HEADERS : FrameType.CONTINUATION;
      small.push(frameBytes({ type, flags, streamId: 1 }, fragment.subarray(at, at + step)));
    }
    for (const frames of [writeHeaderBlock({ ...head, fragment }), joined(small)]) {
      const { out } = mend(joined([preface, settings, frames, callFrame(odd, 3)]), 777);
      expect(callsOf(out)).toEqual(
        corrected([
          { ...head, fields },
          { ...head, streamId: 3, fields: callFields(odd) },
        ]),
      );
      expect(Math.max(...framesOf(out).map(({ payload }) => payload.length))).toBe(16_384);
    }
  });

  it("passes trailers and calls with an authority in order", () => {
    const trailers = frameBytes({ type: 1, flags: 5, streamId: 1 }, encodeHeaders([{ name: "a", value: "b" }]));
    const { out } = mend(joined([preface, callFrame(odd), trailers, callFrame("other:1", 3)]));
    expect(callsOf(out).map(({ fields }) => fields)).toEqual([
      callFields(right),
      [{ name: "a", value: "b" }],
      callFields("other:1"),
    ]);
  });
});

describe("a connection with an authority in order", () => {
  it("passes byte for byte, and is not looked at after its first header block", async () => {
    const bytes = joined([await recorded(right, [{}, { a: "b" }]), new Uint8Array(500).fill(0xff)]);
    for (const chunkBytes of [1, 7, 24, 333, bytes.length]) {
      const { out, state } = mend(bytes, chunkBytes);
      expect([same(out, bytes), state]).toEqual([true, "passing"]);
    }
  });

  it("is not held back: settings pass at once, half a HEADERS frame waits", async () => {
    const bytes = await recorded(right);
    const [headers] = framesOf(bytes).filter(({ type }) => type === FrameType.HEADERS);
    const start = bytes.indexOf(headers?.bytes as Uint8Array);
    const end = start + (headers as Frame).bytes.length;
    const mender = new AuthorityMender();
    const lengths = [bytes.subarray(0, start), bytes.subarray(start, end - 1), bytes.subarray(end - 1, end)].map(
      (chunk) => joined(mender.push(chunk)).length,
    );
    expect(lengths).toEqual([start, 0, end - start]);
    expect(mender.state).toBe("passing");
  });
});

describe("what cannot be understood", () => {
  const empty = new Uint8Array(0);
  const frame = (type: number, flags: number, payload: Uint8Array = empty, streamId = 1): Uint8Array =>
    frameBytes({ type, flags, streamId }, payload);
  const open = frame(FrameType.HEADERS, 0, encodeHeaders(callFields(odd)));
  const large = Array.from({ length: 5 }, () => frame(FrameType.CONTINUATION, 0, new Uint8Array(16_000).fill(0x82)));
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ["a block that is no HPACK", frame(FrameType.HEADERS, FrameFlag.END_HEADERS, Uint8Array.of(0x80))],
    ["padding that is longer than its frame", frame(FrameType.HEADERS, 0xc, Uint8Array.of(9, 0x82))],
    ["another frame inside a block", joined([open, frame(FrameType.PING, 0, new Uint8Array(8), 0)])],
    ["a CONTINUATION of another stream", joined([open, frame(FrameType.CONTINUATION, 4, empty, 3)])],
    ["a second HEADERS inside a block", joined([open, open])],
    ["a frame that is too large", Uint8Array.of(0, 0x40, 1, 0, 0, 0, 0, 0, 1)],
    ["a block without end", joined([open, ...large])],
    ["a block of endless empty frames", joined([open, ...Array.from({ length: 64 }, () => frame(9, 0))])],
    ["a small block that is a large list", frame(1, 4, joined([bomb(), new Uint8Array(5_000).fill(0xbe)]))],
  ];

  it.each(cases)("passes untouched where it comes first: %s", (_name, bytes) => {
    const all = joined([preface, settings, bytes, callFrame(odd, 3)]);
    const { out, state } = mend(all, 100);
    expect([same(out, all), state]).toEqual([true, "passing"]);
  });

  it.each(cases)("ends the connection once it is mended: %s", (_name, bytes) => {
    const good = joined([preface, settings, callFrame(odd)]);
    const { out, state } = mend(joined([good, bytes, callFrame(odd, 3)]), 100);
    const refusal = Uint8Array.of(0, 0, 1, 1, 4, 0, 0, 0, 1, 0x80);
    expect([same(out, joined([mend(good).out, refusal])), state]).toEqual([true, "refused"]);
  });

  it.each([
    ["bytes", 1_000, 66],
    ["frames", 0, 64],
  ])("is never held beyond a bound of %s", (_name, payloadBytes, framesMax) => {
    const looking = new AuthorityMender();
    looking.push(joined([preface, open]));
    const mending = new AuthorityMender();
    mending.push(joined([preface, callFrame(odd), open]));
    for (let i = 0; i < framesMax; i++) {
      for (const mender of [looking, mending]) {
        mender.push(frame(FrameType.CONTINUATION, 0, new Uint8Array(payloadBytes)));
      }
    }
    expect([looking.state, mending.state]).toEqual(["passing", "refused"]);
  });

  it("passes at the end of the connection, as far as it came", () => {
    const bytes = joined([preface, settings, open, Uint8Array.of(0, 0)]);
    expect(same(mend(bytes, 5).out, bytes)).toBe(true);
  });

  it("throws nothing, in bytes that are wrong anywhere", { timeout: 20_000 }, async () => {
    const seed = freshSeed();
    const random = seeded(seed);
    const bytes = await recorded(odd, [{ a: "b" }, { a: "b", c: "d" }, { c: "d" }]);
    const seen = new Set<MenderState>();
    for (let round = 0; round < 1_500; round++) {
      const wrong = Buffer.from(bytes);
      for (let i = random(4); i >= 0; i--) wrong[preface.length + random(bytes.length - preface.length)] = random(256);
      const { out, state } = mend(wrong, 1 + random(200));
      seen.add(state);
      if (state === "passing") expect(same(out, wrong), `HTTP2_SEED=${seed}`).toBe(true);
      if (state === "mending") for (const one of framesOf(out)) expect(one.payload.length).toBeLessThanOrEqual(16_384);
    }
    expect(seen, `HTTP2_SEED=${seed}`).toContain("refused");
    expect(seen, `HTTP2_SEED=${seed}`).toContain("mending");
  });
});

/** A literal of 4,000 bytes that goes into the table, for indexes to repeat. */
function bomb(): Uint8Array {
  return joined([Uint8Array.of(0x40, 1, 0x61, 0x7f, 0xa1, 0x1e), new Uint8Array(4_000).fill(0x78)]);
}
