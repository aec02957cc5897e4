/** Every sentence of the model, with a history that breaks it. */
import { describe, expect, it } from "vitest";
import { judge } from "../model.js";
import { type MutexEvent, mutexModel } from "./mutex.js";

let now = 0;
const at = (): number => ++now;
const claim = (worker: string, token: bigint, atMs = at()): MutexEvent => ({ kind: "claim", atMs, worker, token });
const end = (worker: string, token: bigint, atMs = at()): MutexEvent => ({ kind: "end", atMs, worker, token });
const write = (worker: string, token: bigint, accepted: boolean, revision: bigint): MutexEvent => {
  return { kind: "write", atMs: at(), worker, token, accepted, revision };
};
const verdict = (...events: MutexEvent[]): string | undefined => judge(mutexModel, events).violation;

describe("the model of a mutex", () => {
  it("accepts holders one after the other, and one that was lost and whose late write is refused", () => {
    const history = [
      ...[claim("a", 5n), write("a", 5n, true, 6n), claim("a", 5n), end("a", 5n)],
      ...[claim("b", 9n), write("b", 9n, true, 12n), write("a", 5n, false, 12n)],
      // It hears late that it had been the owner, and stops: that is no claim.
      ...[end("a", 5n), claim("b", 9n), end("b", 9n), claim("a", 14n), end("a", 14n)],
    ];
    expect(verdict(...history)).toBeUndefined();
  });

  it("refuses two that believe at once", () => {
    expect(verdict(claim("a", 5n), claim("b", 9n), claim("a", 5n))).toContain("after b had claimed token 9");
  });

  it("refuses a later place that is served first", () => {
    expect(verdict(claim("b", 9n), end("b", 9n), claim("a", 5n))).toContain("claims token 5 after b had claimed");
  });

  it("judges by the moments and not by the order of the files", () => {
    expect(verdict(claim("b", 9n, 20), claim("a", 5n, 10))).toBeUndefined();
  });

  it("refuses a token that two have, and one that is claimed after its end", () => {
    expect(verdict(claim("a", 5n), claim("b", 5n))).toContain("which is a's");
    expect(verdict(claim("a", 5n), end("b", 5n))).toContain("which is a's");
    expect(verdict(claim("a", 5n), end("a", 5n), claim("a", 5n))).toContain("after it had ended it");
    expect(verdict(end("a", 5n), claim("a", 5n))).toContain("after it had ended it");
  });

  it("refuses a guarded write that was accepted from an earlier holder", () => {
    expect(verdict(write("b", 9n, true, 10n), write("a", 5n, true, 11n))).toContain("after token 9");
    // However late the answer arrives, the revision says when it was.
    expect(verdict(write("b", 9n, true, 10n), write("a", 5n, true, 8n))).toBeUndefined();
  });

  it("refuses a guarded write that was accepted before its token existed, or after the token was refused", () => {
    expect(verdict(write("a", 5n, true, 4n))).toContain("which is later");
    expect(verdict(write("a", 5n, false, 8n), write("a", 5n, true, 9n))).toContain("refused at 8");
    expect(verdict(write("a", 5n, true, 7n), write("a", 5n, false, 8n))).toBeUndefined();
  });
});
