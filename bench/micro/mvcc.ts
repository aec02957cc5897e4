/** The store on a backend in memory, without Raft and the log. */
import { openStore, putOf, rangeOf } from "../../packages/server/dist/core/mvcc/test-support.js";
import { MemoryBackend } from "../../packages/server/dist/io/backend/memory-backend.js";
import type { Micro } from "./micro.js";

const KEYS = 10_000;
const PUTS = 1_000;
const VALUE = "v".repeat(256);

const key = (i: number): string => `bench/${String(i).padStart(6, "0")}`;

type Opened = ReturnType<typeof openStore>;

function opened(): Opened {
  return openStore(new MemoryBackend());
}

/** A store grows with each put: after `KEYS` of them a new one takes its place. */
export function storePuts(): Micro {
  let store = opened().store;
  let next = 0;
  return {
    name: "mvcc: a put of 256 bytes",
    run: () => {
      if (next === KEYS) [store, next] = [opened().store, 0];
      for (let i = 0; i < PUTS; i++) store.put(putOf(key(next++), VALUE));
      if (store.takeEvents().length !== PUTS) throw new Error("a put made no event");
      return PUTS;
    },
  };
}

export function* storeReads(): Generator<Micro> {
  const { store } = opened();
  for (let i = 0; i < KEYS; i++) store.put(putOf(key(i), VALUE));
  let next = 0;
  yield {
    name: "mvcc: a get of one key",
    run: () => {
      for (let i = 0; i < PUTS; i++) {
        next = (next + 7) % KEYS;
        if (store.range(rangeOf(key(next))).count !== 1) throw new Error("a key is missing");
      }
      return PUTS;
    },
  };
  yield {
    name: "mvcc: a range of 1,000 keys",
    run: () => {
      if (store.range(rangeOf(key(0), key(1_000))).kvs.length !== 1_000) throw new Error("keys are missing");
      return 1;
    },
  };
}
