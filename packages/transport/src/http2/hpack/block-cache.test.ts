/** The cache of header blocks: it may only make the decoder faster, never let it answer otherwise. */
import { expect, it } from "vitest";
import { freshSeed, hex, list, seeded } from "../../testing/hpack.js";
import { joined } from "../octets.js";
import { HpackDecoder } from "./decoder.js";
import { encodeHeaders } from "./encoder.js";

it("answers a block that was seen with the same list, until the table changes", () => {
  const decoder = new HpackDecoder();
  decoder.decode(hex("4001 6101 62"));
  const first = decoder.decode(hex("be"));
  expect(first.fields).toEqual(list("a: b"));
  expect(decoder.decode(hex("be"))).toBe(first);
  // Another field takes the index.
  decoder.decode(hex("4001 6301 64"));
  expect(decoder.decode(hex("be")).fields).toEqual(list("c: d"));
  expect(decoder.decode(hex("bf")).fields).toEqual(list("a: b"));
  expect(() => decoder.decode(hex("20be"))).toThrow();
  expect(() => decoder.decode(hex("be"))).toThrow();
});

it("remembers both blocks of an answer, whose hashes may be alike", () => {
  const decoder = new HpackDecoder();
  // Those of our own server, which fell into one place when there was one.
  const blocks = [list(":status: 200\ncontent-type: application/grpc"), list("grpc-status: 0")].map(encodeHeaders);
  const first = blocks.map((block) => decoder.decode(block));
  for (let i = 0; i < 3; i++) {
    for (const [at, block] of blocks.entries()) expect(decoder.decode(block)).toBe(first[at]);
  }
});

it("reads a block that lies inside other bytes", () => {
  const decoder = new HpackDecoder();
  for (let i = 0; i < 2; i++) expect(decoder.decode(hex("ffff 82 86 ffff"), 2, 4).fields).toHaveLength(2);
  expect(() => decoder.decode(hex("0001 6105 62"), 0, 4)).toThrow("ends inside");
});

it("does not answer for a table that must be made smaller first", () => {
  const decoder = new HpackDecoder();
  decoder.decode(hex("82"));
  decoder.limitTable(100);
  expect(() => decoder.decode(hex("82"))).toThrow("not taken up");
});

it("gives the same lists as a decoder that knows no block", () => {
  const seed = freshSeed();
  const random = seeded(seed);
  const [decoder, plain] = [new HpackDecoder(), new HpackDecoder()];
  const answer = (one: HpackDecoder, block: Uint8Array): unknown => {
    try {
      return one.decode(block).fields;
    } catch {
      return "refused";
    }
  };
  let answers = 0;
  for (let i = 0; i < 2_000; i++) {
    // Few kinds, so that most come again; some change the table, some point into it, some are long.
    const [kind, value] = [random(12), "y".repeat(random(30) === 0 ? 1_500 : random(3))];
    const block = encodeHeaders([
      { name: ":path", value: "/" },
      { name: `x${kind}`, value },
    ]);
    if (random(20) === 0) block[1] = 0x40;
    if (random(3) === 0) block[0] = 0xbe + random(3);
    // An update of the table to the size it has changes nothing but that the block is not in the cache.
    const expected = answer(plain, joined([hex("3fe1 1f"), block]));
    expect(answer(decoder, block), `HTTP2_SEED=${seed}`).toEqual(expected);
    if (expected !== "refused") answers++;
  }
  expect(answers).toBeGreaterThan(1_000);
});
