/** The watch hub: one change, and everybody who watches its key. */
import { openStore, putOf } from "../../packages/server/dist/core/mvcc/test-support.js";
import { WatchHub } from "../../packages/server/dist/core/watch/hub.js";
import { MemoryBackend } from "../../packages/server/dist/io/backend/memory-backend.js";
import type { Micro } from "./micro.js";

const WATCHERS = 10_000;
const STREAMS = 100;

/** An operation is an event that a watcher's stream hands out. */
export function watchHub(): Micro {
  const { store } = openStore(new MemoryBackend());
  const hub = new WatchHub(store, { responsesMax: 2 * (WATCHERS / STREAMS) });
  const streams = Array.from({ length: STREAMS }, () => hub.openStream(() => {}));
  const { key } = putOf("bench/watched", "");
  for (let i = 0; i < WATCHERS; i++) {
    streams[i % STREAMS]?.create({
      ...{ watchId: 0, key, rangeEnd: new Uint8Array(), startRevision: 0n },
      ...{ prevKv: false, progressNotify: false, noPut: false, noDelete: false, fragment: false },
    });
    if (i % STREAMS === STREAMS - 1) pull();
  }

  function pull(): number {
    let events = 0;
    for (const stream of streams) {
      for (let response = stream.next(); response !== undefined; response = stream.next()) {
        events += response.events.length;
      }
    }
    return events;
  }

  return {
    name: "watch hub: an event to one of 10,000 watchers",
    run: () => {
      store.put(putOf("bench/watched", "value"));
      hub.notify(store.currentRevision, store.takeEvents());
      const events = pull();
      if (events !== WATCHERS) throw new Error(`${events} events for ${WATCHERS} watchers`);
      return events;
    },
  };
}
