/** Watch: several watches of one stream, ids, filters that no enum has, and large answers. */
import { WatchCreateRequest_FilterType as Filter } from "@kvorum/proto";
import { type Case, cases } from "../case.js";
import { FROM_KEY, type Probe } from "../probe.js";
import type { WatchProbe } from "../stream-probe.js";

function watching(body: (p: Probe, w: WatchProbe) => Promise<void>): Case["run"] {
  return async (p) => {
    const stream = p.watch();
    try {
      await body(p, stream);
    } finally {
      await stream.close();
    }
  };
}

const byOption: Record<string, Case["run"]> = {};
for (const [name, options] of Object.entries({
  "previous values": { prevKv: true },
  fragments: { fragment: true },
  "progress notifications": { progressNotify: true },
  "no puts": { filters: [Filter.NOPUT] },
  "no deletes": { filters: [Filter.NODELETE] },
  "a filter twice": { filters: [Filter.NOPUT, Filter.NOPUT] },
  everything: { prevKv: true, fragment: true, progressNotify: true, filters: [Filter.NODELETE] },
})) {
  byOption[`of a range with ${name}`] = watching(async (p, w) => {
    w.create(p.key("o/"), { rangeEnd: p.prefixEnd("o/"), ...options });
    await w.read();
    await p.put("o/a", "1");
    await p.put("o/a", "2");
    await p.del("o/a");
    await p.put("o/b", "3");
    await p.del("o/b");
    // Whatever is filtered, one of each kind is left to count.
    await w.events("filters" in options ? (options.filters[0] === Filter.NOPUT ? 2 : 3) : 5);
    await w.silent();
  });
  byOption[`of history with ${name}`] = watching(async (p, w) => {
    const start = await p.revision();
    await p.put("o/a", "1");
    await p.put("o/b", "2");
    await p.del("o/", p.prefixEnd("o/"));
    w.create(p.key("o/"), { rangeEnd: p.prefixEnd("o/"), startRevision: start + 1n, ...options });
    await w.read();
    await w.events("filters" in options ? 2 : 4);
    await w.silent();
  });
}

export const watchStreamCases: Case[] = cases("watch streams", {
  ...byOption,
  "an id is free again after its cancel": watching(async (p, w) => {
    w.create(p.key("a"), { watchId: 5n });
    await w.read();
    w.cancel(5n);
    await w.read();
    w.create(p.key("b"), { watchId: 5n });
    await w.read();
    await p.put("b", "1");
    await w.read();
  }),
  "the server's ids go on after a cancel": watching(async (p, w) => {
    w.create(p.key("a"));
    await w.read();
    w.cancel(0n);
    await w.read();
    w.create(p.key("b"));
    await w.read();
  }),
  "a cancel twice is answered once": watching(async (p, w) => {
    w.create(p.key("a"), { watchId: 4n });
    await w.read();
    w.cancel(4n);
    await w.read();
    w.cancel(4n);
    await w.silent();
  }),
  "an id below zero": watching(async (p, w) => {
    w.create(p.key("a"), { watchId: -7n });
    await w.read();
    await p.put("a", "1");
    await w.read();
  }),
  "the largest id": watching(async (p, w) => {
    w.create(p.key("a"), { watchId: 9_223_372_036_854_775_807n });
    await w.read();
    await p.put("a", "1");
    await w.read();
  }),
  "a range that is none takes no id": watching(async (p, w) => {
    w.create(p.key("b"), { rangeEnd: p.key("a"), watchId: 3n });
    await w.read();
    w.create(p.key("b"), { watchId: 3n });
    await w.read();
    w.create(p.key("c"), { rangeEnd: p.key("b") });
    await w.read();
    w.create(p.key("c"));
    await w.read();
  }),
  "a filter that is none": watching(async (p, w) => {
    w.create(p.key("a"), { filters: [5 as Filter] });
    await w.read();
    await p.put("a", "1");
    await w.read();
    await p.del("a");
    await w.read();
  }),
  "from a revision far ahead": watching(async (p, w) => {
    w.create(p.key("a"), { startRevision: 9_223_372_036_854_775_807n });
    await w.read();
    await p.put("a", "1");
    await w.silent();
  }),
  "progress with several watches": watching(async (p, w) => {
    for (const key of ["a", "b", "c"]) {
      w.create(p.key(key));
      await w.read();
    }
    w.progress();
    await w.read();
  }),
  "progress twice": watching(async (p, w) => {
    w.create(p.key("a"));
    await w.read();
    w.progress();
    await w.read();
    await p.put("a", "1");
    await w.read();
    w.progress();
    await w.read();
  }),
  "of neighbouring ranges": watching(async (p, w) => {
    w.create(p.key("a"), { rangeEnd: p.key("b") });
    await w.read();
    w.create(p.key("b"), { rangeEnd: p.key("c") });
    await w.read();
    for (const key of ["a", "b", "c"]) await p.put(key, key);
    await w.events(2);
    await w.silent();
  }),
  "from a key on, in history": watching(async (p, w) => {
    const start = await p.revision();
    await p.put("~~1", "1");
    await p.put("~~0", "0");
    w.create(p.key("~~1"), { rangeEnd: FROM_KEY, startRevision: start + 1n });
    await w.read();
    await w.events(1);
  }),
  "of a megabyte in history": watching(async (p, w) => {
    const start = await p.revision();
    for (const key of ["l/1", "l/2", "l/3"]) await p.put(key, key.repeat(120_000));
    w.create(p.key("l/"), { rangeEnd: p.prefixEnd("l/"), startRevision: start + 1n, fragment: true });
    await w.read();
    await w.events(3);
  }),
  "what is too large for one answer comes in fragments, where they are asked for": watching(async (p, w) => {
    const start = await p.revision();
    for (const key of ["l/1", "l/2", "l/3"]) await p.put(key, key.repeat(400_000));
    w.create(p.key("l/"), { rangeEnd: p.prefixEnd("l/"), startRevision: start + 1n, fragment: true });
    await w.read(4);
    w.create(p.key("l/"), { rangeEnd: p.prefixEnd("l/"), startRevision: start + 1n });
    await w.read();
    await w.events(3);
  }),
  "a put that changes nothing is an event": watching(async (p, w) => {
    await p.put("a", "1");
    w.create(p.key("a"), { prevKv: true });
    await w.read();
    await p.put("a", "1");
    await w.read();
    await p.put("a", "", { ignoreValue: true });
    await w.read();
  }),
});
