/** The rules by which a watch loses nothing and repeats nothing, one by one. `cursor-model.test.ts` mixes them at random. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type WatchResponse, WatchResponseSchema } from "@kvorum/proto";
import { describe, expect, it } from "vitest";
import { type CursorStep, WatchCursor } from "./cursor.js";

const response = (fields: MessageInitShape<typeof WatchResponseSchema>): WatchResponse =>
  create(WatchResponseSchema, fields);
const created = (revision: bigint): WatchResponse => response({ created: true, header: { revision } });
const progress = (revision: bigint): WatchResponse => response({ header: { revision } });
const events = (headerRevision: bigint, revisions: readonly bigint[], fragment = false): WatchResponse =>
  response({
    header: { revision: headerRevision },
    fragment,
    events: revisions.map((modRevision) => ({ kv: { modRevision } })),
  });
const revisions = (step: CursorStep): bigint[] =>
  step.kind === "events" ? step.events.map((event) => event.kv?.modRevision ?? 0n) : [];

describe("a watch from an explicit revision", () => {
  it("asks for that revision until data arrives, whatever the created header says", () => {
    const cursor = new WatchCursor(5n);
    expect(cursor.accept(created(100n))).toEqual({ kind: "created", revision: 4n });
    cursor.disconnected();
    expect(cursor.startRevision).toBe(5n);
  });

  it("goes on after the last event, not after the header of a catch-up response", () => {
    const cursor = new WatchCursor(5n);
    cursor.accept(created(100n));
    cursor.accept(events(100n, [5n, 7n]));
    expect(cursor.startRevision).toBe(8n);
  });

  it("in the future stays there, whatever progress the store makes", () => {
    const cursor = new WatchCursor(50n);
    cursor.accept(created(10n));
    expect(cursor.accept(progress(20n)).kind).toBe("nothing");
    expect(cursor.startRevision).toBe(50n);
    expect(revisions(cursor.accept(events(50n, [50n])))).toEqual([50n]);
  });
});

describe("a watch from now on", () => {
  it("begins after the revision of its creation and keeps that beginning over a reconnect", () => {
    const cursor = new WatchCursor();
    expect(cursor.startRevision).toBe(0n);
    expect(cursor.accept(created(10n))).toEqual({ kind: "created", revision: 10n });
    cursor.disconnected();
    expect(cursor.startRevision).toBe(11n);
    expect(cursor.accept(created(15n))).toEqual({ kind: "created", revision: 10n });
    expect(cursor.startRevision).toBe(11n);
  });

  it("leaves out a change that committed while it was being created", () => {
    const cursor = new WatchCursor();
    cursor.accept(created(11n));
    expect(cursor.accept(events(11n, [11n])).kind).toBe("nothing");
    expect(revisions(cursor.accept(events(12n, [12n])))).toEqual([12n]);
  });
});

describe("any watch", () => {
  it("moves on with progress, and never back", () => {
    const cursor = new WatchCursor(5n);
    cursor.accept(created(10n));
    cursor.accept(events(10n, [9n]));
    expect(cursor.accept(progress(20n))).toEqual({ kind: "progress", revision: 20n });
    expect(cursor.startRevision).toBe(21n);
    cursor.accept(progress(15n));
    expect(cursor.startRevision).toBe(21n);
  });

  it("gives out fragments together, and forgets half a set when the stream breaks", () => {
    const cursor = new WatchCursor(1n);
    cursor.accept(created(9n));
    expect(cursor.accept(events(9n, [1n, 2n], true)).kind).toBe("nothing");
    cursor.disconnected();
    expect(cursor.startRevision).toBe(1n);
    cursor.accept(events(9n, [1n, 2n], true));
    expect(revisions(cursor.accept(events(9n, [2n, 3n])))).toEqual([1n, 2n, 2n, 3n]);
  });

  it("says up to where every change has been reported", () => {
    const cursor = new WatchCursor();
    expect(cursor.reported).toBe(0n);
    cursor.accept(created(10n));
    expect(cursor.reported).toBe(10n);
    cursor.accept(events(15n, [12n]));
    expect(cursor.reported).toBe(12n);
  });

  it("starts after what was made up for in another way, and takes no step back for it", () => {
    const cursor = new WatchCursor(3n);
    cursor.accept(events(9n, [3n], true));
    cursor.skipTo(20n);
    expect(cursor.startRevision).toBe(20n);
    expect(revisions(cursor.accept(events(21n, [21n])))).toEqual([21n]);
    cursor.skipTo(5n);
    expect(cursor.startRevision).toBe(22n);
  });

  it("drops what it has reported before", () => {
    const cursor = new WatchCursor(1n);
    cursor.accept(events(3n, [1n, 2n, 3n]));
    cursor.disconnected();
    expect(revisions(cursor.accept(events(4n, [2n, 3n, 4n])))).toEqual([4n]);
  });

  it("tells compaction, with the revision it wanted, from every other cancel", () => {
    const cursor = new WatchCursor(3n);
    cursor.accept(created(10n));
    expect(cursor.accept(response({ canceled: true, compactRevision: 8n }))).toEqual({
      kind: "compacted",
      compactRevision: 8n,
      requested: 3n,
    });
    const said = "etcdserver: mvcc: required revision has been compacted";
    expect(cursor.accept(response({ canceled: true, created: true, cancelReason: said }))).toMatchObject({
      kind: "compacted",
      compactRevision: 0n,
    });
    const reason = "etcdserver: permission denied";
    expect(cursor.accept(response({ canceled: true, created: true, cancelReason: reason }))).toEqual({
      kind: "canceled",
      reason,
    });
  });
});
