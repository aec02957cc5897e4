/** Simple tokens: how they age, who loses them, and what a member does with one that it does not know yet. */
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../testing/manual-clock.js";
import { SimpleTokens, TOKENS_PER_USER_MAX } from "./simple-tokens.js";

function setUp(ttlMs?: number) {
  const clock = new ManualClock();
  const tokens = new SimpleTokens({ clock, ttlMs });
  const userOf = (token: string) => tokens.userOf(token, 100);
  return { clock, tokens, userOf };
}

describe("a simple token", () => {
  it("is 128 random bits in letters and digits", () => {
    const { tokens } = setUp();
    const texts = new Set(Array.from({ length: 1000 }, () => tokens.newText()));
    expect(texts.size).toBe(1000);
    for (const text of texts) expect(text).toMatch(/^[0-9a-f]{32}$/);
  });

  it("lives for five minutes after its last use", async () => {
    const { clock, tokens, userOf } = setUp();
    tokens.onToken("alice", "t", 7);
    for (let use = 0; use < 3; use++) {
      await clock.advance(299_999);
      expect(userOf("t.7")).toBe("alice");
    }
    await clock.advance(300_000);
    expect(userOf("t.7")).toBeUndefined();
    expect(tokens.size).toBe(0);
  });

  it("lives as long as the node is told", async () => {
    const { clock, tokens, userOf } = setUp(1000);
    tokens.onToken("alice", "t", 7);
    await clock.advance(999);
    expect(userOf("t.7")).toBe("alice");
    await clock.advance(1000);
    expect(userOf("t.7")).toBeUndefined();
  });

  it("is dropped with its user's others, and with everybody's when auth goes off", () => {
    const { tokens, userOf } = setUp();
    tokens.onToken("alice", "a", 1);
    tokens.onToken("alice", "a", 2);
    tokens.onToken("bob", "b", 3);
    tokens.onUserInvalidated("alice");
    expect(["a.1", "a.2", "b.3"].map(userOf)).toEqual([undefined, undefined, "bob"]);
    tokens.onAllInvalidated();
    expect(userOf("b.3")).toBeUndefined();
    expect(tokens.size).toBe(0);
  });

  it("makes way for a newer one of the same user when that has too many, unless it is in use", () => {
    const { tokens, userOf } = setUp();
    tokens.onToken("bob", "b", 1);
    for (let index = 0; index < TOKENS_PER_USER_MAX; index++) tokens.onToken("alice", "a", index);
    expect(userOf("a.0")).toBe("alice");
    tokens.onToken("alice", "a", 9999);
    expect(tokens.size).toBe(TOKENS_PER_USER_MAX + 1);
    const kept = ["a.0", "a.1", "a.2", "a.9999", "b.1"].filter((token) => userOf(token) !== undefined);
    expect(kept).toEqual(["a.0", "a.2", "a.9999", "b.1"]);
  });

  it("that has expired is swept out when another comes, also another user's", async () => {
    const { clock, tokens } = setUp();
    tokens.onToken("alice", "a", 1);
    await clock.advance(300_000);
    tokens.onToken("bob", "b", 2);
    expect(tokens.size).toBe(1);
  });

  it("given twice, as by an entry that is applied again, counts once", async () => {
    const { clock, tokens, userOf } = setUp();
    tokens.onToken("alice", "a", 1);
    await clock.advance(200_000);
    tokens.onToken("alice", "a", 1);
    await clock.advance(200_000);
    expect(userOf("a.1")).toBe("alice");
    expect(tokens.size).toBe(1);
  });
});

describe("a token of an entry that is not applied here yet", () => {
  it("is waited for, and serves its holder when it arrives", async () => {
    const { clock, tokens, userOf } = setUp();
    const asked = [userOf("t.101"), userOf("t.101"), userOf("other.101")];
    for (const user of asked) expect(user).toBeInstanceOf(Promise);
    tokens.onToken("alice", "t", 101);
    expect(await Promise.all(asked.slice(0, 2))).toEqual(["alice", "alice"]);
    await clock.advance(1000);
    expect(await asked[2]).toBeUndefined();
    expect(clock.pendingTimers).toBe(0);
  });

  it("is not waited for longer than a second", async () => {
    const { clock, userOf } = setUp();
    let answer: unknown = "waiting";
    void Promise.resolve(userOf("t.999999")).then((user) => {
      answer = user;
    });
    await clock.advance(999);
    expect(answer).toBe("waiting");
    await clock.advance(1);
    expect(answer).toBeUndefined();
  });

  it("is not waited for by more than 1,024 calls", () => {
    const { clock, userOf } = setUp();
    for (let call = 0; call < 2000; call++) void userOf(`t.${call + 1000}`);
    expect(clock.pendingTimers).toBe(1024);
    expect(userOf("t.5000")).toBeUndefined();
  });

  it("is told apart from one that was never given, and from garbage", () => {
    const { userOf } = setUp();
    const garbage = [
      "",
      ".",
      "t",
      "t.",
      "t.100",
      "t.-1",
      "t.1e9",
      "t.9999999999999999999",
      "é.101",
      `${"t".repeat(200)}.101`,
    ];
    for (const token of garbage) expect(userOf(token)).toBeUndefined();
  });
});
