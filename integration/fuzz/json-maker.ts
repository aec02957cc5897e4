/** JSON for the gateway, made from the descriptors of the contract, with the mistakes that texts can have. */
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import type { Chance } from "./chance.js";

const DEPTH_MAX = 6;
const KEYS: readonly string[] = ["user/a", "user/b", "a", "b", "", "\0"];
const STRANGE_VALUES = [
  ...["null", "true", "[]", "{}", '"x"', "1e400", "-0", "1.5", '"1"', '"-1"', "[[]]", '{"__proto__":1}'],
  ...[
    "9007199254740993",
    '"9223372036854775808"',
    '"\\ud800"',
    '"\\u0000"',
    "NaN",
    "Infinity",
    "0x10",
    '"YQ"',
    '"Y_-="',
  ],
];

export class JsonMaker {
  readonly #chance: Chance;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  make(message: DescMessage, depth = 0): string {
    const chance = this.#chance;
    const share = depth === 0 ? 0.7 : depth < 3 ? 0.5 : 0.2;
    const members = message.fields
      .filter((field) => chance.chance(share) && (depth < DEPTH_MAX || field.message === undefined))
      .map((field) => `${this.#name(field)}${this.#space()}:${this.#field(field, depth)}`);
    if (chance.chance(0.05)) members.push(`${JSON.stringify(chance.text())}:${chance.pick(STRANGE_VALUES)}`);
    return `{${members.join(`,${this.#space()}`)}}`;
  }

  #name({ name, jsonName }: DescField): string {
    return JSON.stringify(this.#chance.chance(0.6) ? name : jsonName);
  }

  #space(): string {
    return this.#chance.chance(0.9) ? "" : this.#chance.pick([" ", "\n", "\t\t", "\u00a0", "\ufeff"]);
  }

  #field(field: DescField, depth: number): string {
    if (this.#chance.chance(0.06)) return this.#chance.pick(STRANGE_VALUES);
    if (field.fieldKind !== "list") return this.#value(field, depth);
    const times = this.#chance.chance(0.02) ? 300 : this.#chance.between(0, 3);
    return `[${Array.from({ length: times }, () => this.#value(field, depth)).join(",")}]`;
  }

  #value(field: DescField, depth: number): string {
    const chance = this.#chance;
    if (field.message !== undefined) return this.make(field.message, depth + 1);
    if (field.enum !== undefined) {
      const { name, number } = chance.pick(field.enum.values);
      return chance.pick([JSON.stringify(name), String(number), JSON.stringify(chance.text()), String(chance.wide())]);
    }
    if (field.scalar === ScalarType.BYTES) {
      const value = /key|range_end/.test(field.name)
        ? Buffer.from(chance.pick(KEYS))
        : chance.bytes(chance.length(500));
      return JSON.stringify(value.toString(chance.chance(0.9) ? "base64" : "base64url"));
    }
    if (field.scalar === ScalarType.BOOL) return chance.pick(["true", "false"]);
    if (field.scalar === ScalarType.STRING) return JSON.stringify(chance.text());
    const number = String(chance.wide());
    return chance.chance(0.5) ? number : JSON.stringify(number);
  }
}
