/** Failed calls in HTTP. */
import { readFileSync } from "node:fs";
import { RpcError, StatusCode } from "@kvorum/transport";
import { expect, it } from "vitest";
import { ServerError } from "../../core/errors.js";
import { failureBody, failureLine, httpStatusOf, statusOf } from "./status.js";

it("every code has the HTTP status of etcd's facts", () => {
  const rule = /^rule\terror-status\t.*$/m.exec(
    readFileSync(new URL("../../../testdata/http.tsv", import.meta.url), "utf8"),
  );
  const facts = [...(rule?.[0] ?? "").matchAll(/\b([A-Z][A-Za-z]+) (\d{3})/g)].map(([, name = "", status]) => [
    name
      .replace(/(?<=[a-z])(?=[A-Z])/g, "_")
      .toUpperCase()
      .replace("CANCELED", "CANCELLED"),
    Number(status),
  ]);
  const known = Object.fromEntries(facts.filter(([name]) => String(name) in StatusCode));
  const ours = Object.entries(StatusCode).filter(([name]) => name !== "OK");
  expect(Object.fromEntries(ours.map(([name, code]) => [name, httpStatusOf(code)]))).toEqual({
    ...known,
    CANCELLED: 499,
  });
});

it("an error keeps its code and exact text", () => {
  expect(statusOf(new ServerError("leaseNotFound"))).toEqual({
    code: 5,
    message: "etcdserver: requested lease not found",
  });
  expect(statusOf(new RpcError(StatusCode.ABORTED, "text"))).toEqual({ code: 10, message: "text" });
  expect(statusOf(new Error("text"))).toEqual({ code: 2, message: "text" });
  expect(statusOf(Object.assign(new Error("text"), { code: "EPIPE" }))).toEqual({ code: 2, message: "text" });
  expect(statusOf(Object.assign(new Error("text"), { code: 0 }))).toEqual({ code: 2, message: "text" });
  expect(statusOf("text")).toEqual({ code: 2, message: "text" });
});

it("bodies are those of etcd 3.6", () => {
  const status = { code: StatusCode.NOT_FOUND, message: "Not Found" };
  expect(failureBody(status)).toBe('{"code":5,"message":"Not Found"}');
  expect(failureLine(status)).toBe('{"error":{"code":5,"message":"Not Found"}}');
});
