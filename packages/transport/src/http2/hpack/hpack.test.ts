/** HPACK beyond the examples of the RFC: refusals, limits, random blocks, and nghttp2 as the sender. */
import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { type AddressInfo, createServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { bitsOf, freshSeed, hex, huffman, list, seeded } from "../../testing/hpack.js";
import { FrameSplitter, FrameType, frameBytes } from "../frame.js";
import { readHeaderBlock } from "../header-block.js";
import { joined, octetString } from "../octets.js";
import { HpackDecoder } from "./decoder.js";
import { encodeHeaders } from "./encoder.js";
import { type HeaderField, HpackError } from "./header-field.js";
import { decodeHuffman, HUFFMAN_CODES } from "./huffman.js";
import { STATIC_FIELDS } from "./static-table.js";

const decoded = (digits: string): readonly HeaderField[] => new HpackDecoder().decode(hex(digits)).fields;

describe("the Huffman code", () => {
  it("is complete: every row of bits is the beginning of one code", () => {
    expect(HUFFMAN_CODES).toHaveLength(257);
    expect(HUFFMAN_CODES.reduce((sum, { bits }) => sum + 2 ** (30 - bits), 0)).toBe(2 ** 30);
    expect(HUFFMAN_CODES[256]).toEqual({ code: 0x3fffffff, bits: 30 });
    // From the table of appendix B, one of each kind.
    expect([48, 47, 46, 92, 0, 255].map((symbol) => HUFFMAN_CODES[symbol]?.code)).toEqual([
      0x0, 0x18, 0x17, 0x7fff0, 0x1ff8, 0x3ffffee,
    ]);
  });

  it("gives back every octet, alone and among others", () => {
    const all = octetString(Uint8Array.from({ length: 256 }, (_, i) => i));
    for (const text of [...all, all, ""]) {
      const bytes = huffman(text);
      expect(decodeHuffman(bytes, 0, bytes.length)).toBe(text);
    }
  });

  const octets = (bits: string): Uint8Array =>
    Uint8Array.from(bits.match(/.{8}/g) ?? [], (octet) => Number.parseInt(octet, 2));
  it.each([
    ["padding of zeros", octets(`${bitsOf(97)}000`), "wrong padding"],
    ["a whole octet of padding", octets(`${bitsOf(0x3a)}1${"1".repeat(8)}`), "wrong padding"],
    ["only padding", octets("11111111"), "wrong padding"],
    ["a code that is cut off", octets("11111111".repeat(3)), "wrong padding"],
    ["the end of string itself", octets(`${bitsOf(256)}11`), "contains the end of string"],
    ["the end of string inside", octets(`${bitsOf(256)}${bitsOf(48)}111`), "contains the end of string"],
  ])("refuses %s", (_name, bytes, message) => {
    expect(() => decodeHuffman(bytes, 0, bytes.length)).toThrow(HpackError);
    expect(() => decodeHuffman(bytes, 0, bytes.length)).toThrow(message);
  });
});

describe("the decoder refuses", () => {
  it.each([
    ["the index 0", "80"],
    ["an index behind both tables", "be"],
    ["a name of an index that is nowhere", "7f00 0161"],
    ["an integer that ends early", "ff"],
    ["an integer of endless zeros", "ff80 8080 8080 8080 8000"],
    ["an integer over the limit", "7fff ffff ffff 7f"],
    ["a string that is longer than the block", "4003 6162"],
    ["a literal without its value", "4001 61"],
    ["a table larger than announced", "3fe2 1f"],
    ["an update of the table after a field", "8220"],
  ])("%s", (_name, digits) => {
    expect(() => decoded(digits)).toThrow(HpackError);
  });
});

describe("the decoder", () => {
  it("knows the 61 fields of the static table", () => {
    expect(STATIC_FIELDS).toHaveLength(61);
    const indexes = Uint8Array.from(STATIC_FIELDS, (_field, i) => 0x80 | (i + 1));
    expect(new HpackDecoder().decode(indexes).fields).toEqual(STATIC_FIELDS);
    // Landmarks of appendix A: where the kinds of entries change.
    expect([1, 2, 14, 15, 16, 17, 31, 38, 61].map((i) => Object.values(STATIC_FIELDS[i - 1] ?? {}).join("="))).toEqual([
      ":authority=",
      ":method=GET",
      ":status=500",
      "accept-charset=",
      "accept-encoding=gzip, deflate",
      "accept-language=",
      "content-type=",
      "host=",
      "www-authenticate=",
    ]);
  });

  it("reads an integer with leading zeros", () => {
    expect(decoded("0f80 8000 00")).toEqual([{ name: "accept-charset", value: "" }]);
  });

  it("empties the table on an update to nothing, and takes it up again", () => {
    const decoder = new HpackDecoder();
    decoder.decode(hex("4001 6101 62"));
    expect(decoder.decode(hex("be")).fields).toEqual([{ name: "a", value: "b" }]);
    expect(decoder.decode(hex("203f e11f")).fields).toEqual([]);
    expect(() => decoder.decode(hex("be"))).toThrow(HpackError);
    expect(decoder.decode(hex("4001 6101 62be")).fields).toHaveLength(2);
  });

  it("insists on an update after the limit was lowered below what is in use", () => {
    const decoder = new HpackDecoder();
    decoder.limitTable(100);
    expect(() => decoder.decode(hex("82"))).toThrow("the lower limit of the table was not taken up");
    expect(decoder.decode(hex("3f45 82")).fields).toHaveLength(1);
    expect(() => decoder.decode(hex("3f46 82"))).toThrow("over the limit");
    decoder.limitTable(4_096);
    expect(decoder.decode(hex("82")).fields).toHaveLength(1);
  });

  it("cuts a list that is too large, and keeps the table right for the next one", () => {
    const decoder = new HpackDecoder({ headerListBytesMax: 100 });
    // Three fields of 34 bytes; the last one goes beyond the limit and is in the table all the same.
    expect(decoder.decode(hex("4001 6101 31 4001 6201 32 4001 6301 33"))).toEqual({
      fields: list("a: 1\nb: 2"),
      tooLarge: true,
    });
    expect(decoder.decode(hex("be"))).toEqual({ fields: list("c: 3"), tooLarge: false });
  });

  it("does not let a small block make a large list", () => {
    const decoder = new HpackDecoder();
    const value = "x".repeat(4_000);
    const literal = joined([hex("4001 617f a11e"), Uint8Array.from(value, () => 0x78)]);
    expect(decoder.decode(literal).fields).toEqual([{ name: "a", value }]);
    const { fields, tooLarge } = decoder.decode(new Uint8Array(60_000).fill(0xbe));
    expect([fields.length, tooLarge]).toEqual([16, true]);
  });
});

describe("random blocks", () => {
  it("throw nothing but the typed error, whatever they hold", { timeout: 20_000 }, () => {
    const seed = freshSeed();
    const random = seeded(seed);
    let refused = 0;
    for (let round = 0; round < 2_000; round++) {
      const decoder = new HpackDecoder({ headerListBytesMax: 2_000 });
      try {
        // Several blocks a decoder, half of the octets indexes, so that the tables fill and are used.
        for (let i = 0; i < 5; i++) {
          const block = Uint8Array.from({ length: random(40) }, () => (random(2) ? random(256) : 0x80 | random(70)));
          decoder.decode(block);
        }
      } catch (error) {
        refused++;
        expect(error, `HTTP2_SEED=${seed}`).toBeInstanceOf(HpackError);
      }
    }
    expect(refused, `HTTP2_SEED=${seed}`).toBeGreaterThan(0);
  });

  it("of the encoder are read back as they were", () => {
    const seed = freshSeed();
    const random = seeded(seed);
    const text = (lengthMax: number): string =>
      octetString(Uint8Array.from({ length: random(lengthMax) }, () => random(256)));
    const decoder = new HpackDecoder();
    for (let round = 0; round < 500; round++) {
      const fields = Array.from({ length: random(12) }, (): HeaderField => {
        const known = STATIC_FIELDS[random(61)] as HeaderField;
        const kind = random(4);
        if (kind === 0) return known;
        if (kind === 1) return { name: known.name, value: text(300) };
        if (kind === 2) return { name: text(40), value: text(40) };
        return { name: known.name, value: known.value, neverIndexed: true };
      });
      expect(decoder.decode(encodeHeaders(fields)).fields, `HTTP2_SEED=${seed}`).toEqual(fields);
    }
  });
});

describe("nghttp2 as the sender", () => {
  const closers: (() => void)[] = [];
  afterEach(() => {
    for (const close of closers.splice(0)) close();
  });

  /** A client of `node:http2` on a raw listener that announces a header table of this size, and the blocks it sends. */
  async function start(tableBytes: number): Promise<{ session: ClientHttp2Session; next(): Promise<Uint8Array> }> {
    const blocks: Uint8Array[] = [];
    let arrived: (() => void) | undefined;
    const listener = createServer((socket) => {
      socket.on("error", () => {});
      const setting = hex(`0001 ${tableBytes.toString(16).padStart(8, "0")}`);
      socket.write(frameBytes({ type: FrameType.SETTINGS, flags: 0, streamId: 0 }, setting));
      const splitter = new FrameSplitter();
      let skip = 24;
      socket.on("data", (chunk) => {
        splitter.push(chunk.subarray(skip));
        skip = Math.max(0, skip - chunk.length);
        for (let frame = splitter.next(); frame !== undefined; frame = splitter.next()) {
          if (frame.type === FrameType.HEADERS) blocks.push(readHeaderBlock(frame, [])?.fragment as Uint8Array);
        }
        arrived?.();
      });
    }).listen(0, "127.0.0.1");
    await once(listener, "listening");
    const session = connect(`http://127.0.0.1:${(listener.address() as AddressInfo).port}`).on("error", () => {});
    closers.push(() => {
      session.destroy();
      listener.close();
    });
    await once(session, "remoteSettings");
    return {
      session,
      async next() {
        while (blocks.length === 0) {
          await new Promise<void>((resolve) => {
            arrived = resolve;
          });
        }
        return blocks.shift() as Uint8Array;
      },
    };
  }

  it.each([0, 100, 1_000, 4_096])("is understood with a table of %i bytes", async (tableBytes) => {
    const seed = freshSeed();
    const random = seeded(seed);
    const { session, next } = await start(tableBytes);
    // nghttp2 begins with a table of the size that holds before SETTINGS, and tells when it changes it.
    const decoder = new HpackDecoder();
    decoder.limitTable(tableBytes);
    const letters = (length: number): string =>
      Array.from({ length }, () => String.fromCharCode(33 + random(94))).join("");
    for (let call = 0; call < 60; call++) {
      const sent: [string, string][] = [
        [":method", "POST"],
        [":path", `/etcdserverpb.KV/${random(3) ? "Range" : letters(5)}`],
        [":scheme", "http"],
        [":authority", "127.0.0.1:2379"],
        ["te", "trailers"],
      ];
      for (let i = random(8); i >= 0; i--) sent.push([`x-${i}`, random(2) ? "same" : letters(1 + random(60))]);
      const stream = session.request(Object.fromEntries(sent)).on("error", () => {});
      const { fields } = decoder.decode(await next());
      const read = Object.fromEntries(fields.map(({ name, value }) => [name, value]));
      expect(read, `HTTP2_SEED=${seed}`).toEqual(Object.fromEntries(sent));
      stream.close();
    }
  });
});
