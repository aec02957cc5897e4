/** The lease checker judged: by hand-made lives of every mistake, by good ones, and by good ones that were spoiled. */
import { describe, expect, it } from "vitest";
import { pick, seeded } from "../../support/random.js";
import { checkLeases } from "./lease-check.js";
import type { LeaseCall, LeaseHistory, LeaseLimits } from "./lease-history.js";
import { badLeases } from "./testing/lease-bad.js";
import { goodLeases } from "./testing/lease-good.js";
import { LEASE, LeaseStory } from "./testing/lease-story.js";
import { describeViolation, type Violation } from "./violation.js";

const SEED = Number(process.env["KVORUM_SEED"] ?? 1);

/** A second late is late; the last that anybody saw was seen at ten. */
const LIMITS: LeaseLimits = { lateMs: 1_000, unknownMs: 0, endMs: 10_000 };

describe("hand-made bad lives of leases", () => {
  for (const [name, [rule, tell]] of Object.entries(badLeases)) {
    it(`rejects ${name}`, () => {
      const story = new LeaseStory();
      const witnesses = tell(story);
      const { violations } = checkLeases(story.history(), LIMITS);
      const found = violations.filter((violation) => violation.rule === rule).map(witnessesOf);
      expect(found, words(violations)).toContainEqual(witnesses);
    });
  }

  it("are of every rule", () => {
    expect(new Set(Object.values(badLeases).map(([rule]) => rule)).size).toBe(6);
  });

  it("are told in words", () => {
    const story = new LeaseStory();
    story.grant(0);
    story.put(100, "a");
    story.vanish(4_900, "a");
    expect(words(checkLeases(story.history(), LIMITS).violations).split("\n")).toEqual([
      "lease-early: lease 7 ended 100.0 ms early, and nobody revoked it",
      "  client 0 grant of lease 7 [0.0, 10.0] found, 5 s",
      "  revision 3: delete a",
    ]);
  });
});

describe("hand-made good lives of leases", () => {
  for (const [name, tell] of Object.entries(goodLeases)) {
    it(`accepts ${name}`, () => {
      const story = new LeaseStory();
      tell(story);
      // Nobody has looked for what is left over: most of these are told to their middle only.
      const { endMs: _, ...limits } = LIMITS;
      expect(words(checkLeases(story.history(), limits).violations)).toBe("");
    });
  }
});

describe("what is allowed to the servers", () => {
  const early = (ms: number, driftShare: number) => {
    const story = new LeaseStory();
    story.grant(0);
    story.put(100, "a");
    story.vanish(5_000 - ms, "a");
    return checkLeases(story.history(), { ...LIMITS, driftShare }).violations.map(({ rule }) => rule);
  };

  it("is a clock that runs fast by the drift, and no faster", () => {
    expect(early(99, 0.02)).toEqual([]);
    expect(early(101, 0.02)).toEqual(["lease-early"]);
  });

  it("is to start the time of all leases anew until the trouble is over", () => {
    const story = new LeaseStory();
    story.grant(0);
    story.put(100, "a");
    story.vanish(40_000, "a");
    const calm = (calmFromMs: number) =>
      checkLeases(story.history(), { ...LIMITS, endMs: 50_000, calmFromMs }).violations.map(({ rule }) => rule);
    expect(calm(34_000)).toEqual([]);
    expect(calm(33_900)).toEqual(["lease-late"]);
  });

  it("is to carry a renewal out some time after its client has given up", () => {
    const story = new LeaseStory();
    story.grant(0);
    story.put(100, "a");
    story.call("keep-alive", 1_000, { status: "unknown" });
    story.vanish(9_000, "a");
    const rules = (unknownMs: number) =>
      checkLeases(story.history(), { ...LIMITS, unknownMs }).violations.map(({ rule }) => rule);
    expect(rules(2_000)).toEqual([]);
    expect(rules(1_500)).toEqual(["lease-late"]);
  });
});

describe("random lives of leases", () => {
  it("are accepted when they are good", () => {
    for (let seed = SEED; seed < SEED + 200; seed++) {
      expect(words(checkLeases(generate(seed), GENERATED).violations), `seed ${seed}`).toBe("");
    }
  });

  it("are counted as they were lived", () => {
    const totals = Array.from({ length: 50 }, (_, index) => checkLeases(generate(SEED + index), GENERATED).figures);
    for (const name of ["leases", "leasesExpired", "leasesRevoked", "leaseChecks"] as const) {
      expect(
        totals.reduce((sum, figures) => sum + figures[name], 0),
        name,
      ).toBeGreaterThan(50);
    }
  });

  for (const [name, mutate] of Object.entries(mutations)) {
    it(`are rejected when ${name}`, () => {
      for (let seed = SEED; seed < SEED + 40; seed++) {
        const mutant = mutate(generate(seed), seeded(seed));
        expect(checkLeases(mutant, GENERATED).violations, `seed ${seed}`).not.toEqual([]);
      }
    });
  }
});

const GENERATED: LeaseLimits = { lateMs: 600, unknownMs: 100, endMs: 100_000 };

/** Some leases one after the other, each with keys, renewals, questions and an end by time or by revocation. */
function generate(seed: number): LeaseHistory {
  const random = seeded(seed);
  const story = new LeaseStory();
  let now = 0;
  for (let lease = LEASE; lease < LEASE + 6n; lease++) {
    const of = { lease };
    const keys: string[] = [];
    story.grant(now, of);
    let renewed = now + 5;
    for (let step = 0; step < 8; step++) {
      now += 20 + random() * 1_000;
      const choice = random();
      if (step > 1 ? choice < 0.4 : step === 0) {
        const key = `${lease}/${step}`;
        story.put(now, key, lease);
        keys.push(key);
      } else if (step === 1 || choice < 0.7) {
        story.keepAlive(now, of);
        renewed = now + 5;
      } else if (choice < 0.8) {
        story.call("keep-alive", now, { status: "unknown" }, of);
      } else {
        const ttlSeconds = Math.floor((renewed + 5_000 - now - 5) / 1_000);
        const told = { ttlSeconds, grantedTtlSeconds: 5, keys: [...keys].sort() };
        story.call("time-to-live", now, { status: "found", ...told }, of);
      }
      if (now + 1_100 > renewed + 5_000) break;
    }
    const end = renewed + 5_000 + random() * 500;
    if (lease === LEASE || (lease !== LEASE + 1n && random() < 0.5)) {
      now += 100;
      story.call("revoke", now, { status: "found" }, of);
      story.vanish(now + 5, ...keys);
    } else {
      now = end;
      story.vanish(end, ...keys);
    }
    now += 20;
    story.call(random() < 0.5 ? "keep-alive" : "time-to-live", now, { status: "gone" }, of);
    now += 100;
  }
  return story.history();
}

type Mutate = (history: LeaseHistory, random: () => number) => LeaseHistory;

/** Each turns a good history into one that must be rejected, whatever the seed. */
const mutations: Readonly<Record<string, Mutate>> = {
  "the keys of a lease vanish three seconds earlier": (history, random) => {
    const revision = endOf(history, random, "expired");
    return { ...history, seenMs: history.seenMs.map((ms = 0, index) => (index === revision ? ms - 3_000 : ms)) };
  },
  "one key stays": (history, random) => {
    const revision = endOf(history, random, "any", 2);
    return onEvents(history, revision, (events) => events.slice(1));
  },
  "no key vanishes": (history, random) => {
    const revision = endOf(history, random, "any");
    return onEvents(history, revision, () => []);
  },
  "a lease that is gone is renewed": (history, random) => {
    const gone = history.calls.filter(({ outcome }) => outcome.status === "gone");
    return onCall(history, pick(random, gone), (call) => ({
      ...{ ...call, kind: "keep-alive", invoke: call.return + 1, return: call.return + 2 },
      outcome: { status: "found", ttlSeconds: 5 },
    }));
  },
  "a lease is said to be gone when it was renewed": (history, random) => {
    const able = history.calls.filter(({ kind, outcome }) => kind === "keep-alive" && outcome.status === "found");
    return onCall(history, pick(random, able), (call) => ({ ...call, outcome: { status: "gone" } }));
  },
  "a revocation is recorded as refused": (history, random) => {
    const able = history.calls.filter(({ kind }) => kind === "revoke");
    return onCall(history, pick(random, able), (call) => ({ ...call, outcome: { status: "refused" } }));
  },
};

/** A revision that a lease has ended at. */
function endOf(history: LeaseHistory, random: () => number, how: "expired" | "any", keysMin = 1): number {
  const revoked = new Set(history.calls.filter(({ kind }) => kind === "revoke").map(({ lease }) => lease));
  const able = [...history.timeline.entries()].filter(
    ([, events]) =>
      events.length >= keysMin &&
      events.every(
        ({ type, kv }) => type === "delete" && (how === "any" || !revoked.has(BigInt(kv.key.split("/")[0] ?? 0))),
      ),
  );
  return pick(random, able)?.[0] ?? 0;
}

function onEvents(
  history: LeaseHistory,
  revision: number,
  change: (events: LeaseHistory["timeline"][number]) => LeaseHistory["timeline"][number],
): LeaseHistory {
  return {
    ...history,
    timeline: history.timeline.map((events, index) => (index === revision ? change(events) : events)),
  };
}

function onCall(history: LeaseHistory, chosen: LeaseCall, change: (call: LeaseCall) => LeaseCall): LeaseHistory {
  return { ...history, calls: history.calls.map((call) => (call === chosen ? change(call) : call)) };
}

function witnessesOf({ witnesses }: Violation): unknown[] {
  return witnesses.map((witness) => {
    if (witness.kind === "lease-call") return witness.call;
    if (witness.kind === "operation") return witness.operation;
    return witness.kind === "events" ? witness.revision : undefined;
  });
}

function words(violations: readonly Violation[]): string {
  return violations.map(describeViolation).join("\n");
}
