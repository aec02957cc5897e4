/** The state machine as a whole: one mark for all its parts, the same result on every member, replay from any commit. */
import { describe, expect, it } from "vitest";
import { MemoryBackend, MemoryStore } from "../../io/backend/memory-backend.js";
import { EMPTY_BYTES } from "../bytes.js";
import type { ServerError } from "../errors.js";
import type { DeleteRangeOperation, PutOperation } from "../mvcc/operations.js";
import type { WatchResponse } from "../watch/types.js";
import type { Alarm, Command, CommandResult, ConfChange } from "./command.js";
import { StateMachine } from "./state-machine.js";

const bytes = (text: string): Uint8Array => Uint8Array.from([...text].map((c) => c.charCodeAt(0)));
const text = (raw: Uint8Array): string => String.fromCharCode(...raw);

const put = (key: string, value: string, lease = 0n): PutOperation => ({
  kind: "put",
  key: bytes(key),
  value: bytes(value),
  lease,
  prevKv: false,
  ignoreValue: false,
  ignoreLease: false,
});
const remove = (key: string): DeleteRangeOperation => ({
  kind: "delete-range",
  key: bytes(key),
  rangeEnd: EMPTY_BYTES,
  prevKv: false,
});
const grant = (id: bigint, ttlSeconds = 60): Command => ({ kind: "lease-grant", id, ttlSeconds });
const revoke = (id: bigint, leaderTerm = 0): Command => ({ kind: "lease-revoke", id, leaderTerm });
const alarm = (action: "activate" | "deactivate" | "get", type: Alarm["alarm"], memberId = 1n): Command => ({
  kind: "alarm",
  action,
  memberId,
  alarm: type,
});
const addVoter = (id: bigint): ConfChange => ({
  type: "add-voter",
  member: { id, name: "", peerUrls: [`http://127.0.0.1:${id}`], clientUrls: [], isLearner: false },
});

class Fixture {
  readonly disk = new MemoryStore();
  backend: MemoryBackend = new MemoryBackend(this.disk);
  machine: StateMachine = this.#open();

  apply(command?: Command, term = 1, nowMs = 0): CommandResult | ServerError | undefined {
    return this.machine.apply({ index: this.machine.appliedIndex + 1, term, ...(command && { command }) }, nowMs);
  }

  configure(confChange: ConfChange): CommandResult | ServerError | undefined {
    return this.machine.apply({ index: this.machine.appliedIndex + 1, term: 1, confChange }, 0);
  }

  restart(): void {
    this.backend = new MemoryBackend(this.disk);
    this.machine = this.#open();
  }

  get keys(): string[] {
    const { kvs } = this.machine.store.range({
      kind: "range",
      key: Uint8Array.of(0),
      rangeEnd: Uint8Array.of(0),
      limit: 0,
      revision: 0n,
      sortOrder: "none",
      sortTarget: "key",
      serializable: true,
      keysOnly: false,
      countOnly: false,
      minModRevision: 0n,
      maxModRevision: 0n,
      minCreateRevision: 0n,
      maxCreateRevision: 0n,
    });
    return kvs.map((kv) => `${text(kv.key)}=${text(kv.value)}`);
  }

  watchAll(): () => WatchResponse[] {
    const stream = this.machine.watch.openStream(() => {});
    stream.create({
      watchId: 0,
      key: Uint8Array.of(0),
      rangeEnd: Uint8Array.of(0),
      startRevision: 0n,
      prevKv: false,
      progressNotify: false,
      noPut: false,
      noDelete: false,
      fragment: false,
    });
    stream.next();
    return () => {
      const responses: WatchResponse[] = [];
      for (let next = stream.next(); next !== undefined; next = stream.next()) responses.push(next);
      return responses;
    };
  }

  #open(): StateMachine {
    return StateMachine.open({ backend: this.backend, lessor: { minTtlSeconds: 2 } });
  }
}

describe("applying", () => {
  it("answers a write with its revision and tells the watchers in the same turn", () => {
    const fixture = new Fixture();
    const pull = fixture.watchAll();
    expect(fixture.apply(put("a", "1"))).toMatchObject({ kind: "put", revision: 2n });
    expect(fixture.apply(remove("a"))).toMatchObject({ kind: "delete-range", deleted: 1, revision: 3n });
    expect(pull().map(({ revision, events }) => [revision, events.map(({ type }) => type)])).toEqual([
      [2n, ["put"]],
      [3n, ["delete"]],
    ]);
  });

  it("moves the applied index for entries without effect as well", () => {
    const fixture = new Fixture();
    expect(fixture.apply()).toBeUndefined();
    expect(fixture.apply(remove("nothing"))).toMatchObject({ deleted: 0, revision: 1n });
    expect(fixture.apply(revoke(5n))).toMatchObject({ reason: "leaseNotFound" });
    expect(fixture.apply({ kind: "compaction", revision: 9n, physical: false })).toMatchObject({
      reason: "futureRevision",
    });
    expect(fixture.configure({ ...addVoter(4n), type: "remove" })).toMatchObject({ reason: "memberNotFound" });
    expect(fixture.machine.appliedIndex).toBe(5);
  });

  it("refuses an entry out of order: something upstream is broken", () => {
    const { machine } = new Fixture();
    machine.apply({ index: 1, term: 3 }, 0);
    expect(() => machine.apply({ index: 1, term: 3 }, 0)).toThrow(/entry 1 is applied where 2 is due/);
    expect(() => machine.apply({ index: 3, term: 3 }, 0)).toThrow(/entry 3 is applied where 2 is due/);
    expect(() => machine.apply({ index: 2, term: 2 }, 0)).toThrow(/older than the last one/);
  });

  it("compacts: older revisions are refused at once and removed in steps", () => {
    const fixture = new Fixture();
    for (const value of ["1", "2", "3"]) fixture.apply(put("a", value));
    const compaction: Command = { kind: "compaction", revision: 3n, physical: true };
    expect(fixture.apply(compaction)).toEqual({ kind: "compaction", revision: 4n });
    expect(fixture.apply(compaction)).toMatchObject({ reason: "compacted" });
    expect(fixture.machine.store.compactionPending).toBe(true);
    while (!fixture.machine.compactStep());
    expect(fixture.machine.store.finishedCompactRevision).toBe(3n);
  });

  it("keeps the cluster version", () => {
    const fixture = new Fixture();
    expect(fixture.machine.clusterVersion).toBeUndefined();
    expect(fixture.apply({ kind: "cluster-version", version: "3.6.0" })).toEqual({ kind: "done", revision: 1n });
    fixture.machine.commit();
    fixture.restart();
    expect(fixture.machine.clusterVersion).toBe("3.6.0");
  });
});

describe("leases", () => {
  it("are granted once, with the TTL in the answer", () => {
    const fixture = new Fixture();
    expect(fixture.apply(grant(7n, 30))).toEqual({ kind: "lease-grant", id: 7n, ttlSeconds: 30, revision: 1n });
    expect(fixture.apply(grant(7n, 30))).toMatchObject({ reason: "leaseExists" });
  });

  it("take all their keys with them in one revision, in key order", () => {
    const fixture = new Fixture();
    fixture.apply(grant(7n));
    for (const key of ["c", "a", "b"]) fixture.apply(put(key, "1", 7n));
    fixture.apply(put("d", "1"));
    const pull = fixture.watchAll();
    expect(fixture.apply(revoke(7n))).toEqual({ kind: "lease-revoke", revision: 6n });
    expect(
      pull().map(({ events }) => events.map(({ type, kv }) => `${type} ${text(kv.key)}@${kv.modRevision}`)),
    ).toEqual([["delete a@6", "delete b@6", "delete c@6"]]);
    expect(fixture.keys).toEqual(["d=1"]);
  });

  it("make no revision when they end without keys", () => {
    const fixture = new Fixture();
    fixture.apply(grant(7n));
    expect(fixture.apply(revoke(7n))).toEqual({ kind: "lease-revoke", revision: 1n });
  });

  it("do not take a key that was put again without them, nor one that was deleted", () => {
    const fixture = new Fixture();
    fixture.apply(grant(7n));
    fixture.apply(put("a", "1", 7n));
    fixture.apply(put("b", "1", 7n));
    fixture.apply(put("a", "2"));
    fixture.apply(remove("b"));
    fixture.apply(put("b", "2"));
    fixture.apply(revoke(7n));
    expect(fixture.keys).toEqual(["a=2", "b=2"]);
  });

  it("are not revoked by a leader whose term is over by the time its proposal is applied", () => {
    const fixture = new Fixture();
    fixture.apply(grant(7n), 4);
    expect(fixture.apply(revoke(7n, 4), 5)).toMatchObject({ reason: "leaderChanged" });
    expect(fixture.machine.lessor.exists(7n)).toBe(true);
    expect(fixture.apply(revoke(7n, 5), 5)).toEqual({ kind: "lease-revoke", revision: 1n });
  });

  it("keep their time from what a leader had seen of them whose term is over by the time its proposal is applied", () => {
    const fixture = new Fixture();
    fixture.apply(grant(7n, 1000), 4);
    const seen = {
      kind: "lease-checkpoint",
      leaderTerm: 4,
      checkpoints: [{ id: 7n, remainingTtlSeconds: 400 }],
    } as const;
    expect(fixture.apply(seen, 5)).toMatchObject({ reason: "leaderChanged" });
    fixture.machine.lessor.promote(0, 0);
    expect(fixture.machine.lessor.timeToLive(7n, 0).ttlSeconds).toBe(1000);
    expect(fixture.apply({ ...seen, leaderTerm: 5 }, 5)).toMatchObject({ kind: "done" });
    fixture.machine.lessor.promote(0, 0);
    expect(fixture.machine.lessor.timeToLive(7n, 0).ttlSeconds).toBe(400);
  });

  it("get their keys back after a restart", () => {
    const fixture = new Fixture();
    fixture.apply(grant(7n));
    fixture.apply(put("a", "1", 7n));
    fixture.apply(put("b", "1"));
    fixture.machine.commit();
    fixture.restart();
    expect(fixture.machine.lessor.timeToLive(7n, 0).keys.map(text)).toEqual(["a"]);
    fixture.apply(revoke(7n));
    expect(fixture.keys).toEqual(["b=1"]);
  });

  it("keep a recorded remaining time through a restart and lose it when it is cleared", () => {
    const fixture = new Fixture();
    fixture.apply(grant(7n, 1000));
    fixture.apply({ kind: "lease-checkpoint", leaderTerm: 0, checkpoints: [{ id: 7n, remainingTtlSeconds: 400 }] });
    fixture.machine.commit();
    fixture.restart();
    fixture.machine.lessor.promote(0, 0);
    expect(fixture.machine.lessor.timeToLive(7n, 0).ttlSeconds).toBe(400);
    fixture.apply({ kind: "lease-checkpoint", leaderTerm: 0, checkpoints: [{ id: 7n, remainingTtlSeconds: 0 }] });
    fixture.machine.lessor.promote(0, 0);
    expect(fixture.machine.lessor.timeToLive(7n, 0).ttlSeconds).toBe(1000);
  });
});

describe("an alarm for lack of space", () => {
  it("refuses what needs space, without effect, and nothing else, until it is cleared", () => {
    const fixture = new Fixture();
    fixture.apply(put("a", "1"));
    fixture.apply(grant(7n));
    expect(fixture.apply(alarm("activate", "no-space"))).toMatchObject({ kind: "alarm", revision: 2n });
    const withPut: Command = { kind: "txn", compare: [], success: [], failure: [put("b", "1")] };
    for (const command of [put("b", "1"), grant(8n), withPut]) {
      expect(fixture.apply(command)).toMatchObject({ reason: "noSpace" });
    }
    expect(fixture.keys).toEqual(["a=1"]);
    const without: Command = { kind: "txn", compare: [], success: [remove("a")], failure: [] };
    expect(fixture.apply(without)).toMatchObject({ kind: "txn", revision: 3n });
    expect(fixture.apply({ kind: "compaction", revision: 3n, physical: false })).toMatchObject({ kind: "compaction" });
    expect(fixture.apply(revoke(7n))).toMatchObject({ kind: "lease-revoke" });
    fixture.apply(alarm("deactivate", "no-space"));
    expect(fixture.apply(put("b", "1"))).toMatchObject({ kind: "put", revision: 4n });
  });
});

describe("an alarm for corrupt data", () => {
  it("refuses every write, also where space is short too", () => {
    const fixture = new Fixture();
    fixture.apply(grant(7n));
    fixture.apply(alarm("activate", "no-space"));
    fixture.apply(alarm("activate", "corrupt", 2n));
    const commands: Command[] = [
      put("a", "1"),
      remove("a"),
      { kind: "txn", compare: [], success: [], failure: [] },
      { kind: "compaction", revision: 1n, physical: false },
      grant(8n),
      revoke(7n),
    ];
    for (const command of commands) expect(fixture.apply(command)).toMatchObject({ reason: "corrupt" });
    expect(fixture.apply(alarm("get", "none"))).toEqual({
      kind: "alarm",
      alarms: [
        { memberId: 1n, alarm: "no-space" },
        { memberId: 2n, alarm: "corrupt" },
      ],
      revision: 1n,
    });
  });

  it("stands after a restart", () => {
    const fixture = new Fixture();
    fixture.apply(alarm("activate", "corrupt"));
    fixture.machine.commit();
    fixture.restart();
    expect(fixture.apply(put("a", "1"))).toMatchObject({ reason: "corrupt" });
  });
});

describe("members", () => {
  it("make the configuration that is committed with the mark", () => {
    const fixture = new Fixture();
    fixture.configure(addVoter(9n));
    fixture.configure({ ...addVoter(3n), type: "add-learner" });
    expect(fixture.configure(addVoter(9n))).toMatchObject({ reason: "memberExists" });
    expect(fixture.machine.commit()).toMatchObject({ index: 3, confState: { voters: [9n], learners: [3n] } });
    fixture.restart();
    expect(fixture.machine.appliedAt).toEqual(fixture.backend.appliedAt());
    expect(fixture.machine.confState).toMatchObject({ voters: [9n], learners: [3n] });
  });

  it("publish their name and addresses", () => {
    const fixture = new Fixture();
    fixture.configure(addVoter(9n));
    const clientUrls = ["http://127.0.0.1:2379"];
    fixture.apply({ kind: "member-attributes", memberId: 9n, name: "n1", clientUrls });
    expect(fixture.machine.members).toMatchObject([{ id: 9n, name: "n1", clientUrls }]);
  });

  it("that do not fit the mark are not served", () => {
    const fixture = new Fixture();
    fixture.configure(addVoter(9n));
    fixture.machine.commit();
    const at = fixture.backend.appliedAt();
    fixture.backend.commit([], { ...at, confState: { ...at.confState, voters: [8n] } });
    expect(() => fixture.restart()).toThrow(/members in the backend are not those of its mark/);
  });
});

describe("a snapshot", () => {
  it("replaces the state and lets watchers go on where they are", async () => {
    const source = new Fixture();
    source.apply(put("a", "1"));
    const fixture = new Fixture();
    fixture.apply(put("a", "1"));
    fixture.machine.commit();
    const pull = fixture.watchAll();
    source.apply(put("a", "2"));
    source.apply(put("b", "1"));
    source.machine.commit();
    const snapshot = source.backend.snapshot();
    const entries = (["key", "meta", "lease", "member", "alarm", "auth"] as const).flatMap((table) =>
      [...snapshot.entries(table)].map((entry) => ({ ...entry, table })),
    );
    await fixture.backend.replaceWith(snapshot.at, entries);
    fixture.machine.reload();
    expect(fixture.machine.appliedIndex).toBe(3);
    expect(fixture.apply(put("c", "1"))).toMatchObject({ revision: 5n });
    fixture.machine.watch.catchUp();
    expect(pull().flatMap(({ events }) => events.map(({ kv }) => kv.modRevision))).toEqual([3n, 4n, 5n]);
    expect(fixture.keys).toEqual(["a=2", "b=1", "c=1"]);
  });

  it("older than what is applied here is refused", () => {
    const fixture = new Fixture();
    fixture.machine.commit();
    fixture.apply(put("a", "1"));
    expect(() => fixture.machine.reload()).toThrow(/would undo entries up to 1/);
  });
});
