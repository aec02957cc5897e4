/** What a run may not ask: each use of the real clock, timers or chance throws while they are forbidden, and works again after. */
import crypto, { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { forbidGlobals } from "./forbidden-globals.js";

const USES: readonly (readonly [string, () => unknown])[] = [
  ["new Date", () => new Date()],
  ["Date()", () => Date()],
  ["Date.now", () => Date.now()],
  ["Math.random", () => Math.random()],
  ["performance.now", () => performance.now()],
  ["hrtime", () => process.hrtime.bigint()],
  ["hrtime", () => process.hrtime()],
  ["setTimeout", () => setTimeout(() => {}, 0)],
  ["setInterval", () => setInterval(() => {}, 1)],
  ["setImmediate", () => setImmediate(() => {})],
  ["setTimeout", () => pause(0)],
  ["timeout", () => AbortSignal.timeout(1)],
  ["randomUUID", () => globalThis.crypto.randomUUID()],
  ["getRandomValues", () => globalThis.crypto.getRandomValues(new Uint8Array(1))],
  ["randomBytes", () => randomBytes(1)],
  ["randomInt", () => crypto.randomInt(2)],
  ["WeakRef", () => new WeakRef({})],
  ["FinalizationRegistry", () => new FinalizationRegistry(() => {})],
];

/** The message of what it throws; undefined when it does not. */
function refusal(use: () => unknown): string | undefined {
  try {
    use();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

test("a simulated run can ask neither the machine's clock nor its timers nor its chance", () => {
  const { allow } = forbidGlobals();
  let refusals: (string | undefined)[];
  try {
    refusals = USES.map(([, use]) => refusal(use));
  } finally {
    allow();
  }
  expect(refusals).toEqual(USES.map(([name]) => expect.stringContaining(name)));
});

test("a moment that is given is no secret of the machine's", () => {
  const { allow } = forbidGlobals();
  const shown = refusal(() => {
    if (new Date(0).toISOString() !== "1970-01-01T00:00:00.000Z") throw new Error("another moment");
    if (Date.parse("1970-01-01T00:00:01Z") !== 1000) throw new Error("another moment");
  });
  allow();
  expect(shown).toBeUndefined();
});

test("who plays the run hears of a use although its error was taken for something else", () => {
  const guard = forbidGlobals();
  refusal(() => setImmediate(() => {}));
  guard.allow();
  expect(guard.takeUses()).toEqual([expect.stringMatching(/setImmediate is forbidden[\s\S]*forbidden-globals\.test/)]);
  expect(guard.takeUses()).toEqual([]);
});

test("afterwards everything is as it was", () => {
  const before = [Date, setTimeout, Math.random, performance.now, randomBytes, WeakRef];
  forbidGlobals().allow();
  expect([Date, setTimeout, Math.random, performance.now, randomBytes, WeakRef]).toEqual(before);
  expect(Math.random()).toBeLessThan(1);
  expect(Date.now()).toBeGreaterThan(0);
});
