/**
 * What is asked of both gateways: every route that etcd 3.4 has, with an answer and an error, and the rules of its JSON.
 * Cases run in this order on fresh servers; the last ones switch authentication on and off.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Probe } from "./probe.js";

export interface GatewayCase {
  readonly name: string;
  run(probe: Probe): Promise<void>;
  /** Why the answers differ from those of etcd 3.4, where they do. */
  readonly differs?: string;
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const LEASE = "7587862094123456789";
const OTHER_TEXT = "texts of malformed JSON are those of the second gateway";

/** An id of a member is made of the second in which it is added: the same address has the same one within it, and another after it. */
async function earlyInASecond(): Promise<void> {
  const passedMs = Date.now() % 1000;
  if (passedMs > 300) await sleep(1000 - passedMs);
}

const kv: readonly GatewayCase[] = [
  {
    name: "put and range",
    async run(probe) {
      await probe.call("/v3/kv/put", { key: probe.key("a"), value: base64("1") });
      await probe.call("/v3/kv/put", { key: probe.key("a"), value: base64("2"), prev_kv: true });
      await probe.call("/v3/kv/put", { key: probe.key("b"), value: "" });
      await probe.call("/v3/kv/range", { key: probe.key("a") });
      await probe.call("/v3/kv/range", { key: probe.key("a"), range_end: probe.key("z"), limit: 1 });
      await probe.call("/v3/kv/range", { key: probe.key(), range_end: probe.key("z"), count_only: true });
      await probe.call("/v3/kv/range", { key: probe.key(), range_end: probe.key("z"), keys_only: true });
      await probe.call("/v3/kv/range", { key: probe.key("a"), revision: probe.revision(1), serializable: true });
    },
  },
  {
    name: "put and range with errors",
    async run(probe) {
      await probe.call("/v3/kv/put", {});
      await probe.call("/v3/kv/put", { key: probe.key("a"), lease: "99" });
      await probe.call("/v3/kv/put", { key: probe.key("none"), ignore_value: true });
      await probe.call("/v3/kv/range", {});
      await probe.call("/v3/kv/range", { key: probe.key("a"), revision: "99999" });
    },
  },
  {
    name: "input takes both spellings of a name, and passes over unknown ones",
    async run(probe) {
      await probe.call("/v3/kv/put", { key: probe.key("a"), value: base64("x"), prevKv: true });
      await probe.call("/v3/kv/range", { key: probe.key("a"), rangeEnd: probe.key("b"), countOnly: true });
      await probe.call("/v3/kv/range", { key: probe.key("a"), other: { deep: [1, "two", null, { a: false }] } });
    },
  },
  {
    name: "numbers come as strings or numbers, enums as names or numbers, null is nothing",
    async run(probe) {
      await probe.call("/v3/kv/put", { key: probe.key("a") });
      await probe.call("/v3/kv/put", { key: probe.key("b") });
      const range = { key: probe.key(), range_end: probe.key("z"), keys_only: true };
      await probe.call("/v3/kv/range", { ...range, limit: "1" });
      await probe.call("/v3/kv/range", { ...range, limit: 1 });
      await probe.call("/v3/kv/range", { ...range, sort_order: "DESCEND", sort_target: "KEY" });
      await probe.call("/v3/kv/range", { ...range, sort_order: 2, sort_target: 0 });
      await probe.call("/v3/kv/range", { ...range, limit: null, revision: null });
    },
  },
  {
    name: "an empty body is an empty request",
    run: async (probe) => {
      await probe.call("/v3/kv/range", "");
      await probe.call("/v3/cluster/member/list", "");
    },
  },
  {
    name: "any content type that a simple client sends",
    async run(probe) {
      for (const type of ["application/x-www-form-urlencoded", "text/plain", "application/json; charset=utf-8"]) {
        await probe.call("/v3/kv/range", { key: probe.key("a") }, { "content-type": type });
      }
    },
  },
  {
    name: "a deadline and metadata in headers",
    async run(probe) {
      const range = { key: probe.key("a") };
      await probe.call("/v3/kv/range", range, { "grpc-timeout": "5S", "grpc-metadata-hasleader": "true" });
      await probe.call("/v3/kv/range", range, { "grpc-timeout": "1n" });
      await probe.call("/v3/kv/range", range, { "grpc-timeout": "5X" });
    },
  },
  {
    name: "deleterange",
    async run(probe) {
      await probe.call("/v3/kv/put", { key: probe.key("a"), value: base64("1") });
      await probe.call("/v3/kv/deleterange", { key: probe.key("a"), prev_kv: true });
      await probe.call("/v3/kv/deleterange", { key: probe.key("a") });
      await probe.call("/v3/kv/deleterange", {});
    },
  },
  {
    name: "txn",
    async run(probe) {
      await probe.call("/v3/kv/put", { key: probe.key("a"), value: base64("1") });
      await probe.call("/v3/kv/txn", {
        compare: [
          { target: "VERSION", key: probe.key("a"), version: "1" },
          { key: probe.key("a"), result: "EQUAL", target: "VALUE", value: base64("1") },
        ],
        success: [
          { request_range: { key: probe.key("a") } },
          { requestPut: { key: probe.key("b"), value: base64("2") } },
          { request_delete_range: { key: probe.key("c") } },
          { request_txn: { success: [{ request_range: { key: probe.key("a") } }] } },
        ],
        failure: [{ request_range: { key: probe.key("z") } }],
      });
      await probe.call("/v3/kv/txn", {
        compare: [{ key: probe.key("a"), createRevision: 0 }],
        failure: [{ request_range: { key: probe.key("a") } }],
      });
      await probe.call("/v3/kv/txn", {});
      await probe.call("/v3/kv/txn", { success: [{}] });
      await probe.call("/v3/kv/txn", { success: [{ request_put: {} }] });
    },
  },
  {
    name: "compaction",
    async run(probe) {
      await probe.call("/v3/kv/put", { key: probe.key("a") });
      await probe.call("/v3/kv/put", { key: probe.key("a") });
      await probe.call("/v3/kv/compaction", { revision: probe.revision(1), physical: true });
      await probe.call("/v3/kv/compaction", { revision: probe.revision(1) });
      await probe.call("/v3/kv/compaction", { revision: probe.revision(1000) });
      await probe.call("/v3/kv/range", { key: probe.key("a"), revision: probe.revision(0) });
    },
  },
  {
    name: "requests that are too large",
    async run(probe) {
      const put = (bytes: number): object => ({ key: probe.key("a"), value: Buffer.alloc(bytes).toString("base64") });
      await probe.call("/v3/kv/put", put(1_700_000));
    },
  },
];

const malformed: readonly GatewayCase[] = [
  ["a number for bytes", '{"key":3}'],
  ["no base64", '{"key":"!!"}'],
  ["half a number", '{"key":"YQ==","limit":1.5}'],
  ["no number", '{"key":"YQ==","limit":"x"}'],
  ["a name for a number", '{"key":"YQ==","limit":true}'],
  ["an unknown name of an enum", '{"key":"YQ==","sort_order":"NOPE"}'],
  ["a list", "[]"],
  ["no JSON", "x"],
  ["half an object", '{"key":"YQ=='],
].map(([name, body = ""]) => ({
  name: `malformed: ${name}`,
  differs: OTHER_TEXT,
  run: async (probe: Probe) => {
    await probe.call("/v3/kv/range", body);
  },
}));

const routing: readonly GatewayCase[] = [
  {
    name: "an unknown path",
    differs: "the first gateway answers in plain text",
    run: async (probe) => {
      await probe.call("/v3/nothing", {});
      await probe.call("/v3/kv/range/", {});
    },
  },
  {
    name: "the old prefix",
    run: async (probe) => {
      await probe.call("/v3beta/kv/range", { key: probe.key("a") });
    },
  },
];

const watch: readonly GatewayCase[] = [
  {
    name: "a watch from the past, on",
    async run(probe) {
      await probe.call("/v3/kv/put", { key: probe.key("a"), value: base64("1") });
      await probe.call("/v3/kv/deleterange", { key: probe.key("a") });
      const create = { key: probe.key("a"), start_revision: probe.revision(1), prev_kv: true };
      await probe.stream("/v3/watch", { create_request: create }, 2);
    },
  },
  {
    name: "several requests in one body",
    async run(probe) {
      const first = { create_request: { key: probe.key("a"), watch_id: "7" } };
      const second = { createRequest: { key: probe.key("b"), filters: ["NOPUT"] } };
      const body = `${JSON.stringify(first)}\n${JSON.stringify(second)} ${JSON.stringify({ cancel_request: { watch_id: 7 } })}`;
      await probe.stream("/v3/watch", body, 3);
    },
  },
  {
    name: "a watch from a compacted revision",
    async run(probe) {
      await probe.call("/v3/kv/put", { key: probe.key("a") });
      await probe.call("/v3/kv/put", { key: probe.key("a") });
      await probe.call("/v3/kv/compaction", { revision: probe.revision(2) });
      await probe.stream(
        "/v3/watch",
        { create_request: { key: probe.key("a"), start_revision: probe.revision(1) } },
        2,
      );
    },
  },
  {
    name: "a watch request that is no JSON",
    differs: "500 with code 2 in etcd 3.4; malformed JSON is 400 with code 3 since",
    run: async (probe) => {
      await probe.stream("/v3/watch", "x", 1);
    },
  },
];

const lease: readonly GatewayCase[] = [
  {
    name: "leases from grant to revoke",
    async run(probe) {
      await probe.call("/v3/lease/grant", { TTL: "100", ID: LEASE });
      await probe.call("/v3/lease/grant", `{"TTL":100,"ID":${LEASE}}`);
      await probe.call("/v3/kv/put", { key: probe.key("a"), lease: LEASE });
      await probe.call("/v3/kv/range", { key: probe.key("a") });
      for (const path of ["/v3/lease/leases", "/v3/kv/lease/leases"]) await probe.call(path, {});
      await probe.call("/v3/lease/revoke", { ID: LEASE });
      for (const path of ["/v3/lease/revoke", "/v3/kv/lease/revoke"]) await probe.call(path, { ID: LEASE });
      await probe.call("/v3/lease/leases", {});
    },
  },
  {
    name: "time to live of a lease that is gone",
    async run(probe) {
      for (const path of ["/v3/lease/timetolive", "/v3/kv/lease/timetolive"]) {
        await probe.call(path, { ID: "99", keys: true });
      }
    },
  },
  {
    name: "renewals end with their body",
    async run(probe) {
      await probe.call("/v3/lease/grant", { TTL: 77, ID: 12 });
      await probe.stream("/v3/lease/keepalive", { ID: 12 }, 9);
      await probe.stream("/v3/lease/keepalive", '{"ID":"12"}{"ID":"13"}\n', 9);
      await probe.call("/v3/lease/revoke", { ID: 12 });
    },
  },
  {
    name: "a lease with a TTL that is too long",
    run: async (probe) => {
      await probe.call("/v3/lease/grant", { TTL: "9000000001" });
    },
  },
];

const cluster: readonly GatewayCase[] = [
  {
    name: "a learner with new URLs",
    differs: "etcd forgets in the answer of an update that the member is a learner",
    async run(probe) {
      const answer = await probe.call("/v3/cluster/member/add", { peerURLs: ["http://127.0.0.1:3"], isLearner: true });
      const { ID } = (answer as { readonly member: { readonly ID: string } }).member;
      await probe.call("/v3/cluster/member/update", { ID, peerURLs: ["http://127.0.0.1:4"] });
      await probe.call("/v3/cluster/member/remove", { ID });
    },
  },
  {
    name: "a learner from its adding to its removal",
    async run(probe) {
      await earlyInASecond();
      const answer = await probe.call("/v3/cluster/member/add", { peerURLs: ["http://127.0.0.1:1"], isLearner: true });
      const { ID } = (answer as { readonly member: { readonly ID: string } }).member;
      await probe.call("/v3/cluster/member/add", { peerURLs: ["http://127.0.0.1:1"], isLearner: true });
      await probe.call("/v3/cluster/member/list", {});
      await probe.call("/v3/cluster/member/promote", { ID });
      await probe.call("/v3/cluster/member/remove", { ID });
      await probe.call("/v3/cluster/member/list", {});
    },
  },
  {
    name: "changes of members that do not exist, or must not",
    async run(probe) {
      await probe.call("/v3/cluster/member/add", { peerURLs: ["nonsense"] });
      for (const verb of ["remove", "promote"]) await probe.call(`/v3/cluster/member/${verb}`, { ID: "12345" });
      await probe.call("/v3/cluster/member/update", { ID: "12345", peerURLs: ["http://127.0.0.1:1"] });
    },
  },
];

const maintenance: readonly GatewayCase[] = [
  {
    name: "maintenance",
    async run(probe) {
      await probe.call("/v3/maintenance/status", {});
      await probe.call("/v3/maintenance/hash", {});
      await probe.call("/v3/maintenance/defragment", {});
      await probe.call("/v3/maintenance/transfer-leadership", { targetID: "5" });
    },
  },
  {
    name: "alarms",
    differs: "etcd 3.4 answers a list of alarms without a header",
    run: async (probe) => {
      await probe.call("/v3/maintenance/alarm", { action: "GET" });
    },
  },
];

const coordination: readonly GatewayCase[] = [
  {
    name: "locks",
    async run(probe) {
      await probe.call("/v3/lease/grant", { TTL: 100, ID: 21 });
      await probe.call("/v3/lock/lock", { name: probe.key("lock"), lease: 21 });
      await probe.call("/v3/lock/unlock", { key: base64(`${probe.prefix}lock/15`) });
      await probe.call("/v3/lease/revoke", { ID: 21 });
    },
  },
  {
    name: "elections",
    async run(probe) {
      const name = probe.key("election");
      await probe.call("/v3/lease/grant", { TTL: 100, ID: 31 });
      await probe.call("/v3/election/leader", { name });
      const answer = await probe.call("/v3/election/campaign", { name, lease: 31, value: base64("one") });
      const { leader } = answer as { readonly leader?: object };
      await probe.call("/v3/election/leader", { name });
      await probe.call("/v3/election/proclaim", { leader, value: base64("two") });
      await probe.stream("/v3/election/observe", { name }, 1);
      await probe.call("/v3/election/resign", { leader });
      await probe.call("/v3/election/proclaim", { leader, value: base64("three") });
      for (const verb of ["resign", "proclaim"]) await probe.call(`/v3/election/${verb}`, {});
      await probe.call("/v3/lease/revoke", { ID: 31 });
    },
  },
];

const auth: readonly GatewayCase[] = [
  {
    name: "users and roles",
    async run(probe) {
      await probe.call("/v3/auth/authenticate", { name: "root", password: "x" });
      await probe.call("/v3/auth/enable", {});
      await probe.call("/v3/auth/user/add", { name: "ann", password: "secret" });
      await probe.call("/v3/auth/user/add", { name: "ann", password: "secret" });
      await probe.call("/v3/auth/user/add", { name: "" });
      await probe.call("/v3/auth/user/get", { name: "ann" });
      await probe.call("/v3/auth/user/get", { name: "nobody" });
      await probe.call("/v3/auth/user/list", {});
      await probe.call("/v3/auth/user/changepw", { name: "ann", password: "other" });
      await probe.call("/v3/auth/role/add", { name: "reader" });
      await probe.call("/v3/auth/role/add", { name: "reader" });
      const perm = { permType: "READWRITE", key: base64("/app/"), range_end: base64("/app0") };
      await probe.call("/v3/auth/role/grant", { name: "reader", perm });
      await probe.call("/v3/auth/role/get", { role: "reader" });
      await probe.call("/v3/auth/role/get", { role: "nothing" });
      await probe.call("/v3/auth/role/list", {});
      await probe.call("/v3/auth/user/grant", { user: "ann", role: "reader" });
      await probe.call("/v3/auth/user/grant", { user: "ann", role: "nothing" });
      await probe.call("/v3/auth/user/revoke", { name: "ann", role: "reader" });
      await probe.call("/v3/auth/user/revoke", { name: "ann", role: "reader" });
      await probe.call("/v3/auth/role/revoke", { role: "reader", key: base64("/app/"), range_end: base64("/app0") });
      await probe.call("/v3/auth/role/revoke", { role: "reader", key: base64("/app/") });
      await probe.call("/v3/auth/role/delete", { role: "reader" });
      await probe.call("/v3/auth/role/delete", { role: "reader" });
      await probe.call("/v3/auth/user/delete", { name: "ann" });
      await probe.call("/v3/auth/user/delete", { name: "ann" });
    },
  },
  {
    name: "a token in the header",
    async run(probe) {
      await probe.call("/v3/auth/user/add", { name: "root", password: "secret" });
      await probe.call("/v3/auth/role/add", { name: "root" });
      await probe.call("/v3/auth/user/grant", { user: "root", role: "root" });
      await probe.call("/v3/auth/enable", {});
      await probe.call("/v3/kv/put", { key: probe.key("a") });
      await probe.call("/v3/kv/put", { key: probe.key("a") }, { authorization: "wrong" });
      await probe.call("/v3/auth/authenticate", { name: "root", password: "wrong" });
      const { token = "" } = (await probe.call("/v3/auth/authenticate", { name: "root", password: "secret" })) as {
        readonly token?: string;
      };
      await probe.call("/v3/kv/put", { key: probe.key("a") }, { authorization: token });
      await probe.call("/v3/kv/put", { key: probe.key("a") }, { "grpc-metadata-token": token });
      await probe.call("/v3/auth/disable", {}, { authorization: token });
    },
  },
];

export const CASES: readonly GatewayCase[] = [
  ...kv,
  ...malformed,
  ...routing,
  ...watch,
  ...lease,
  ...cluster,
  ...maintenance,
  ...coordination,
  ...auth,
];
