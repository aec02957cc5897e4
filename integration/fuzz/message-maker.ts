/**
 * Messages of the contract as bytes, made from their descriptors: most fields are what a client might send, some are the
 * extremes of their type, and some are mistakes that no library would encode (another wire type, an unknown field, a value
 * of an enum that there is not, a length that lies).
 */
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { Chance } from "./chance.js";

/** What fields are filled with when their name says what they are. Ids are those of this node. */
export interface Vocabulary {
  readonly keys: readonly string[];
  readonly names: readonly string[];
  readonly ids: readonly bigint[];
  /** Never written as a key or as the end of a range that could reach it. */
  readonly forbiddenFields?: readonly string[];
}

const DEPTH_MAX = 7;
const VALUE_BYTES_MAX = 4096;

export class MessageMaker {
  readonly #chance: Chance;
  readonly #words: Vocabulary;

  constructor(chance: Chance, words: Vocabulary) {
    this.#chance = chance;
    this.#words = words;
  }

  make(message: DescMessage): Buffer {
    return Buffer.from(this.#message(message, 0));
  }

  #message({ fields }: DescMessage, depth: number): Uint8Array {
    const chance = this.#chance;
    const writer = new BinaryWriter();
    const share = depth === 0 ? 0.75 : depth < 3 ? 0.5 : 0.2;
    for (const field of fields) {
      if (this.#words.forbiddenFields?.includes(`${field.parent.name}.${field.name}`) === true) continue;
      if (depth >= DEPTH_MAX && field.message !== undefined) continue;
      // Of a oneof now and then more than one: the last one counts.
      if (!chance.chance(field.oneof === undefined ? share : 1.3 / field.oneof.fields.length)) continue;
      const times = field.fieldKind === "list" ? this.#times(depth) : chance.chance(0.02) ? 2 : 1;
      for (let i = 0; i < times; i++) this.#field(writer, field, depth);
    }
    if (chance.chance(0.04))
      writer.tag(chance.between(1, 2 ** 29 - 1), WireType.LengthDelimited).bytes(chance.bytes(9));
    return writer.finish();
  }

  #times(depth: number): number {
    return this.#chance.chance(0.02) && depth < 2 ? this.#chance.between(100, 300) : this.#chance.between(0, 3);
  }

  #field(writer: BinaryWriter, field: DescField, depth: number): void {
    const chance = this.#chance;
    if (chance.chance(0.01)) {
      writer.tag(
        field.number,
        chance.pick([WireType.Varint, WireType.Bit32, WireType.Bit64, WireType.LengthDelimited]),
      );
      writer.raw(chance.bytes(chance.between(0, 9)));
      return;
    }
    if (field.fieldKind === "map") return;
    if (field.message !== undefined) {
      writer.tag(field.number, WireType.LengthDelimited).bytes(this.#message(field.message, depth + 1));
    } else if (field.enum !== undefined) {
      const { values } = field.enum;
      const known = chance.chance(0.85) ? chance.pick(values).number : Number(BigInt.asIntN(32, chance.wide()));
      writer.tag(field.number, WireType.Varint).int32(known);
    } else if (field.scalar === ScalarType.BYTES) {
      writer.tag(field.number, WireType.LengthDelimited).bytes(this.#bytes(field));
    } else if (field.scalar === ScalarType.STRING) {
      writer.tag(field.number, WireType.LengthDelimited).bytes(Buffer.from(this.#text(field)));
    } else if (field.scalar === ScalarType.BOOL) {
      writer.tag(field.number, WireType.Varint).bool(chance.chance(0.5));
    } else {
      writer.tag(field.number, WireType.Varint).uint64(BigInt.asUintN(64, this.#number(field)));
    }
  }

  #bytes({ name }: DescField): Buffer {
    const chance = this.#chance;
    if (/key|range_end|prefix|name/.test(name) && chance.chance(0.8)) {
      const key = chance.pick([...this.#words.keys, "", "\0"]);
      return Buffer.from(key);
    }
    return chance.bytes(chance.length(name === "value" ? VALUE_BYTES_MAX : 100));
  }

  #text({ name }: DescField): string {
    const chance = this.#chance;
    if (/URL/.test(name)) return chance.pick(["http://127.0.0.1:1", "https://[::1]:2", "http://", "x", chance.text()]);
    return chance.chance(0.75) ? chance.pick(this.#words.names) : chance.text();
  }

  #number({ name }: DescField): bigint {
    const chance = this.#chance;
    if (/ID$|_id$|lease/i.test(name) && chance.chance(0.6)) return chance.pick(this.#words.ids);
    if (/revision|version|limit|ttl/i.test(name) && chance.chance(0.5)) return BigInt(chance.between(-1, 40));
    return chance.wide();
  }
}
