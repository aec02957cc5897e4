/** Which class an error gets, and how errors of another copy of the package are known. */
import { describe, expect, it, vi } from "vitest";
import {
  ClientClosedError,
  CompactedError,
  EtcdError,
  isEtcdError,
  LeaseNotFoundError,
  makeEtcdError,
  PermissionDeniedError,
  TimeoutError,
  UnauthenticatedError,
  UnavailableError,
} from "./errors.js";

describe("makeEtcdError", () => {
  it.each([
    ["compacted", "OUT_OF_RANGE", CompactedError],
    ["lease-not-found", "NOT_FOUND", LeaseNotFoundError],
    ["permission-denied", "UNKNOWN", PermissionDeniedError],
    ["invalid-token", "UNKNOWN", UnauthenticatedError],
    ["authentication-failed", "INVALID_ARGUMENT", UnauthenticatedError],
    ["password-not-used", "UNKNOWN", UnauthenticatedError],
    ["timeout", "DEADLINE_EXCEEDED", TimeoutError],
    ["transport", "INTERNAL", UnavailableError],
    ["no-leader", "UNAVAILABLE", UnavailableError],
  ] as const)("gives %s (%s) a class of its own", (reason, code, type) => {
    const error = makeEtcdError("text", { code, reason, outcome: "not-applied" });
    expect(error).toBeInstanceOf(type);
    expect(error).toBeInstanceOf(EtcdError);
    expect(error.name).toBe(type.name);
  });

  it("gives everything else the class of all", () => {
    const error = makeEtcdError("text", { code: "DATA_LOSS", reason: "corrupt", outcome: "not-applied" });
    expect(error.constructor).toBe(EtcdError);
    expect(error.attempts).toBe(1);
  });
});

describe("isEtcdError", () => {
  it("knows the errors of a second copy of this package, and that copy knows ours", async () => {
    // What an application has whose dependencies brought two copies of it along.
    vi.resetModules();
    const other = await import("./errors.js");
    expect(other.EtcdError).not.toBe(EtcdError);
    const theirs = other.makeEtcdError("text", { code: "OUT_OF_RANGE", reason: "compacted", outcome: "not-applied" });
    expect(theirs).not.toBeInstanceOf(EtcdError);
    expect(isEtcdError(theirs, "compacted")).toBe(true);
    expect(isEtcdError(theirs, "closed")).toBe(false);
    expect(other.isEtcdError(new ClientClosedError(), "closed")).toBe(true);
  });

  it("knows errors by their mark, not by their class, and their reasons", () => {
    const closed = new ClientClosedError();
    // What another copy of this package would have made: the same mark, another class.
    const foreign = Object.assign(new Error("x"), { [Symbol.for("@kvorum/client.EtcdError")]: true, reason: "closed" });
    expect(isEtcdError(closed)).toBe(true);
    expect(isEtcdError(foreign, "closed")).toBe(true);
    expect(isEtcdError(closed, "compacted")).toBe(false);
    for (const other of [new Error("x"), undefined, null, "closed"]) expect(isEtcdError(other)).toBe(false);
  });
});
