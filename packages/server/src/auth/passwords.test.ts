/** Passwords: hashed in a thread of its own, in bounded number. The thread is that of the built package. */
import { RpcError, StatusCode } from "@kvorum/transport";
import { afterAll, describe, expect, it } from "vitest";
import { PASSWORD_TASKS_MAX, Passwords } from "./passwords.js";

const COST = 4;
const passwords = new Passwords(COST);
afterAll(() => passwords.close());

describe("a password", () => {
  it("fits its hash, which etcd can read, and no other fits", async () => {
    const hash = await passwords.hash("secret");
    expect(hash).toMatch(/^\$2a\$04\$.{53}$/);
    expect(await passwords.verify(hash, "secret")).toBe(true);
    for (const wrong of ["", "Secret", "secret ", "secret\0"]) expect(await passwords.verify(hash, wrong)).toBe(false);
    expect(await passwords.hash("secret"), "the salt is random").not.toBe(hash);
  });

  it("made by Go's bcrypt, as etcd stores it, is checked", async () => {
    // A test vector of golang.org/x/crypto/bcrypt.
    const hash = "$2a$10$XajjQvNhvvRt5GSeFk1xFeyqRrsxkhBkUiQeg0dt.wU1qD4aFDcga";
    expect(await passwords.verify(hash, "allmine")).toBe(true);
    expect(await passwords.verify(hash, "allyours")).toBe(false);
  });

  it("is hashed at the node's cost, or at 10 where that is no cost", async () => {
    const costs = [4, 5, 3, 32, 4.5].map(async (cost) => {
      const own = new Passwords(cost);
      const hash = await own.hash("x");
      await own.close();
      return hash.slice(4, 6);
    });
    expect(await Promise.all(costs)).toEqual(["04", "05", "10", "10", "10"]);
  });

  it("of more than 72 bytes is refused when it is set; of one that is checked, 72 bytes count", async () => {
    const refusal = { code: StatusCode.UNKNOWN, details: "bcrypt: password length exceeds 72 bytes" };
    await expect(passwords.hash("x".repeat(73))).rejects.toMatchObject(refusal);
    await expect(passwords.hash("é".repeat(37))).rejects.toMatchObject(refusal);
    const hash = await passwords.hash("x".repeat(72));
    expect(await passwords.verify(hash, "x".repeat(71))).toBe(false);
    expect(await passwords.verify(hash, "x".repeat(80))).toBe(true);
  });

  it("is never right for a user that does not exist", async () => {
    for (const password of ["", "x", "x".repeat(100)]) expect(await passwords.verifyNothing(password)).toBe(false);
  });

  it("does not fit what is no hash", async () => {
    for (const hash of ["", "secret", "$2a$10$short"]) expect(await passwords.verify(hash, "secret")).toBe(false);
  });
});

describe("many passwords at once", () => {
  it("wait in a queue of 64; what does not fit is refused, and the main thread goes on meanwhile", async () => {
    const own = new Passwords(6);
    let answered = 0;
    const tasks = Array.from({ length: 200 }, () => own.hash("x").finally(() => answered++));
    const outcomes = Promise.allSettled(tasks);
    // Refusals are there at once, while the others are being hashed: the event loop is free.
    await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toBe(200 - PASSWORD_TASKS_MAX);
    const refused = (await outcomes).flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
    expect(refused).toHaveLength(200 - PASSWORD_TASKS_MAX);
    for (const reason of refused) {
      expect(reason).toBeInstanceOf(RpcError);
      expect(reason).toMatchObject({ code: StatusCode.RESOURCE_EXHAUSTED, details: "etcdserver: too many requests" });
    }
    expect(await own.hash("x"), "room again").toMatch(/^\$2a\$06\$/);
    await own.close();
  });

  it("are told that the node stops", async () => {
    const own = new Passwords(12);
    const waiting = Promise.allSettled([own.hash("x"), own.verify("$2a$04$", "x")]);
    await own.close();
    for (const outcome of await waiting) expect(outcome).toMatchObject({ reason: { reason: "stopped" } });
    await expect(own.hash("x")).rejects.toMatchObject({ reason: "stopped" });
    await own.close();
  });
});
