/** Routes that etcd has had since 3.5, and what 3.4 answers otherwise: nothing to compare with, so the facts are the judge. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { base64, type Gateway, startGateway } from "./support.js";

let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway();
  for (const value of ["1", "2"]) await gateway.call("/v3/kv/put", { key: base64("a"), value: base64(value) });
});
afterAll(async () => gateway[Symbol.asyncDispose]());

const failure = async (path: string, body: object): Promise<unknown> => {
  const response = await gateway.post(path, JSON.stringify(body));
  return [response.status, await response.json()];
};

it("the hash of keys", async () => {
  const answer = await gateway.call("/v3/maintenance/hashkv", {});
  expect(Object.keys(answer)).toEqual(["header", "hash", "compact_revision", "hash_revision"]);
  expect(answer).toMatchObject({ hash: expect.any(Number), compact_revision: "-1", hash_revision: "3" });
  expect(await failure("/v3/maintenance/hashkv", { revision: 99 })).toEqual([
    400,
    { code: 11, message: "etcdserver: mvcc: required revision is a future revision" },
  ]);
});

it("whether authentication is on", async () => {
  expect(await gateway.call("/v3/auth/status", {})).toEqual({ header: expect.any(Object), authRevision: "1" });
  expect(await failure("/v3/auth/status", ["no object"])).toMatchObject([400, { code: 3 }]);
});

it("alarms and the state of the member", async () => {
  expect(await gateway.call("/v3/maintenance/alarm", { action: "GET" })).toEqual({ header: expect.any(Object) });
  const alarm = { action: "ACTIVATE", memberID: String(gateway.node.memberId), alarm: "NOSPACE" };
  expect((await gateway.call("/v3/maintenance/alarm", alarm))["alarms"]).toEqual([
    { memberID: String(gateway.node.memberId), alarm: "NOSPACE" },
  ]);
  expect(await failure("/v3/kv/put", { key: base64("a") })).toEqual([
    429,
    { code: 8, message: "etcdserver: mvcc: database space exceeded" },
  ]);
  expect((await gateway.call("/v3/maintenance/status", {}))["errors"]).toEqual([
    `memberID:${gateway.node.memberId} alarm:NOSPACE `,
  ]);
  await gateway.call("/v3/maintenance/alarm", { ...alarm, action: "DEACTIVATE" });
  await gateway.call("/v3/kv/put", { key: base64("a") });
});

it("a downgrade by more than one minor version is refused", async () => {
  const answer = await failure("/v3/maintenance/downgrade", { action: "VALIDATE", version: "3.1.0" });
  expect(answer).toMatchObject([
    expect.any(Number),
    { code: expect.any(Number), message: expect.stringMatching(/^etcdserver: /) },
  ]);
});
