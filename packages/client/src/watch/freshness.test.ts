/** Idle watches, kept ahead of compaction by what the server says on the stream. */
import { describe, expect, it } from "vitest";
import { collect, created, creates, lost, playedWatches, progressed, put, sent } from "../testing/played-watches.js";
import { FRESH_EVERY_MS } from "./freshness.js";

/** For all watches of the stream. */
const ALL = -1n;

describe("an idle watch", () => {
  it("is resumed from where the server said that all watches are, not from its last event", async () => {
    const { transport, clock, watch, exact } = playedWatches(["http://a", "http://b"]);
    exact.value = true;
    const seen = [collect(watch("idle")), collect(watch("busy")), collect(watch("future", { startRevision: 90n }))];
    await clock.advance(0);
    for (const answer of [created(1n), created(2n), created(3n), put(2n, 11n)]) transport.stream.answer(answer);
    await clock.advance(FRESH_EVERY_MS);
    expect(sent(transport.stream, "progressRequest")).toHaveLength(1);
    for (const answer of [progressed(ALL, 50n), put(2n, 51n)]) transport.stream.answer(answer);
    await clock.advance(0);
    transport.stream.end(lost());
    await clock.advance(0);
    expect(creates(transport.stream)).toEqual([
      [1n, 51n],
      [2n, 52n],
      [3n, 90n],
    ]);
    expect(seen.map(({ revisions }) => revisions)).toEqual([[], [11n, 51n], []]);
  });

  it("does not take an answer for itself that the server gave before it had the watch", async () => {
    const { transport, clock, watch, exact } = playedWatches();
    exact.value = true;
    collect(watch("first"));
    await clock.advance(0);
    transport.stream.answer(created(1n));
    await clock.advance(FRESH_EVERY_MS);
    for (const [key, startRevision] of Object.entries({ second: 3n, third: 4n }))
      collect(watch(key, { startRevision }));
    await clock.advance(0);
    // The answer was under way when the second was created, which was told first; the third is told of last.
    for (const answer of [created(2n, 50n), progressed(ALL, 50n), created(3n, 50n)]) transport.stream.answer(answer);
    await clock.advance(0);
    transport.stream.end(lost());
    await clock.advance(1_000);
    expect(creates(transport.stream)).toEqual([
      [1n, 51n],
      [2n, 3n],
      [3n, 4n],
    ]);
  });

  it("is left as it is where the server may answer ahead of the events", async () => {
    const { transport, clock, watch } = playedWatches();
    collect(watch("idle"));
    await clock.advance(0);
    transport.stream.answer(created(1n));
    for (let i = 0; i < 4; i++) {
      await clock.advance(FRESH_EVERY_MS - 1);
      transport.stream.answer(progressed(1n, 10n));
    }
    expect(sent(transport.stream, "progressRequest")).toEqual([]);
  });

  it("costs no timer once the last watch has gone", async () => {
    const { transport, clock, watch } = playedWatches();
    const idle = watch("idle");
    const seen = collect(idle);
    await clock.advance(0);
    transport.stream.answer(created(1n));
    await clock.advance(FRESH_EVERY_MS);
    await idle.close();
    await clock.advance(0);
    await seen.done;
    expect(clock.pending).toBe(0);
  });
});
