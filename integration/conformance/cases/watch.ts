/** Watch: creation, ids, history, filters, previous values, progress, cancels and their reasons. */
import { WatchCreateRequest_FilterType as Filter } from "@kvorum/proto";
import { type Case, cases } from "../case.js";
import { FROM_KEY, NOTHING, type Probe } from "../probe.js";
import type { WatchProbe } from "../stream-probe.js";

/** A case with one watch stream that is closed at its end. */
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

export const watchCases: Case[] = cases("watch", {
  "is created before its first event": watching(async (p, w) => {
    w.create(p.key("a"));
    await w.read();
    await p.put("a", "1");
    await w.read();
  }),
  "reports put, put again and delete": watching(async (p, w) => {
    w.create(p.key("a"));
    await w.read();
    await p.put("a", "1");
    await w.read();
    await p.put("a", "2");
    await w.read();
    await p.del("a");
    await w.read();
  }),
  "does not report other keys": watching(async (p, w) => {
    w.create(p.key("a"));
    await w.read();
    await p.put("b");
    await p.put("aa");
    await w.silent();
  }),
  "a delete of nothing is no event": watching(async (p, w) => {
    w.create(p.key("a"));
    await w.read();
    await p.del("a");
    await w.silent();
  }),
  "a prefix": watching(async (p, w) => {
    w.create(p.key("x/"), { rangeEnd: p.prefixEnd("x/") });
    await w.read();
    await p.put("x/1", "1");
    await p.put("y", "no");
    await p.put("x/2", "2");
    await w.events(2);
  }),
  "from a key on": watching(async (p, w) => {
    w.create(p.key("zzzzz"), { rangeEnd: FROM_KEY });
    await w.read();
    await p.put("zzzzz1");
    await w.events(1);
  }),
  "history from a revision": watching(async (p, w) => {
    const start = await p.revision();
    for (const value of ["1", "2", "3"]) await p.put("a", value);
    await p.del("a");
    w.create(p.key("a"), { startRevision: start + 2n });
    await w.read();
    await w.events(3);
    await p.put("a", "live");
    await w.events(1);
  }),
  "a future revision waits": watching(async (p, w) => {
    const start = await p.revision();
    w.create(p.key("a"), { startRevision: start + 3n });
    await w.read();
    await p.put("a", "1");
    await p.put("a", "2");
    await w.silent();
    await p.put("a", "3");
    await w.events(1);
  }),
  "the current revision includes the last event": watching(async (p, w) => {
    const start = await p.revision();
    await p.put("a", "1");
    w.create(p.key("a"), { startRevision: start + 1n });
    await w.read();
    await w.events(1);
  }),
  "a negative revision": watching(async (p, w) => {
    w.create(p.key("a"), { startRevision: -1n });
    await w.read();
  }),
  "all events of a transaction come in one response": watching(async (p, w) => {
    w.create(p.key("t/"), { rangeEnd: p.prefixEnd("t/") });
    await w.read();
    await p.txn([], [p.opPut("t/1"), p.opPut("t/2"), p.opPut("t/3")]);
    await w.read();
    await p.del("t/", p.prefixEnd("t/"));
    await w.read();
  }),
  "previous values": watching(async (p, w) => {
    w.create(p.key("a"), { prevKv: true });
    await w.read();
    await p.put("a", "1");
    await w.read();
    await p.put("a", "2");
    await w.read();
    await p.del("a");
    await w.read();
  }),
  "previous values from history": watching(async (p, w) => {
    const start = await p.revision();
    await p.put("a", "1");
    await p.put("a", "2");
    await p.del("a");
    await p.put("a", "3");
    w.create(p.key("a"), { prevKv: true, startRevision: start + 1n });
    await w.read();
    await w.events(4);
  }),
  "without puts": watching(async (p, w) => {
    w.create(p.key("a"), { filters: [Filter.NOPUT] });
    await w.read();
    await p.put("a", "1");
    await p.del("a");
    await w.read();
  }),
  "without deletes": watching(async (p, w) => {
    w.create(p.key("a"), { filters: [Filter.NODELETE] });
    await w.read();
    await p.put("a", "1");
    await w.read();
    await p.del("a");
    await p.put("a", "2");
    await w.read();
  }),
  "without puts and deletes": watching(async (p, w) => {
    w.create(p.key("a"), { filters: [Filter.NOPUT, Filter.NODELETE] });
    await w.read();
    await p.put("a", "1");
    await p.del("a");
    await w.silent();
  }),
  "filters apply to history": watching(async (p, w) => {
    const start = await p.revision();
    await p.put("a", "1");
    await p.del("a");
    await p.put("a", "2");
    w.create(p.key("a"), { startRevision: start + 1n, filters: [Filter.NODELETE] });
    await w.read();
    await w.events(2);
  }),
  "an expired or revoked lease deletes": watching(async (p, w) => {
    await p.grant(940001n, 100n);
    await p.put("l/1", "x", { lease: 940001n });
    await p.put("l/2", "x", { lease: 940001n });
    w.create(p.key("l/"), { rangeEnd: p.prefixEnd("l/") });
    await w.read();
    await p.revoke(940001n);
    await w.read();
  }),
  "a put shows its lease": watching(async (p, w) => {
    await p.grant(940002n, 100n);
    w.create(p.key("a"));
    await w.read();
    await p.put("a", "1", { lease: 940002n });
    await w.read();
    await p.revoke(940002n);
    await w.read();
  }),
  "the server picks ids from 0": watching(async (p, w) => {
    for (const key of ["a", "b", "c"]) {
      w.create(p.key(key));
      await w.read();
    }
  }),
  "an id of the client's choice": watching(async (p, w) => {
    w.create(p.key("a"), { watchId: 42n });
    await w.read();
    await p.put("a");
    await w.read();
  }),
  "an id in use": watching(async (p, w) => {
    w.create(p.key("a"), { watchId: 7n });
    await w.read();
    w.create(p.key("b"), { watchId: 7n });
    await w.read();
    await p.put("b");
    await w.silent();
  }),
  "the server skips ids in use": watching(async (p, w) => {
    w.create(p.key("a"), { watchId: 1n });
    await w.read();
    w.create(p.key("b"));
    await w.read();
    w.create(p.key("c"));
    await w.read();
  }),
  "an empty range": watching(async (p, w) => {
    w.create(p.key("b"), { rangeEnd: p.key("a") });
    await w.read();
    w.create(p.key("b"), { rangeEnd: p.key("b") });
    await w.read();
  }),
  "an empty key is the smallest key": watching(async (p, w) => {
    w.create(NOTHING);
    await w.read();
    await p.put("a");
    await w.silent();
  }),
  "an empty key to the end is everything": watching(async (p, w) => {
    w.create(NOTHING, { rangeEnd: FROM_KEY });
    await w.read();
    await p.put("a");
    await w.events(1);
  }),
  "cancel is answered and ends it": watching(async (p, w) => {
    w.create(p.key("a"), { watchId: 3n });
    await w.read();
    w.cancel(3n);
    await w.read();
    await p.put("a");
    await w.silent();
  }),
  "cancel of an unknown id is not answered": watching(async (p, w) => {
    w.create(p.key("a"));
    await w.read();
    w.cancel(99n);
    await w.silent();
    await p.put("a");
    await w.read();
  }),
  "cancel one of two": watching(async (p, w) => {
    w.create(p.key("a"), { watchId: 1n });
    w.create(p.key("a"), { watchId: 2n });
    await w.read(2);
    w.cancel(1n);
    await w.read();
    await p.put("a");
    await w.read();
    await w.silent();
  }),
  "two watches of one key both report": watching(async (p, w) => {
    w.create(p.key("a"), { watchId: 5n });
    await w.read();
    w.create(p.key("a"), { watchId: 6n, prevKv: true });
    await w.read();
    await p.put("a");
    const responses = [...(await collect(w, 2))].sort();
    p.transcript.note(`ids ${responses.join(" ")}`);
  }),
  "progress of a synced stream": watching(async (p, w) => {
    w.create(p.key("a"));
    await w.read();
    await p.put("b");
    w.progress();
    await w.read();
  }),
  "progress after events": watching(async (p, w) => {
    w.create(p.key("a"));
    await w.read();
    await p.put("a", "1");
    await w.read();
    w.progress();
    await w.read();
  }),
  "many revisions of history come in order": watching(async (p, w) => {
    const start = await p.revision();
    for (let i = 0; i < 40; i++) await p.put(`h/${i % 4}`, String(i));
    w.create(p.key("h/"), { rangeEnd: p.prefixEnd("h/"), startRevision: start + 1n });
    await w.read();
    await w.events(40);
  }),
  "a history across deletes and new creations": watching(async (p, w) => {
    const start = await p.revision();
    await p.put("a", "1");
    await p.del("a");
    await p.put("a", "2");
    await p.put("a", "3");
    w.create(p.key("a"), { startRevision: start + 1n });
    await w.read();
    await w.events(4);
  }),
  "fragments are allowed for small responses too": watching(async (p, w) => {
    w.create(p.key("a"), { fragment: true });
    await w.read();
    await p.put("a", "1");
    await w.read();
  }),
  "a request without content is ignored": watching(async (p, w) => {
    w.create(p.key("a"));
    await w.read();
    w.empty();
    await p.put("a");
    await w.read();
  }),
});

/** The ids of the next responses, whose order between two watches is not defined. */
async function collect(w: WatchProbe, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) ids.push(await w.idOfNext());
  return ids;
}
