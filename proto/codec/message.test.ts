/** Generated codecs against protobuf-es: the same bytes, the same messages, the same refusals, for every message we have. */
import { clone, create, type DescMessage, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { codecs } from "../gen/codecs.js";
import * as api from "../gen/index.js";
import { decodeMessage, encodeMessage, messageSize } from "./message.js";
import { damaged } from "./testing/damage.js";
import { Chance } from "./testing/random.js";
import { randomInit, randomMessage } from "./testing/random-message.js";

/** `KVORUM_SEED` replays a run. */
const SEED = Number(process.env["KVORUM_SEED"] ?? Date.now() % 1_000_000);
const ROUNDS = 12;
const DAMAGES = 30;

const schemas = [...codecs.keys()];
const hint = (schema: DescMessage): string => `${schema.typeName}, seed ${SEED}`;

/** For every message, `rounds` times; the name of the message and the seed are in whatever fails. */
function forEvery(rounds: number, check: (schema: DescMessage, chance: Chance, hint: string) => void): void {
  for (const [index, schema] of schemas.entries()) {
    const chance = new Chance(SEED + index);
    for (let round = 0; round < rounds; round++) check(schema, chance, hint(schema));
  }
}

describe(`generated codecs (seed ${SEED})`, () => {
  it("are there for every message of the package", () => {
    const described = Object.values(api as Record<string, unknown>).filter(
      (value): value is DescMessage => (value as DescMessage).kind === "message",
    );
    expect(described.length).toBeGreaterThan(150);
    expect(new Set(schemas)).toEqual(new Set(described));
  });

  it("write the bytes that protobuf-es writes", () => {
    forEvery(ROUNDS, (schema, chance, hint) => {
      const message = randomMessage(chance, schema);
      const written = toBinary(schema, message);
      expect(Buffer.from(encodeMessage(schema, message)).equals(written), hint).toBe(true);
      expect(messageSize(schema, message), hint).toBe(written.length);
    });
  });

  it("write a plain object as the message that can be made of it", () => {
    forEvery(ROUNDS, (schema, chance, hint) => {
      const init = randomInit(chance, schema);
      const written = encodeMessage(schema, init);
      expect(Buffer.from(written).equals(toBinary(schema, create(schema, init))), hint).toBe(true);
    });
  });

  it("read what protobuf-es reads, down to absent properties", () => {
    forEvery(ROUNDS, (schema, chance, hint) => {
      const bytes = toBinary(schema, randomMessage(chance, schema));
      const message = decodeMessage(schema, bytes);
      expect(message, hint).toStrictEqual(fromBinary(schema, bytes));
      expect(Object.keys(message)[0]).toBe("$typeName");
    });
  });

  it("make messages that protobuf-es takes for its own", () => {
    forEvery(2, (schema, chance, hint) => {
      const bytes = toBinary(schema, randomMessage(chance, schema));
      const message = decodeMessage(schema, bytes);
      expect(toBinary(schema, message), hint).toEqual(bytes);
      expect(create(schema, message)).toBe(message);
      expect(clone(schema, message), hint).toStrictEqual(message);
    });
  });

  it("read a message that comes in two parts as one, and the other way round", () => {
    forEvery(ROUNDS, (schema, chance, hint) => {
      const parts = [randomMessage(chance, schema), randomMessage(chance, schema)];
      const bytes = Buffer.concat(parts.map((part) => toBinary(schema, part)));
      const plain = Uint8Array.from(bytes);
      expect(decodeMessage(schema, plain), hint).toStrictEqual(fromBinary(schema, plain));
    });
  });

  it("take and refuse the same damaged bytes, and write again what they took", () => {
    const outcomes = { taken: 0, refused: 0, unknown: 0 };
    forEvery(DAMAGES, (schema, chance, hint) => {
      const bytes = damaged(chance, toBinary(schema, randomMessage(chance, schema, 2)));
      const expected = outcome(() => fromBinary(schema, bytes));
      const found = outcome(() => decodeMessage(schema, bytes));
      const detail = `${hint}, ${Buffer.from(bytes).toString("hex")}`;
      if (expected === undefined || found === undefined) {
        expect(found, detail).toBe(expected);
        outcomes.refused += 1;
        return;
      }
      expect(found, detail).toStrictEqual(expected);
      expect(Buffer.from(encodeMessage(schema, found)).equals(toBinary(schema, expected)), detail).toBe(true);
      outcomes.taken += 1;
      if (expected.$unknown !== undefined) outcomes.unknown += 1;
    });
    // Else the damage proves nothing.
    for (const count of Object.values(outcomes)) expect(count).toBeGreaterThan(300);
  });

  it("read views into larger memory, and give out no Buffer", () => {
    forEvery(2, (schema, chance, hint) => {
      const bytes = toBinary(schema, randomMessage(chance, schema));
      const memory = Buffer.alloc(bytes.length + 30, 0xff);
      memory.set(bytes, 17);
      const view = memory.subarray(17, 17 + bytes.length);
      expect(decodeMessage(schema, view), hint).toStrictEqual(fromBinary(schema, bytes));
    });
  });
});

function outcome(decode: () => Message): Message | undefined {
  try {
    return decode();
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    return undefined;
  }
}
