/** The table of routes beside a copy of etcd's facts. */
import { readFileSync } from "node:fs";
import { methodPath } from "@kvorum/transport";
import { expect, it } from "vitest";
import { isGatewayPath, ROUTES, routeOf } from "./routes.js";

interface Fact {
  readonly path: string;
  readonly methods: string;
  readonly request: string;
  readonly response: string;
}

const FACTS: readonly Fact[] = readFileSync(new URL("../../../testdata/http.tsv", import.meta.url), "utf8")
  .split("\n")
  .map((row) => row.split("\t"))
  .filter(([surface]) => surface === "gateway")
  .map(([, path = "", methods = "", request = "", response = ""]) => ({ path, methods, request, response }));

it("has every route of etcd and no other, each a POST", () => {
  expect(FACTS).toHaveLength(51);
  expect([...ROUTES.keys()].sort()).toEqual(FACTS.map(({ path }) => path).sort());
  expect(new Set(FACTS.map(({ methods }) => methods))).toEqual(new Set(["POST"]));
});

it.each(FACTS)("$path takes and gives the fields that etcd documents", ({ path, request, response }) => {
  const method = ROUTES.get(path);
  const names = (fields: readonly { readonly name: string }[] = []): string[] => fields.map(({ name }) => name).sort();
  const listed = (text: string): string[] => (text === "{}" ? [] : text.split(", ").sort());
  const answers = response.replace('newline-delimited {"result":{...}}: ', "");
  expect(response !== answers).toBe(method?.methodKind !== "unary");
  expect(names(method?.output.fields)).toEqual(listed(answers));
  expect(names(method?.input.fields)).toEqual(expect.arrayContaining(listed(request)));
});

it("aliases mean the same method, and the old prefix the new one", () => {
  for (const verb of ["revoke", "timetolive", "leases"]) {
    expect(routeOf(`/v3/kv/lease/${verb}`)).toBe(routeOf(`/v3/lease/${verb}`));
  }
  expect(routeOf("/v3beta/kv/range")).toBe(routeOf("/v3/kv/range"));
  expect(routeOf("/v3alpha/kv/range")).toBeUndefined();
});

it("streams of ranges and gRPC's health service have no route", () => {
  const paths = [...ROUTES.values()].map(methodPath);
  expect(paths).not.toContain("/etcdserverpb.KV/RangeStream");
  expect(paths.some((path) => path.startsWith("/grpc.health"))).toBe(false);
});

it("everything below the prefix is the gateway's", () => {
  for (const path of ["/v3/", "/v3/kv/range", "/v3/x", "/v3beta/x"]) expect(isGatewayPath(path), path).toBe(true);
  for (const path of ["/v3", "/v3x", "/", "/v2/keys", "/version"]) expect(isGatewayPath(path), path).toBe(false);
});
