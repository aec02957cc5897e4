/** The rules by which a watch loses nothing and repeats nothing, and a model that checks them under random breaks. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type WatchResponse, WatchResponseSchema } from "@kvorum/proto";
import fc from "fast-check";
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
    expect(cursor.waitsForFuture).toBe(true);
    expect(cursor.accept(progress(20n)).kind).toBe("nothing");
    expect(cursor.startRevision).toBe(50n);
    cursor.accept(events(50n, [50n]));
    expect(cursor.waitsForFuture).toBe(false);
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
    const reason = "etcdserver: permission denied";
    expect(cursor.accept(response({ canceled: true, created: true, cancelReason: reason }))).toEqual({
      kind: "canceled",
      reason,
    });
  });

  it("delivers every event of a random history exactly once and in order, however often it is cut", () => {
    // A history of revisions with one to three events each; the server sends them from the asked revision on, in responses
    // and fragments of random size, and the stream breaks after a random number of responses.
    const history = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 30 });
    const cuts = fc.infiniteStream(fc.integer({ min: 1, max: 4 }));
    fc.assert(
      fc.property(history, cuts, fc.boolean(), (counts, sizes, repeats) => {
        const log = counts.flatMap((count, index) => Array<bigint>(count).fill(BigInt(index + 1)));
        const head = BigInt(counts.length);
        const cursor = new WatchCursor(1n);
        const seen: bigint[] = [];
        for (let connection = 0; seen.length < log.length && connection < 500; connection++) {
          cursor.accept(created(head));
          // Some servers start a little earlier than they were asked to.
          const from = cursor.startRevision - (repeats ? 1n : 0n);
          let rest = log.filter((revision) => revision >= from);
          let budget = sizes.next().value;
          while (rest.length > 0 && budget-- > 0) {
            const part = rest.slice(0, sizes.next().value);
            rest = rest.slice(part.length);
            // A response may end inside a revision only as a fragment.
            seen.push(...revisions(cursor.accept(events(head, part, rest[0] === part.at(-1)))));
          }
          cursor.disconnected();
          // The model must not starve: a revision of three events in fragments of one needs three responses.
          if (connection % 10 === 9) budget = 100;
          if (connection > 100) {
            const whole = log.filter((revision) => revision >= cursor.startRevision);
            seen.push(...revisions(cursor.accept(events(head, whole))));
          }
        }
        expect(seen).toEqual(log);
      }),
    );
  });
});
