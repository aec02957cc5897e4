/** What may have happened between the read that decided to wait and the watch, and how it is noticed. */
import type { Store } from "@kvorum/client";
import { describe, expect, it } from "vitest";
import { untilGone } from "./until-event.js";

const REVISION = 10n;

/** A store with one watch, which the server has from `since` on, and one key; `happens` ends the watch with an event. */
function storeOf(since: bigint, createRevision: bigint | undefined) {
  const log: string[] = [];
  let happens = (): void => {};
  const happened = new Promise<void>((resolve) => {
    happens = resolve;
  });
  const watch = {
    ready: Promise.resolve(since),
    async *[Symbol.asyncIterator]() {
      log.push("waits");
      await happened;
      yield {};
    },
    close: async () => void log.push("closed"),
  };
  const get = async () => {
    log.push("reads");
    return createRevision === undefined ? undefined : { createRevision };
  };
  const store = { watch: () => watch, get } as unknown as Store<unknown>;
  return { store, log, happens: () => happens() };
}

const signal = new AbortController().signal;

describe("waiting for a key to be gone", () => {
  it("needs no read where nothing was written before the watch", async () => {
    const { store, log, happens } = storeOf(REVISION, 3n);
    const gone = untilGone(store, "k", REVISION, signal);
    setImmediate(happens);
    await gone;
    expect(log).toEqual(["waits", "closed"]);
  });

  it("ends where it was deleted, or deleted and created again, before the watch", async () => {
    for (const createRevision of [undefined, REVISION + 1n]) {
      const { store, log } = storeOf(REVISION + 2n, createRevision);
      await untilGone(store, "k", REVISION, signal);
      expect(log).toEqual(["reads", "closed"]);
    }
  });

  it("goes on where something else was written before the watch", async () => {
    const { store, log, happens } = storeOf(REVISION + 2n, 3n);
    const gone = untilGone(store, "k", REVISION, signal);
    setImmediate(happens);
    await gone;
    expect(log).toEqual(["reads", "waits", "closed"]);
  });

  it("ends with the signal's reason, and closes the watch", async () => {
    const { store, log, happens } = storeOf(REVISION, 3n);
    const stop = new AbortController();
    const gone = untilGone(store, "k", REVISION, stop.signal);
    setImmediate(() => {
      stop.abort(new Error("enough"));
      happens();
    });
    await expect(gone).rejects.toThrow("enough");
    expect(log.at(-1)).toBe("closed");
  });
});
