/** The rules of JSON answers, and protobuf-es's own mapping as the judge of the rest. */
import {
  create,
  type DescField,
  type DescMessage,
  type Message,
  type MessageInitShape,
  ScalarType,
  toJson,
} from "@bufbuild/protobuf";
import {
  AlarmResponseSchema,
  AuthRoleGetResponseSchema,
  HashResponseSchema,
  MemberListResponseSchema,
  RangeResponseSchema,
  TxnResponseSchema,
  WatchResponseSchema,
} from "@kvorum/proto";
import { expect, it } from "vitest";
import { ROUTES } from "../routes.js";
import { JsonWriter } from "./writer.js";

const writer = new JsonWriter();
const jsonOf = <S extends DescMessage>(schema: S, answer: MessageInitShape<S>): string =>
  [...writer.pieces(schema, answer)].join("");

const header = { clusterId: 2n ** 64n - 1n, memberId: 7n, revision: 3n, raftTerm: 2n };

it("names are those of the proto files, 64-bit numbers are strings, bytes are padded standard base64", () => {
  const kv = {
    key: Uint8Array.of(0xfb, 0xff),
    createRevision: 2n,
    modRevision: 3n,
    version: 1n,
    value: Uint8Array.of(1),
  };
  expect(jsonOf(RangeResponseSchema, { header, kvs: [kv], count: 1n })).toBe(
    '{"header":{"cluster_id":"18446744073709551615","member_id":"7","revision":"3","raft_term":"2"},' +
      '"kvs":[{"key":"+/8=","create_revision":"2","mod_revision":"3","version":"1","value":"AQ=="}],"count":"1"}',
  );
  expect(
    jsonOf(MemberListResponseSchema, { members: [{ ID: 5n, peerURLs: ["a"], clientURLs: [], isLearner: true }] }),
  ).toBe('{"members":[{"ID":"5","peerURLs":["a"],"isLearner":true}]}');
});

it("32-bit numbers are numbers, enums are names", () => {
  expect(jsonOf(HashResponseSchema, { hash: 4_294_967_295 })).toBe('{"hash":4294967295}');
  expect(jsonOf(AlarmResponseSchema, { alarms: [{ memberID: 1n, alarm: 1 }] })).toBe(
    '{"alarms":[{"memberID":"1","alarm":"NOSPACE"}]}',
  );
  expect(jsonOf(AuthRoleGetResponseSchema, { perm: [{ permType: 2, key: Uint8Array.of(97) }] })).toBe(
    '{"perm":[{"permType":"READWRITE","key":"YQ=="}]}',
  );
});

it("what has its default is left out: the kind of a put, the first watch, false and empty lists", () => {
  const event = { type: 0, kv: { key: Uint8Array.of(97), version: 0n } };
  expect(jsonOf(WatchResponseSchema, { header: {}, watchId: 0n, created: false, events: [event, { type: 1 }] })).toBe(
    '{"header":{},"events":[{"kv":{"key":"YQ=="}},{"type":"DELETE"}]}',
  );
});

it("a oneof is the name of its member", () => {
  const response = { response: { case: "responsePut" as const, value: { header: { revision: 3n } } } };
  expect(
    jsonOf(TxnResponseSchema, {
      succeeded: true,
      responses: [response, { response: { case: "responseTxn", value: {} } }],
    }),
  ).toBe('{"succeeded":true,"responses":[{"response_put":{"header":{"revision":"3"}}},{"response_txn":{}}]}');
});

it("a document has no newline", () => {
  const value = new Uint8Array(1000).fill(10);
  expect(jsonOf(RangeResponseSchema, { kvs: [{ value }] })).not.toContain("\n");
});

it("what it writes is what protobuf-es would, for every answer there is", () => {
  const random = numbers(7);
  const answers = new Set([...ROUTES.values()].map(({ output }) => output));
  expect(answers.size).toBeGreaterThan(40);
  for (const schema of answers) {
    for (let i = 0; i < 20; i++) {
      const message = randomMessage(schema, random, 4);
      const expected = JSON.stringify(toJson(schema, message, { useProtoFieldName: true }));
      expect(jsonOf(schema, message as MessageInitShape<typeof schema>), schema.typeName).toBe(expected);
    }
  }
});

it("a long answer comes in many pieces, also one inside of a transaction's", () => {
  const kvs = Array.from({ length: 2000 }, () => ({ value: new Uint8Array(100).fill(1) }));
  const range = { case: "responseRange" as const, value: { kvs } };
  const pieces = [...writer.pieces(TxnResponseSchema, { responses: [{ response: range }] })];
  expect(pieces.length).toBeGreaterThan(3);
  expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThan(70_000);
  expect((JSON.parse(pieces.join("")) as { responses: unknown[] }).responses).toHaveLength(1);
});

/** A sequence of whole numbers below a bound, the same for the same seed. */
function numbers(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

function randomMessage(schema: DescMessage, random: (bound: number) => number, depth: number): Message {
  const message = create(schema);
  const target = message as unknown as Record<string, unknown>;
  for (const field of schema.fields) {
    if (random(3) === 0 || (field.message !== undefined && depth === 0)) continue;
    const one = (): unknown => randomValue(field, random, depth);
    const value = field.fieldKind === "list" ? Array.from({ length: random(3) }, one) : one();
    if (field.oneof === undefined) target[field.localName] = value;
    else target[field.oneof.localName] = { case: field.localName, value };
  }
  return message;
}

function randomValue(field: DescField, random: (bound: number) => number, depth: number): unknown {
  if (field.message !== undefined) return randomMessage(field.message, random, depth - 1);
  // Some numbers have no name.
  if (field.enum !== undefined) return random(field.enum.values.length + 1);
  if (field.scalar === ScalarType.BYTES) return Uint8Array.from({ length: random(5) }, () => random(256));
  if (field.scalar === ScalarType.STRING) return ["", "text", '"\\\n', "äß€😀"][random(4)];
  if (field.scalar === ScalarType.BOOL) return random(2) === 1;
  const isLong = field.scalar === ScalarType.INT64 || field.scalar === ScalarType.UINT64;
  return isLong ? BigInt(random(3)) * 2n ** 61n : random(3) * 1_000_000;
}
