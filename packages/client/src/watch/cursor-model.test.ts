/**
 * A random server and a random network against the cursor. The naive model is the history itself: whatever happens, the
 * watch must have been given exactly the events from its start on, in order, each once, and no revision in two pieces.
 */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type WatchResponse, WatchResponseSchema } from "@kvorum/proto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WatchCursor } from "./cursor.js";

/** What happens next. Sizes are in events. */
type Act =
  | { readonly kind: "write"; readonly events: number }
  | { readonly kind: "serve"; readonly size: number; readonly parts: number }
  /** A fragment whose rest never comes. */
  | { readonly kind: "serve half"; readonly size: number }
  | { readonly kind: "break" | "progress" };

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("write" as const), events: fc.integer({ min: 0, max: 3 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("serve" as const),
      size: fc.integer({ min: 1, max: 5 }),
      parts: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("serve half" as const), size: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("break" as const, "progress" as const) }) },
);

/** The server's half: the history, and how far it has served the watch that is open. */
class ModelServer {
  /** Each event is its revision and which of it; a revision may have none that the watch sees. */
  readonly history: { readonly revision: bigint; readonly nth: number }[] = [];
  revision = 1n;
  #served = 0n;

  write(events: number): void {
    this.revision += 1n;
    for (let nth = 0; nth < events; nth++) this.history.push({ revision: this.revision, nth });
  }

  /** 0 is from now on. `early`: some servers start a revision before the one that was asked for. */
  create(startRevision: bigint, early: boolean): WatchResponse {
    const start = startRevision === 0n ? this.revision + 1n : startRevision;
    this.#served = start - (early && startRevision !== 0n ? 2n : 1n);
    return response({ created: true, header: { revision: this.revision } });
  }

  /** Whole revisions of about `size` events that come next, in `parts` messages. */
  serve(size: number, parts: number): WatchResponse[] {
    const rest = this.history.filter(({ revision }) => revision > this.#served);
    const last = rest[Math.min(size, rest.length) - 1]?.revision;
    if (last === undefined) return [];
    this.#served = last;
    const batch = rest.filter(({ revision }) => revision <= last);
    const length = Math.ceil(batch.length / parts);
    return Array.from({ length: Math.ceil(batch.length / length) }, (_, part) =>
      response({
        header: { revision: this.revision },
        fragment: (part + 1) * length < batch.length,
        events: batch.slice(part * length, (part + 1) * length).map(({ revision, nth }) => ({
          kv: { modRevision: revision, version: BigInt(nth) },
        })),
      }),
    );
  }

  /** As a real one: only to a watch that has been served everything and does not wait for a revision to come. */
  progress(): WatchResponse[] {
    const behind = this.history.some(({ revision }) => revision > this.#served);
    return behind || this.#served > this.revision ? [] : [response({ header: { revision: this.revision } })];
  }
}

function response(fields: MessageInitShape<typeof WatchResponseSchema>): WatchResponse {
  return create(WatchResponseSchema, fields);
}

/** What the cursor gave out, in pieces. */
class Consumer {
  readonly pieces: (readonly [bigint, number])[][] = [];
  readonly cursor: WatchCursor;

  constructor(cursor: WatchCursor) {
    this.cursor = cursor;
  }

  take(responses: readonly WatchResponse[]): void {
    for (const each of responses) {
      const step = this.cursor.accept(each);
      if (step.kind !== "events") continue;
      this.pieces.push(step.events.map((event) => [event.kv?.modRevision ?? 0n, Number(event.kv?.version)] as const));
    }
  }
}

describe("the cursor", () => {
  it.each([
    ["from now on", undefined],
    ["from the past", 2n],
    ["from a revision to come", 12n],
  ])("%s is given every event once and in order, whatever the server and the network do", (_, start) => {
    fc.assert(
      fc.property(
        fc.array(act, { maxLength: 60 }),
        fc.integer({ min: 0, max: 8 }),
        fc.boolean(),
        (acts, before, early) => {
          const server = new ModelServer();
          for (let i = 0; i < before; i++) server.write(1 + (i % 2));
          const consumer = new Consumer(new WatchCursor(start));
          const { cursor } = consumer;
          const connect = (): void => {
            cursor.disconnected();
            cursor.accept(server.create(cursor.startRevision, early));
          };
          const from = start ?? server.revision + 1n;
          connect();
          for (const each of acts) {
            const next = cursor.startRevision;
            if (each.kind === "write") server.write(each.events);
            if (each.kind === "serve") consumer.take(server.serve(each.size, each.parts));
            if (each.kind === "progress") consumer.take(server.progress());
            if (each.kind === "break") connect();
            if (each.kind === "serve half") {
              const parts = server.serve(each.size, 2);
              consumer.take(parts.slice(0, -1));
              connect();
            }
            expect(cursor.startRevision).toBeGreaterThanOrEqual(next);
          }
          connect();
          consumer.take(server.serve(Number.MAX_SAFE_INTEGER, 1));
          const expected = server.history
            .filter(({ revision }) => revision >= from)
            .map(({ revision, nth }) => [revision, nth]);
          expect(consumer.pieces.flat()).toEqual(expected);
          const revisions = consumer.pieces.flatMap((piece) => [...new Set(piece.map(([revision]) => revision))]);
          expect(new Set(revisions).size).toBe(revisions.length);
        },
      ),
      { numRuns: 400 },
    );
  });
});
