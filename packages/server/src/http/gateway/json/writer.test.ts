/** The rules of JSON answers. */
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
import { jsonOf } from "./writer.js";

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
