/** Encoded messages, spoiled: what a broken or hostile peer might send. */
import type { Chance } from "./random.js";

/** Fields of which no message has a known one, and parts of fields: varints too long, groups, tags that are none. */
const PARTS: readonly (readonly number[])[] = [
  [0xb8, 0x7f, 0x01],
  [0xb9, 0x7f, 1, 2, 3, 4, 5, 6, 7, 8],
  [0xba, 0x7f, 3, 1, 2, 3],
  [0xbd, 0x7f, 1, 2, 3, 4],
  [0xbb, 0x7f, 0x08, 0x01, 0xbc, 0x7f],
  [0xbb, 0x7f, 0xc3, 0x7f, 0xc4, 0x7f, 0xbc, 0x7f],
  [0xbb, 0x7f, 0xc4, 0x7f],
  [0xbc, 0x7f],
  [0x88, 0x00, 0x05],
  [0x88, 0x80, 0x80, 0x80, 0x00, 0x05],
  [0x88, 0x80, 0x80, 0x80, 0x10, 0x05],
  [0x88, 0x80, 0x80, 0x80, 0x80, 0x00, 0x05],
  [0x00],
  [0x07],
  [0x0e],
  [0x08, ...Array<number>(9).fill(0xff), 0x01],
  [0x08, ...Array<number>(9).fill(0xff), 0x7e],
  [0x08, ...Array<number>(9).fill(0x80), 0x00],
  [0x08, ...Array<number>(10).fill(0xff), 0x01],
  [0x0a, 0x82, 0x80, 0x00, 0x61, 0x62],
  [0x0a, 0x02, 0xc3, 0x28],
  [0x0a, 0x03, 0xef, 0xbb, 0xbf],
  [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xb8, 0x7f, ...Array<number>(20).fill(0x80), 0x01],
];

/** One to three changes: a byte, a cut, a part put in, a piece repeated. */
export function damaged(chance: Chance, bytes: Uint8Array): Uint8Array {
  let result = [...bytes];
  for (let changes = 1 + chance.below(3); changes > 0; changes--) result = change(chance, result);
  return Uint8Array.from(result);
}

function change(chance: Chance, bytes: number[]): number[] {
  const at = chance.below(bytes.length + 1);
  const to = Math.min(bytes.length, at + chance.below(40));
  switch (chance.below(6)) {
    case 0:
      return bytes.slice(0, at);
    case 1:
      return bytes.map((byte, index) => (index === at ? chance.below(256) : byte));
    case 2:
      return [...bytes.slice(0, at), ...chance.pick(PARTS), ...bytes.slice(at)];
    case 3:
      return [...bytes, ...bytes.slice(at, to)];
    case 4:
      return [...bytes.slice(0, at), ...bytes.slice(to)];
    default:
      return [...bytes, ...chance.pick(PARTS)];
  }
}
