/** Bytes with a few mistakes in them, and shorter bytes that may still show what longer ones did. */
import type { Chance } from "./chance.js";

const MISTAKES_MAX = 4;
const GROWTH_MAX = 64;

/** The bytes with one to four of: a flipped bit, another byte, a piece gone, repeated, put in or moved. */
export function mutated(bytes: Buffer, chance: Chance): Buffer {
  let result = Buffer.from(bytes);
  for (let left = chance.between(1, MISTAKES_MAX); left > 0; left--) result = withMistake(result, chance);
  return result;
}

export function mutatedText(text: string, chance: Chance): string {
  return mutated(Buffer.from(text, "latin1"), chance).toString("latin1");
}

function withMistake(bytes: Buffer, chance: Chance): Buffer<ArrayBuffer> {
  const at = chance.between(0, bytes.length);
  const end = Math.min(bytes.length, at + 1 + chance.length(GROWTH_MAX));
  const [before, piece, after] = [bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(end)];
  switch (chance.between(0, 6)) {
    case 0:
      return Buffer.concat([before, piece.map((byte) => byte ^ (1 << chance.between(0, 7))), after]);
    case 1:
      return Buffer.concat([before, chance.bytes(piece.length), after]);
    case 2:
      return Buffer.concat([before, after]);
    case 3:
      return Buffer.concat([before, piece, piece, after]);
    case 4:
      return Buffer.concat([before, chance.bytes(chance.length(GROWTH_MAX)), piece, after]);
    case 5:
      return Buffer.concat([after, piece, before]);
    default:
      return Buffer.concat([before, Buffer.alloc(piece.length, chance.pick([0, 0x7f, 0x80, 0xff])), after]);
  }
}

/** Each of these leaves out a piece, large ones first. */
export function shorter(bytes: Buffer): Buffer[] {
  const results: Buffer[] = [];
  for (let size = Math.ceil(bytes.length / 2); size >= 1 && results.length < 24; size = Math.floor(size / 2)) {
    for (let at = 0; at < bytes.length && results.length < 24; at += size) {
      results.push(Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)]));
    }
  }
  return results;
}
