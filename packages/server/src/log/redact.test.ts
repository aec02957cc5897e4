/** Planted secrets never appear, wherever they are planted; and what is no secret stays. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { redactFields, redactText } from "./redact.js";

const SECRET = "s3cr3t-Wort.17";

function logged(fields: object): string {
  return JSON.stringify(redactFields(fields));
}

describe("fields of the log", () => {
  it("lose what is secret by its name, at any depth", () => {
    for (const name of [
      "password",
      "newPassword",
      "token",
      "authToken",
      "Authorization",
      "value",
      "prevValue",
      "values",
      "secret",
    ]) {
      expect(logged({ [name]: SECRET })).toBe(`{"${name}":"[redacted]"}`);
      expect(logged({ request: { put: [{ [name]: { deep: SECRET } }] } })).not.toContain(SECRET);
    }
  });

  it("keep everything else", () => {
    const fields = {
      name: "n1",
      startMs: 61,
      endpoints: ["http://127.0.0.1:1"],
      leaseId: null,
      nested: { revision: 7, ok: true },
    };
    expect(redactFields(fields)).toEqual(fields);
  });

  it("lose secrets inside errors and texts", () => {
    const cause = new Error(`authorization: ${SECRET} was refused`);
    expect(logged({ error: cause })).not.toContain(SECRET);
    expect(logged({ error: cause })).toContain("was refused");
    expect(logged({ header: `Bearer ${SECRET}` })).toBe('{"header":"Bearer [redacted]"}');
  });

  it("never show bytes, and numbers of any size as text", () => {
    expect(logged({ key: new TextEncoder().encode(SECRET), id: 2n ** 63n })).toBe(
      '{"key":"[14 bytes]","id":"9223372036854775808"}',
    );
  });

  it("end at a depth and a length, also where they lead back to themselves", () => {
    const circle: Record<string, unknown> = { name: "n1" };
    circle["self"] = circle;
    expect(logged(circle)).toContain("[too deep]");
    expect((redactFields({ list: Array(1000).fill(1) }) as { list: unknown[] }).list).toHaveLength(100);
  });

  it("lose a secret below any path of names, and none of its neighbours", () => {
    const name = fc.constantFrom("request", "options", "user", "list", "error");
    fc.assert(
      fc.property(
        fc.array(name, { maxLength: 8 }),
        fc.constantFrom("password", "token", "authorization", "value"),
        (path, last) => {
          let fields: object = { [last]: SECRET, kept: "kept" };
          for (const part of path.reverse()) fields = part === "list" ? { list: [fields] } : { [part]: fields };
          expect(logged(fields)).not.toContain(SECRET);
        },
      ),
    );
  });
});

describe("texts of the log", () => {
  it.each([
    [`Authorization: Bearer ${SECRET}`, "Authorization: [redacted] [redacted]"],
    [`--password=${SECRET} --name=n1`, "--password=[redacted] --name=n1"],
    [`token = ${SECRET}, next`, "token = [redacted], next"],
    [`{"user":"a","password":"${SECRET}"}`, '{"user":"a","password":[redacted]}'],
    [`http://root:${SECRET}@127.0.0.1:2379/x`, "http://[redacted]@127.0.0.1:2379/x"],
    ["signed eyJhbGciOi.eyJ1c2VyIjo.c2lnbmF0dXJl here", "signed [redacted] here"],
  ])("%s", (text, redacted) => {
    expect(redactText(text)).toBe(redacted);
  });

  it("stay as they are without one", () => {
    for (const text of [
      "ready to serve client requests",
      "listening on http://127.0.0.1:2379",
      "the token is simple",
    ]) {
      expect(redactText(text)).toBe(text);
    }
  });

  it("are looked through in linear time", () => {
    const startMs = performance.now();
    for (const part of ["token=", '"', "//a", "eyJaaaa.", "password ", "bearer "]) redactText(part.repeat(100_000));
    expect(performance.now() - startMs).toBeLessThan(5000);
  });
});
