/**
 * The law of apply, on random logs: the same entries leave the same bytes on every member, whatever its clock, its role and
 * the moments of its commits; and a member that is thrown back to any commit arrives at the same state by replay.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MemoryBackend, MemoryStore } from "../../io/backend/memory-backend.js";
import type { AuthChange } from "../auth/command.js";
import type { Identity } from "../auth/types.js";
import { EMPTY_BYTES } from "../bytes.js";
import { ServerError } from "../errors.js";
import { hashBackend } from "../mvcc/hash.js";
import type { Operation, PutOperation } from "../mvcc/operations.js";
import type { Command, ConfChange } from "./command.js";
import { type AppliedEntry, StateMachine } from "./state-machine.js";

const KEYS = 6;
const key = fc.nat(KEYS - 1).map((number) => Uint8Array.of(97 + number));
const leaseId = fc.bigInt({ min: 1n, max: 3n });
const memberId = fc.bigInt({ min: 1n, max: 4n });

const put: fc.Arbitrary<PutOperation> = fc.record({
  kind: fc.constant("put" as const),
  key,
  value: fc.uint8Array({ maxLength: 4 }),
  lease: fc.oneof({ weight: 3, arbitrary: fc.constant(0n) }, { weight: 1, arbitrary: leaseId }),
  prevKv: fc.boolean(),
  ignoreValue: fc.constant(false),
  ignoreLease: fc.constant(false),
});
const remove = fc.record({
  kind: fc.constant("delete-range" as const),
  key,
  rangeEnd: fc.oneof(fc.constant(EMPTY_BYTES), key),
  prevKv: fc.boolean(),
});
const txn = fc
  .tuple(key, fc.bigInt({ min: 0n, max: 3n }), put, fc.array(remove, { maxLength: 2 }))
  .map(([compared, version, success, failure]) => ({
    kind: "txn" as const,
    compare: [
      { target: "version" as const, result: "less" as const, key: compared, rangeEnd: EMPTY_BYTES, operand: version },
    ],
    success: [success] as readonly Operation[],
    failure,
  }));
const user = fc.constantFrom("root", "root", "ann");
const role = fc.constantFrom("root", "r");
const authChange: fc.Arbitrary<AuthChange> = fc.oneof(
  fc.record({ kind: fc.constant("user-add" as const), name: user, passwordHash: fc.constantFrom("hash", undefined) }),
  fc.record({ kind: fc.constantFrom("user-grant-role" as const, "user-revoke-role" as const), name: user, role }),
  fc.record({ kind: fc.constantFrom("role-add" as const, "role-delete" as const), name: role }),
  fc.record({
    kind: fc.constant("role-grant-permission" as const),
    name: role,
    permission: fc.record({ type: fc.constantFrom("read", "readwrite"), key, rangeEnd: fc.constant(EMPTY_BYTES) }),
  }),
  fc.record({ kind: fc.constantFrom("auth-enable" as const, "auth-enable" as const, "auth-disable" as const) }),
);
/** Newer than any store that these logs lead to, so that only permissions count. */
const identity: fc.Arbitrary<Identity | undefined> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ user: "root", authRevision: 1000n }) },
  { weight: 2, arbitrary: fc.constant({ user: "ann", authRevision: 1000n }) },
  { weight: 1, arbitrary: fc.constant(undefined) },
);
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 3, arbitrary: authChange },
  { weight: 6, arbitrary: put },
  { weight: 2, arbitrary: remove },
  { weight: 2, arbitrary: txn },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("compaction" as const),
      revision: fc.bigInt({ min: 1n, max: 60n }),
      physical: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("lease-grant" as const), id: leaseId, ttlSeconds: fc.nat(1000) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("lease-revoke" as const), id: leaseId, leaderTerm: fc.nat(2) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("lease-checkpoint" as const),
      leaderTerm: fc.nat(2),
      checkpoints: fc.array(fc.record({ id: leaseId, remainingTtlSeconds: fc.nat(500) }), { maxLength: 2 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("alarm" as const),
      action: fc.constantFrom("get", "activate", "deactivate"),
      memberId,
      alarm: fc.constantFrom("none", "no-space"),
    }) as fc.Arbitrary<Command>,
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("member-attributes" as const),
      memberId,
      name: fc.string({ maxLength: 3 }),
      clientUrls: fc.array(fc.string({ maxLength: 3 }), { maxLength: 2 }),
    }),
  },
);
const confChange: fc.Arbitrary<ConfChange> = fc.record({
  type: fc.constantFrom("add-voter", "add-voter", "add-learner", "update", "remove"),
  member: fc.record({
    id: memberId,
    name: fc.constant(""),
    peerUrls: fc.nat(5).map((number) => [`http://p${number}`]),
    clientUrls: fc.constant([]),
    isLearner: fc.constant(false),
  }),
});
const log: fc.Arbitrary<readonly AppliedEntry[]> = fc
  .array(
    fc.oneof(
      { weight: 12, arbitrary: fc.record({ command, identity }) },
      { weight: 2, arbitrary: fc.record({ confChange }) },
      { weight: 1, arbitrary: fc.constant({}) },
    ),
    { minLength: 30, maxLength: 120, size: "max" },
  )
  .map((entries) => entries.map((entry, at) => ({ ...entry, index: at + 1, term: 1 + Math.floor(at / 50) })));

function open(disk: MemoryStore): { backend: MemoryBackend; machine: StateMachine } {
  const backend = new MemoryBackend(disk);
  return { backend, machine: StateMachine.open({ backend, lessor: { minTtlSeconds: 2 } }) };
}

/** An answer in a form that can be compared. */
function shown(answer: ReturnType<StateMachine["apply"]>): unknown {
  return answer instanceof ServerError ? answer.reason : answer;
}

/** Everything two members at one index must agree on. */
function fingerprint({ backend, machine }: { backend: MemoryBackend; machine: StateMachine }): unknown {
  // Removal of what is compacted goes at each member's own pace; once it is finished the bytes are alike.
  while (!machine.compactStep());
  const at = machine.commit();
  return {
    at,
    bytes: hashBackend(backend),
    kv: machine.store.hashKv(0n),
    revision: machine.store.currentRevision,
    leases: [1n, 2n, 3n].map((id) => ({ ...machine.lessor.timeToLive(id, 0), ttlSeconds: machine.lessor.exists(id) })),
    members: machine.members,
    alarms: machine.alarms,
    users: authOf(machine),
  };
}

function authOf({ auth }: StateMachine): unknown {
  const { enabled, revision, userNames, roleNames } = auth;
  return {
    enabled,
    revision,
    users: userNames.map((name) => auth.user(name)),
    roles: roleNames.map((n) => auth.role(n)),
  };
}

describe("the same log", () => {
  it("gives the same answers and the same bytes on a leader and on a follower with another clock", () => {
    let effects = 0;
    let refusals = 0;
    const reasons = new Set<unknown>();
    fc.assert(
      fc.property(log, fc.integer({ min: 1, max: 20 }), (entries, every) => {
        const leader = open(new MemoryStore());
        const follower = open(new MemoryStore());
        leader.machine.lessor.promote(0, 1000);
        for (const entry of entries) {
          const written = leader.machine.uncommitted.bytes;
          const answer = leader.machine.apply(entry, entry.index * 700);
          expect(shown(follower.machine.apply(entry, 5))).toEqual(shown(answer));
          if (answer instanceof ServerError) {
            refusals++;
            expect(leader.machine.uncommitted.bytes).toBe(written);
          } else effects++;
          reasons.add(shown(answer));
          if (entry.index % every === 0) {
            leader.machine.commit();
            leader.machine.compactStep();
          }
        }
        expect(fingerprint(follower)).toEqual(fingerprint(leader));
      }),
      { numRuns: 200 },
    );
    expect(effects).toBeGreaterThan(1000);
    expect(refusals).toBeGreaterThan(200);
    expect(["permissionDenied", "userEmpty"].every((reason) => reasons.has(reason))).toBe(true);
  });

  it("gives the same state after a crash back to any commit and a replay from its mark", () => {
    let replayed = 0;
    fc.assert(
      fc.property(
        log,
        fc.array(fc.record({ after: fc.integer({ min: 1, max: 25 }), survive: fc.nat(3) }), { maxLength: 6 }),
        (entries, crashes) => {
          const reference = open(new MemoryStore());
          for (const entry of entries) reference.machine.apply(entry, 0);

          const disk = new MemoryStore();
          let member = open(disk);
          const run = (count: number): void => {
            for (let i = 0; i < count && member.machine.appliedIndex < entries.length; i++) {
              member.machine.apply(entries[member.machine.appliedIndex] as AppliedEntry, 0);
              if (i % 4 === 3) member.machine.commit();
              if (i % 7 === 6) member.machine.compactStep();
              if (i % 11 === 10) disk.flush();
            }
          };
          for (const { after, survive } of crashes) {
            run(after);
            const reached = member.machine.appliedIndex;
            disk.crash((unflushed) => Math.min(survive, unflushed));
            member = open(disk);
            replayed += reached - member.machine.appliedIndex;
          }
          run(entries.length);
          expect(fingerprint(member)).toEqual(fingerprint(reference));
        },
      ),
      { numRuns: 60 },
    );
    expect(replayed).toBeGreaterThan(200);
  });
});
