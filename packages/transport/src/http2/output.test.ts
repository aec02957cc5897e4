/** The packed output: every byte once and in order, few parts, nothing written again that was given away. */
import { expect, it } from "vitest";
import { freshSeed, seeded } from "../testing/hpack.js";
import { joined } from "./octets.js";
import { COPY_BYTES_MAX, Output } from "./output.js";

it("gives away what was written, in order, whatever the sizes and the times are", () => {
  const seed = freshSeed();
  const random = seeded(seed);
  const output = new Output(() => {});
  const written: Uint8Array[] = [];
  const taken: Uint8Array[] = [];
  for (let i = 0; i < 3_000; i++) {
    const bytes = Uint8Array.from({ length: random(random(20) === 0 ? 20_000 : 300) }, () => random(256));
    written.push(bytes);
    output.body(bytes);
    if (random(2)) {
      written.push(Uint8Array.of(0, 0, 5, 9, 1, 0, 0, 2, i & 1));
      output.head(9, 1, 512 + (i & 1), 5);
    }
    if (random(10) > 0) continue;
    const before = output.bytes;
    const parts = output.take();
    expect(joined(parts).length, `HTTP2_SEED=${seed}`).toBe(before);
    taken.push(...parts);
  }
  taken.push(...output.take());
  // Compared at the end: a part that was written again would show.
  expect(Buffer.compare(joined(taken), joined(written)), `HTTP2_SEED=${seed}`).toBe(0);
});

it("packs what is small into one part, and does not copy what is large", () => {
  const output = new Output(() => {});
  const large = new Uint8Array(COPY_BYTES_MAX);
  for (let i = 0; i < 50; i++) output.body(new Uint8Array(10));
  output.body(large);
  output.uint32(0xfedcba98);
  const parts = output.take();
  expect(parts.map((part) => part.length)).toEqual([500, COPY_BYTES_MAX, 4]);
  expect([parts[1] === large, [...(parts[2] as Uint8Array)]]).toEqual([true, [0xfe, 0xdc, 0xba, 0x98]]);
});

it("says once that there is something, until it is taken", () => {
  let said = 0;
  const output = new Output(() => said++);
  output.octet(1);
  output.octet(2);
  expect(said).toBe(1);
  output.take();
  expect(output.take()).toEqual([]);
  output.octet(3);
  expect([said, output.bytes]).toEqual([2, 1]);
});
