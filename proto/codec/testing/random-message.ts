/** Messages of any type by chance: every field may be missing, have its zero, a value at an edge, or any other. */
import { create, type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import type { Chance } from "./random.js";

type Fields = Record<string, unknown>;

const INT32 = [0, 1, -1, 127, 128, 0x7fff_ffff, -0x8000_0000];
const UINT32 = [0, 1, 127, 128, 16_383, 16_384, 0x1f_ffff, 0x20_0000, 0xfff_ffff, 0x1000_0000, 0xffff_ffff];
const UINT64 = [
  0n,
  1n,
  127n,
  128n,
  0xffff_ffffn,
  1n << 32n,
  (1n << 53n) + 1n,
  (1n << 63n) - 1n,
  1n << 63n,
  (1n << 64n) - 1n,
];
const INT64 = UINT64.map((value) => BigInt.asIntN(64, value)).concat(-(1n << 32n), -1n, -(1n << 63n));
const TEXTS = [
  ...[
    "",
    "a",
    "exactly 12 b",
    "thirteen byte",
    "http://127.0.0.1:2379",
    "x".repeat(48),
    "x".repeat(49),
    "x".repeat(300),
  ],
  ...["é", "€uro", "𝕏", "ab𝕏cd€é", "é".repeat(40), "\0", "\ufffd"],
];
const LENGTHS = [0, 1, 2, 23, 24, 25, 127, 128, 300, 20_000];

/** Nested up to `depth` messages deep. */
export function randomMessage(chance: Chance, schema: DescMessage, depth = 4): Message {
  return create(schema, randomInit(chance, schema, depth));
}

/** A plain object that a message can be made of; of the messages nested in it some are messages and some are plain. */
export function randomInit(chance: Chance, schema: DescMessage, depth = 4): Fields {
  const init: Fields = {};
  for (const member of schema.members) {
    if (chance.oneIn(4)) continue;
    if (member.kind === "oneof") {
      const field = chance.pick(member.fields);
      if (field.message === undefined || depth > 0) {
        init[member.localName] = { case: field.localName, value: single(chance, field, depth) };
      }
    } else if (member.message === undefined || depth > 0) {
      init[member.localName] = fieldValue(chance, member, depth);
    }
  }
  return init;
}

function fieldValue(chance: Chance, field: DescField, depth: number): unknown {
  const count = chance.pick([0, 1, 2, 5]);
  if (field.fieldKind === "list") return Array.from({ length: count }, () => single(chance, field, depth));
  if (field.fieldKind !== "map") return single(chance, field, depth);
  return Object.fromEntries(Array.from({ length: count }, () => [chance.pick(TEXTS), single(chance, field, depth)]));
}

function single(chance: Chance, field: DescField, depth: number): unknown {
  if (field.message !== undefined) {
    return (chance.oneIn(2) ? randomMessage : randomInit)(chance, field.message, depth - 1);
  }
  return scalar(chance, field.enum === undefined ? field.scalar : ScalarType.INT32);
}

function scalar(chance: Chance, type: ScalarType | undefined): unknown {
  switch (type) {
    case ScalarType.BOOL:
      return chance.oneIn(2);
    case ScalarType.BYTES:
      return chance.bytes(chance.pick(LENGTHS.slice(0, chance.oneIn(40) ? undefined : -1)));
    case ScalarType.STRING:
      return chance.pick(TEXTS);
    case ScalarType.INT32:
      return chance.oneIn(4) ? chance.below(1000) : chance.pick(INT32);
    case ScalarType.UINT32:
      return chance.oneIn(4) ? chance.below(2 ** 32) : chance.pick(UINT32);
    case ScalarType.INT64:
      return chance.oneIn(4) ? BigInt.asIntN(64, wide(chance)) : chance.pick(INT64);
    case ScalarType.UINT64:
      return chance.oneIn(4) ? wide(chance) : chance.pick(UINT64);
    default:
      throw new Error(`no values for ${type === undefined ? "no type" : ScalarType[type]}`);
  }
}

function wide(chance: Chance): bigint {
  return (BigInt(chance.below(2 ** 32)) << 32n) | BigInt(chance.below(2 ** 32));
}
