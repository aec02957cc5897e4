/** Any request of any user against a plain reading of the rules. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { World } from "../../../testing/auth-world.js";
import { stringBytes } from "../bytes.js";
import type { Operation } from "../mvcc/operations.js";
import { compareOf, deleteOf, putOf, rangeOf, txnOf } from "../mvcc/test-support.js";
import type { PermissionType } from "./types.js";

/** Every short key over a small alphabet, and the one right after each: between two neighbours no permission changes. */
const ALPHABET = ["a", "b"];
const SHORT = ["a", "b", ...ALPHABET.flatMap((x) => ALPHABET.map((y) => x + y))];
const UNIVERSE = ["\0", ...SHORT.flatMap((key) => [key, `${key}\0`]), "\xff\xff"];

const anyKey = fc.constantFrom(...SHORT);
const anyEnd = fc.constantFrom("", "\0", ...SHORT);
const anyType = fc.constantFrom<PermissionType>("read", "write", "readwrite");
const anyRule = fc.tuple(anyType, anyKey, anyEnd).filter(([, key, end]) => end === "" || end === "\0" || key < end);
const anyLease = fc.constantFrom(0n, 0n, 1n, 2n);
const anyLeaf: fc.Arbitrary<Operation> = fc.oneof(
  fc.tuple(anyKey, anyEnd).map(([key, end]) => rangeOf(key, end)),
  fc.tuple(anyKey, anyEnd, fc.boolean()).map(([key, end, prevKv]) => deleteOf(key, end, prevKv)),
  fc.tuple(anyKey, fc.boolean(), anyLease).map(([key, prevKv, lease]) => putOf(key, "v", { prevKv, lease })),
);
const anyOperation: fc.Arbitrary<Operation> = fc.letrec<{ operation: Operation }>((tie) => {
  const branch = fc.array(tie("operation"), { maxLength: 2 });
  const compares = fc.array(
    fc.tuple(anyKey, anyEnd).map(([key, end]) => ({
      ...compareOf("version", key, "equal", 0n),
      rangeEnd: stringBytes(end),
    })),
    { maxLength: 2 },
  );
  const txn = fc.tuple(compares, branch, branch).map(([compare, success, failure]) => txnOf(success, failure, compare));
  return { operation: fc.oneof({ maxDepth: 4 }, anyLeaf, txn) };
}).operation;

interface Need {
  readonly type: "read" | "write";
  readonly key: string;
  readonly end: string;
}

/** The rules read plainly: one list of everything that is asked for. */
function needsOf(operation: Operation, leases: ReadonlyMap<bigint, readonly string[]>): Need[] {
  const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
  const needs: Need[] = [];
  const waiting: Operation[] = [operation];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next.kind === "txn") {
      for (const compare of next.compare)
        needs.push({ type: "read", key: text(compare.key), end: text(compare.rangeEnd) });
      waiting.push(...next.success, ...next.failure);
      continue;
    }
    const key = text(next.key);
    const end = next.kind === "put" ? "" : text(next.rangeEnd);
    if (next.kind === "range" || next.prevKv) needs.push({ type: "read", key, end });
    if (next.kind !== "range") needs.push({ type: "write", key, end });
    if (next.kind === "put") {
      for (const attached of leases.get(next.lease) ?? []) needs.push({ type: "write", key: attached, end: "" });
    }
  }
  return needs;
}

function holds(key: string, end: string, asked: string): boolean {
  if (end === "") return asked === key;
  return asked >= key && (end === "\0" || asked < end);
}

it("a request passes exactly when every key that it concerns is in some permission of some role", () => {
  const seen = { may: 0, permissionDenied: 0 };
  fc.assert(
    fc.property(
      fc.array(fc.array(anyRule, { maxLength: 5 }), { maxLength: 3 }),
      anyOperation,
      fc.array(anyKey, { maxLength: 2 }),
      (roles, operation, attached) => {
        const world = new World(...roles);
        world.leases.set(1n, attached);
        // In one role the last word on a range counts.
        const rules = roles.flatMap((role) =>
          role.filter(([, key, end], i) => !role.slice(i + 1).some((later) => later[1] === key && later[2] === end)),
        );
        const may = needsOf(operation, world.leases).every((need) => {
          const keys = UNIVERSE.filter((key) => key === need.key || holds(need.key, need.end, key));
          return keys.every((asked) =>
            rules.some(([type, key, end]) => (type === need.type || type === "readwrite") && holds(key, end, asked)),
          );
        });
        const expected = may ? "may" : "permissionDenied";
        seen[expected]++;
        expect(world.ann(operation)).toBe(expected);
      },
    ),
    { numRuns: 1500 },
  );
  // Neither answer is the one that is always right.
  expect(Math.min(seen.may, seen.permissionDenied)).toBeGreaterThan(50);
});
