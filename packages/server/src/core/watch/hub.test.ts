/** Each rule of watches is a test: creation, history, filters, progress, fragments, slow readers, compaction. */
import { describe, expect, it } from "vitest";
import { EMPTY_BYTES } from "../bytes.js";
import { WATCH_BOUNDS } from "./bounds.js";
import { WatchHub, type WatchHubOptions } from "./hub.js";
import { type Change, RecordedHistory } from "./recorded-history.js";
import type { WatchCreate, WatchResponse, WatchStream } from "./types.js";

const bytes = (text: string): Uint8Array => Uint8Array.from([...text].map((c) => c.charCodeAt(0)));
const text = (raw: Uint8Array): string => String.fromCharCode(...raw);
const FROM_KEY = Uint8Array.of(0);

class Fixture {
  readonly history = new RecordedHistory();
  readonly hub: WatchHub;

  constructor(options?: WatchHubOptions) {
    this.hub = new WatchHub(this.history, options);
  }

  /** One write: `"a=1"` puts, `"a"` deletes. */
  write(...changes: string[]): void {
    const parsed = changes.map((change): Change => {
      const [key = "", value] = change.split("=");
      return [bytes(key), value === undefined ? undefined : bytes(value)];
    });
    this.hub.notify(this.history.currentRevision + 1n, this.history.write(parsed));
  }

  open(): Reader {
    return new Reader(this.hub);
  }
}

class Reader {
  outputs = 0;
  readonly stream: WatchStream;

  constructor(hub: WatchHub) {
    this.stream = hub.openStream(() => this.outputs++);
  }

  create(key: string, options: Partial<WatchCreate> & { to?: string } = {}): void {
    const { to, ...rest } = options;
    this.stream.create({
      watchId: 0,
      key: bytes(key),
      rangeEnd: to === undefined ? EMPTY_BYTES : bytes(to),
      startRevision: 0n,
      prevKv: false,
      progressNotify: false,
      noPut: false,
      noDelete: false,
      fragment: false,
      ...rest,
    });
  }

  /** Everything that can be pulled now. */
  pull(): WatchResponse[] {
    const responses: WatchResponse[] = [];
    for (let next = this.stream.next(); next !== undefined; next = this.stream.next()) responses.push(next);
    return responses;
  }

  /** The same, one line a response. */
  lines(): string[] {
    return this.pull().map(line);
  }
}

function line(response: WatchResponse): string {
  const marks = [
    response.created ? "created" : "",
    response.canceled ? "canceled" : "",
    response.compactRevision === 0n ? "" : `compact=${response.compactRevision}`,
    response.fragment ? "fragment" : "",
    response.cancelReason === "" ? "" : `"${response.cancelReason}"`,
    ...response.events.map(
      ({ type, kv, prevKv }) =>
        `${type === "put" ? `${text(kv.key)}=${text(kv.value)}` : `-${text(kv.key)}`}@${kv.modRevision}${prevKv ? `(was ${text(prevKv.value)}@${prevKv.modRevision})` : ""}`,
    ),
  ];
  return [`${response.watchId} r${response.revision}`, ...marks.filter((mark) => mark !== "")].join(" ");
}

describe("creating a watch", () => {
  it("answers every create with one created response, before any event of the watcher", () => {
    const { write, open } = bind(new Fixture());
    write("a=1");
    const reader = open();
    reader.create("a", { startRevision: 1n });
    write("a=2");
    expect(reader.lines()).toEqual(["0 r2 created", "0 r2 a=1@2", "0 r3 a=2@3"]);
  });

  it("picks ids 0, 1, 2 on each stream, skips those the client took and never picks one again", () => {
    const { open } = bind(new Fixture());
    const reader = open();
    reader.create("a");
    reader.create("a", { watchId: 1 });
    reader.create("a");
    reader.stream.cancel(2);
    reader.create("a");
    expect(reader.pull().map(({ watchId }) => watchId)).toEqual([0, 1, 2, 2, 3]);
    const other = open();
    other.create("a");
    expect(other.lines()).toEqual(["0 r1 created"]);
  });

  it("refuses an id in use on the stream", () => {
    const reader = new Fixture().open();
    reader.create("a", { watchId: 7 });
    reader.create("b", { watchId: 7 });
    expect(reader.lines()).toEqual([
      "7 r1 created",
      '-1 r1 created canceled "mvcc: duplicate watch ID provided on the WatchStream"',
    ]);
  });

  it("lets the client take an id again once it was canceled", () => {
    const reader = new Fixture().open();
    reader.create("a", { watchId: 7 });
    reader.stream.cancel(7);
    reader.create("b", { watchId: 7 });
    expect(reader.lines()).toEqual(["7 r1 created", "7 r1 canceled", "7 r1 created"]);
  });

  it("refuses a range that holds no key", () => {
    const reader = new Fixture().open();
    reader.create("b", { to: "a" });
    reader.create("b", { to: "b" });
    const refusal = '-1 r1 created canceled "mvcc: watcher range is empty"';
    expect(reader.lines()).toEqual([refusal, refusal]);
  });

  it("refuses a negative start with the text of the compacted error", () => {
    const reader = new Fixture().open();
    reader.create("a", { startRevision: -1n });
    expect(reader.lines()).toEqual(['-1 r1 created canceled "etcdserver: mvcc: required revision has been compacted"']);
  });

  it("takes an empty key for the lowest key, so that with a zero range end it sees everything", () => {
    const { write, open } = bind(new Fixture());
    const reader = open();
    reader.create("", { rangeEnd: FROM_KEY });
    write("a=1");
    expect(reader.lines()).toEqual(["0 r1 created", "0 r2 a=1@2"]);
  });
});

describe("ending a watch", () => {
  it("answers the cancel of a known id once, and nothing of the watcher follows", () => {
    const { write, open } = bind(new Fixture());
    const reader = open();
    reader.create("a");
    write("a=1");
    reader.stream.cancel(0);
    write("a=2");
    reader.stream.cancel(0);
    expect(reader.lines()).toEqual(["0 r1 created", "0 r2 a=1@2", "0 r2 canceled"]);
  });

  it("ignores the cancel of an unknown id", () => {
    const reader = new Fixture().open();
    reader.stream.cancel(3);
    expect(reader.lines()).toEqual([]);
  });

  it("drops every watcher of a closed stream, once", () => {
    const fixture = new Fixture();
    const reader = fixture.open();
    reader.create("a");
    reader.create("a", { to: "b" });
    reader.stream.close();
    reader.stream.close();
    fixture.write("a=1");
    reader.create("a");
    expect(reader.lines()).toEqual([]);
    expect(fixture.hub.counts).toEqual({
      streams: 0,
      watchers: 0,
      slowWatchers: 0,
      pendingResponses: 0,
      pendingEvents: 0,
    });
  });
});

describe("events", () => {
  it("reports only what comes after the current revision when no start is given", () => {
    const { write, open } = bind(new Fixture());
    write("a=1");
    const reader = open();
    reader.create("a");
    write("a=2");
    expect(reader.lines()).toEqual(["0 r2 created", "0 r3 a=2@3"]);
  });

  it("reports nothing before a start revision in the future", () => {
    const { write, open } = bind(new Fixture());
    const reader = open();
    reader.create("a", { startRevision: 4n });
    for (const value of ["1", "2", "3", "4"]) write(`a=${value}`);
    expect(reader.lines()).toEqual(["0 r1 created", "0 r4 a=3@4", "0 r5 a=4@5"]);
  });

  it("keeps a future start through a replaced history", () => {
    const { write, open, hub, history } = bind(new Fixture());
    const reader = open();
    reader.create("a", { startRevision: 4n });
    write("a=1");
    hub.reset(history);
    hub.catchUp();
    write("a=2");
    write("a=3");
    expect(reader.lines()).toEqual(["0 r1 created", "0 r4 a=3@4"]);
  });

  it("delivers all changes of one revision in one response, in their order", () => {
    const { write, open } = bind(new Fixture());
    const reader = open();
    reader.create("a", { to: "z" });
    write("c=1", "a=1", "b");
    expect(reader.lines()).toEqual(["0 r1 created", "0 r2 c=1@2 a=1@2 -b@2"]);
  });

  it("matches single keys, ranges and open ranges by their bounds", () => {
    const { write, open } = bind(new Fixture());
    const reader = open();
    reader.create("b");
    reader.create("b", { to: "d" });
    reader.create("c", { rangeEnd: FROM_KEY });
    reader.pull();
    for (const key of ["a", "b", "c", "d"]) write(`${key}=1`);
    expect(reader.lines().sort()).toEqual(["0 r3 b=1@3", "1 r3 b=1@3", "1 r4 c=1@4", "2 r4 c=1@4", "2 r5 d=1@5"]);
  });

  it("drops filtered events, and sends no response with nothing left", () => {
    const { write, open } = bind(new Fixture());
    const reader = open();
    reader.create("a", { to: "c", noPut: true });
    reader.create("a", { to: "c", noDelete: true });
    reader.pull();
    write("a=1");
    write("a");
    write("a=2", "b");
    expect(reader.lines().sort()).toEqual(["0 r3 -a@3", "0 r4 -b@4", "1 r2 a=1@2", "1 r4 a=2@4"]);
  });

  it("filters history like it filters what happens now", () => {
    const { write, open } = bind(new Fixture());
    write("a=1");
    write("a");
    const reader = open();
    reader.create("a", { startRevision: 1n, noPut: true });
    expect(reader.lines()).toEqual(["0 r3 created", "0 r3 -a@3"]);
  });

  it("attaches the previous pair, but none to a creation", () => {
    const { write, open } = bind(new Fixture());
    const reader = open();
    reader.create("a", { prevKv: true });
    write("a=1");
    write("a=2");
    write("a");
    write("a=3");
    expect(reader.lines().slice(1)).toEqual(["0 r2 a=1@2", "0 r3 a=2@3(was 1@2)", "0 r4 -a@4(was 2@3)", "0 r5 a=3@5"]);
  });

  it("reads the previous pair when sending, so a compaction in between takes it away", () => {
    const { write, open, history } = bind(new Fixture());
    const reader = open();
    reader.create("a", { prevKv: true });
    write("a=1");
    write("a=2");
    history.compact(3n);
    expect(reader.lines()).toEqual(["0 r1 created", "0 r2 a=1@2", "0 r3 a=2@3"]);
  });
});

describe("watchers that want the same", () => {
  it("share one list of events, of one write or of history, with previous pairs or without", () => {
    const { write, open, hub } = bind(new Fixture());
    write("a=1", "b=1", "c=1");
    const readers = Array.from({ length: 3 }, open);
    for (const reader of readers) reader.create("a", { to: "c", startRevision: 2n });
    const before = readers.map((reader) => reader.pull().at(-1)?.events);
    expect(before[0]?.map(({ kv }) => text(kv.key))).toEqual(["a", "b"]);
    // One by one they were caught up, each from a slice of its own.
    for (const reader of readers) reader.create("a", { to: "c", prevKv: true });
    for (const reader of readers) expect(reader.lines()).toEqual(["1 r2 created"]);
    for (const changes of [["a=2"], ["a=3", "b=3", "c=3"], ["b", "x=1", "a"]]) {
      write(...changes);
      const lists = readers.map((reader) => reader.pull().map(({ events }) => events));
      for (const [plain, having] of lists) {
        expect(plain).toBe(lists[0]?.[0]);
        expect(having).toBe(lists[0]?.[1]);
        expect(having?.every(({ prevKv }) => prevKv !== undefined)).toBe(true);
        expect(plain?.every(({ prevKv }) => prevKv === undefined)).toBe(true);
      }
    }
    const late = open();
    for (let i = 0; i < 2; i++) late.create("a", { to: "c", startRevision: 2n });
    for (let i = 0; i < 200; i++) write(`a=${i}`);
    late.pull();
    for (let i = 0; i < 2; i++) late.create("a", { to: "c", startRevision: 2n });
    late.pull();
    while (hub.catchUp());
    const [first, second] = late.pull().map(({ events }) => events);
    expect(first?.length).toBeGreaterThan(60);
    expect(second).toBe(first);
  });

  it("part where one wants what another does not", () => {
    const { write, open } = bind(new Fixture());
    const reader = open();
    reader.create("a", { to: "d" });
    reader.create("a", { to: "d", noDelete: true });
    reader.create("b", { to: "z" });
    reader.create("c");
    reader.create("a", { to: "d" });
    reader.pull();
    write("a=1", "b=1");
    reader.pull();
    write("a=2", "b", "c=2", "x=2", "a=2");
    expect(reader.lines().sort()).toEqual([
      "0 r3 a=2@3 -b@3 c=2@3 a=2@3",
      "1 r3 a=2@3 c=2@3 a=2@3",
      "2 r3 -b@3 c=2@3 x=2@3",
      "3 r3 c=2@3",
      "4 r3 a=2@3 -b@3 c=2@3 a=2@3",
    ]);
  });

  it("get previous pairs of what is left when their turn comes", () => {
    const { write, open, history } = bind(new Fixture());
    write("a=1");
    const readers = Array.from({ length: 2 }, open);
    for (const reader of readers) reader.create("a", { prevKv: true });
    for (const reader of readers) reader.pull();
    write("a=2");
    expect(readers[0]?.lines()).toEqual(["0 r3 a=2@3(was 1@2)"]);
    history.compact(3n);
    expect(readers[1]?.lines()).toEqual(["0 r3 a=2@3"]);
  });
});

describe("catching up", () => {
  it("puts several revisions into one response whose header carries the current revision", () => {
    const { write, open } = bind(new Fixture());
    write("a=1");
    write("b=1");
    write("a=2");
    const reader = open();
    reader.create("a", { startRevision: 1n });
    expect(reader.lines()).toEqual(["0 r4 created", "0 r4 a=1@2 a=2@4"]);
  });

  it("goes on with what happens after history was read, without a gap or a repetition", () => {
    const { write, open, hub } = bind(new Fixture());
    for (let i = 0; i < 300; i++) write(`a=${i}`);
    const reader = open();
    reader.create("a", { startRevision: 1n });
    write("a=x");
    while (hub.catchUp()) write("a=y");
    write("a=z");
    const revisions = reader.pull().flatMap(({ events }) => events.map(({ kv }) => Number(kv.modRevision)));
    expect(revisions).toEqual(Array.from({ length: revisions.length }, (_, i) => i + 2));
    expect(revisions.length).toBeGreaterThan(302);
  });

  it("never spans more than the allowed number of revisions in one response", () => {
    const { write, open, hub } = bind(new Fixture());
    const { catchUpRevisionsMax } = WATCH_BOUNDS;
    for (let i = 0; i < 2 * catchUpRevisionsMax + 500; i++) write(`a=${i}`);
    const reader = open();
    reader.create("a", { startRevision: 1n });
    while (hub.catchUp());
    const sizes = reader.pull().map(({ events }) => events.length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(catchUpRevisionsMax);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(2 * catchUpRevisionsMax + 500);
  });

  it("reads shorter slices of history where values are large", () => {
    const { open, hub, history } = bind(new Fixture());
    const value = new Uint8Array(1024 * 1024);
    for (let i = 0; i < 200; i++) hub.notify(history.currentRevision + 1n, history.write([[bytes("a"), value]]));
    const reader = open();
    reader.create("a", { startRevision: 1n });
    const sizes: number[] = [];
    for (let more = true; more; sizes.push(...reader.pull().map(({ events }) => events.length))) more = hub.catchUp();
    expect(sizes.reduce((sum, size) => sum + size)).toBe(200);
    expect(Math.max(...sizes.slice(-20))).toBeLessThanOrEqual(8);
  });

  it("serves many watchers that stand near each other from one slice", () => {
    const { write, open, hub, history } = bind(new Fixture());
    for (let i = 0; i < 150; i++) write(`a=${i}`);
    const reader = open();
    for (let i = 0; i < 100; i++) reader.create("a", { startRevision: BigInt(1 + (i % 20)) });
    reader.pull();
    const before = history.reads;
    while (hub.catchUp());
    expect(history.reads - before).toBeLessThan(10);
    expect(reader.pull().reduce((sum, { events }) => sum + events.length, 0)).toBe(
      Array.from({ length: 100 }, (_, i) => 150 - Math.max(0, (i % 20) - 1)).reduce((sum, count) => sum + count),
    );
  });

  it("gives every watcher its turn, however many stand elsewhere", () => {
    const { write, open, hub } = bind(new Fixture());
    for (let i = 0; i < 1200; i++) write(`a=${i}`);
    const reader = open();
    reader.create("a", { startRevision: 1000n, watchId: 9 });
    let turns = 0;
    const behind = open();
    while (!reader.pull().some(({ events }) => events.length > 0)) {
      behind.create("a", { startRevision: 2n });
      hub.catchUp();
      expect(++turns).toBeLessThan(20);
    }
  });
});

describe("compaction", () => {
  it("ends a watch from a compacted revision after its created response, with no revision in the header", () => {
    const { write, open, history } = bind(new Fixture());
    for (const value of ["1", "2", "3"]) write(`a=${value}`);
    history.compact(3n);
    const reader = open();
    reader.create("a", { startRevision: 2n });
    expect(reader.lines()).toEqual(["0 r4 created", "0 r0 canceled compact=3"]);
    write("a=4");
    expect(reader.lines()).toEqual([]);
  });

  it("ends one that is far behind the compacted revision at once, too", () => {
    const { write, open, history } = bind(new Fixture());
    for (let i = 0; i < 500; i++) write(`a=${i}`);
    history.compact(400n);
    const reader = open();
    reader.create("a", { startRevision: 2n });
    expect(reader.lines()).toEqual(["0 r501 created", "0 r0 canceled compact=400"]);
  });

  it("serves a watch from exactly the compact revision, the delete that stands there included", () => {
    const { write, open, history } = bind(new Fixture());
    write("a=1");
    write("a");
    write("b=1");
    history.compact(3n);
    const reader = open();
    reader.create("a", { to: "z", startRevision: 3n });
    expect(reader.lines()).toEqual(["0 r4 created", "0 r4 -a@3 b=1@4"]);
  });

  it("keeps the id of the ended watch taken until the client cancels it", () => {
    const { write, open, history } = bind(new Fixture());
    write("a=1");
    write("a=2");
    history.compact(3n);
    const reader = open();
    reader.create("a", { watchId: 5, startRevision: 1n });
    reader.create("a", { watchId: 5 });
    reader.stream.cancel(5);
    reader.create("a", { watchId: 5 });
    expect(reader.lines().slice(2)).toEqual([
      '-1 r3 created canceled "mvcc: duplicate watch ID provided on the WatchStream"',
      "5 r3 canceled",
      "5 r3 created",
    ]);
  });

  it("ends a watcher that waits for history when the compaction passes it", () => {
    const { write, open, hub, history } = bind(new Fixture());
    for (let i = 0; i < 200; i++) write(`a=${i}`);
    const reader = open();
    reader.create("a", { startRevision: 2n });
    history.compact(100n);
    hub.catchUp();
    expect(reader.lines()).toEqual(["0 r201 created", "0 r0 canceled compact=100"]);
  });

  it("ends a victim that the compaction passed instead of skipping what it missed", () => {
    const { write, open, history } = bind(new Fixture({ responsesMax: 4 }));
    const reader = open();
    reader.create("a");
    for (let i = 0; i < 10; i++) write(`a=${i}`);
    history.compact(9n);
    expect(reader.lines()).toEqual([
      "0 r1 created",
      "0 r2 a=0@2",
      "0 r3 a=1@3",
      "0 r4 a=2@4",
      "0 r0 canceled compact=9",
    ]);
  });

  it("does not touch a synced watcher, however long ago its last event was", () => {
    const { write, open, history } = bind(new Fixture());
    const reader = open();
    reader.create("a");
    for (let i = 0; i < 10; i++) write(`b=${i}`);
    history.compact(9n);
    write("a=1");
    expect(reader.lines()).toEqual(["0 r1 created", "0 r12 a=1@12"]);
  });
});

describe("a reader that does not pull", () => {
  it("lets a bounded number of responses wait, and loses nothing", () => {
    const { write, open, hub } = bind(new Fixture());
    const reader = open();
    reader.create("a");
    for (let i = 0; i < 1000; i++) write(`a=${i}`);
    hub.catchUp();
    hub.retryVictims();
    expect(hub.counts.pendingResponses).toBe(128);
    expect(reader.stream.full).toBe(true);
    expect(hub.counts.slowWatchers).toBe(1);
    const events = reader.pull().flatMap((response) => response.events);
    while (hub.catchUp()) events.push(...reader.pull().flatMap((response) => response.events));
    events.push(...reader.pull().flatMap((response) => response.events));
    expect(events.map(({ kv }) => text(kv.value))).toEqual(Array.from({ length: 1000 }, (_, i) => `${i}`));
    write("a=x");
    expect(reader.lines()).toEqual(["0 r1002 a=x@1002"]);
    expect(hub.counts.slowWatchers).toBe(0);
  });

  it("bounds the bytes that wait as well", () => {
    const { open, hub, history } = bind(new Fixture());
    const reader = open();
    reader.create("a");
    const value = new Uint8Array(1024 * 1024);
    for (let i = 0; i < 40; i++) hub.notify(history.currentRevision + 1n, history.write([[bytes("a"), value]]));
    expect(hub.counts.pendingResponses).toBe(17);
    expect(reader.pull().reduce((sum, { events }) => sum + events.length, 0)).toBe(40);
  });

  it("does not delay another stream", () => {
    const { write, open } = bind(new Fixture({ responsesMax: 1 }));
    const slow = open();
    slow.create("a");
    write("a=1");
    const quick = open();
    quick.create("a");
    quick.pull();
    write("a=2");
    expect(quick.lines()).toEqual(["0 r3 a=2@3"]);
  });

  it("gets its victims served again while it is half empty", () => {
    const { write, open, hub } = bind(new Fixture({ responsesMax: 4 }));
    const reader = open();
    reader.create("a");
    for (let i = 0; i < 5; i++) write(`a=${i}`);
    reader.stream.next();
    hub.retryVictims();
    expect(hub.counts.slowWatchers).toBe(1);
    reader.stream.next();
    hub.retryVictims();
    expect(hub.counts).toMatchObject({ slowWatchers: 0, pendingResponses: 3 });
  });

  it("serves ten thousand watchers of one stream as fast as they are pulled, without a timer", () => {
    const { write, open } = bind(new Fixture());
    const reader = open();
    for (let i = 0; i < 10_000; i++) reader.create("a");
    reader.pull();
    write("a=1");
    expect(reader.pull().length).toBe(10_000);
  });
});

describe("progress", () => {
  it("answers a progress request once with id -1 when every watcher is synced", () => {
    const { write, open } = bind(new Fixture());
    const reader = open();
    reader.create("a");
    reader.create("b");
    reader.pull();
    write("a=1");
    reader.stream.requestProgress();
    expect(reader.lines()).toEqual(["0 r2 a=1@2", "-1 r2"]);
  });

  it("drops the request on a stream without watchers", () => {
    const reader = new Fixture().open();
    reader.stream.requestProgress();
    expect(reader.lines()).toEqual([]);
  });

  it("drops the request while a watcher reads history", () => {
    const { write, open, hub } = bind(new Fixture());
    for (let i = 0; i < 200; i++) write(`a=${i}`);
    const reader = open();
    reader.create("b");
    reader.create("a", { startRevision: 1n });
    reader.pull();
    reader.stream.requestProgress();
    expect(reader.lines()).toEqual([]);
    while (hub.catchUp());
    reader.stream.requestProgress();
    expect(reader.lines().at(-1)).toBe("-1 r201");
  });

  it("drops the request while a watcher waits for a revision to come", () => {
    const { write, open } = bind(new Fixture());
    const reader = open();
    reader.create("a", { startRevision: 3n });
    write("b=1");
    reader.stream.requestProgress();
    expect(reader.lines()).toEqual(["0 r1 created"]);
    write("b=2");
    reader.stream.requestProgress();
    expect(reader.lines()).toEqual(["-1 r3"]);
  });

  it("drops the request while events are held back from the stream", () => {
    const { write, open } = bind(new Fixture({ responsesMax: 2 }));
    const reader = open();
    reader.create("a");
    for (let i = 0; i < 4; i++) write(`a=${i}`);
    reader.stream.next();
    reader.stream.requestProgress();
    expect(reader.lines().every((answer) => !answer.startsWith("-1"))).toBe(true);
  });

  it("notifies those who asked, behind every event up to that revision", () => {
    const { write, open, hub } = bind(new Fixture());
    const reader = open();
    reader.create("a", { progressNotify: true });
    reader.create("a");
    reader.pull();
    write("b=1");
    hub.progressTick();
    expect(reader.lines()).toEqual(["0 r2"]);
  });

  it("skips a watcher that had events since the last tick", () => {
    const { write, open, hub } = bind(new Fixture());
    const reader = open();
    reader.create("a", { progressNotify: true });
    write("a=1");
    hub.progressTick();
    expect(reader.lines()).toEqual(["0 r1 created", "0 r2 a=1@2"]);
    hub.progressTick();
    expect(reader.lines()).toEqual(["0 r2"]);
  });

  it("does not notify a watcher that is behind or waits for a revision to come", () => {
    const { write, open, hub } = bind(new Fixture());
    for (let i = 0; i < 200; i++) write(`a=${i}`);
    const reader = open();
    reader.create("a", { progressNotify: true, startRevision: 1n });
    reader.create("a", { progressNotify: true, startRevision: 300n });
    reader.pull();
    hub.progressTick();
    expect(reader.lines()).toEqual([]);
  });
});

describe("fragments", () => {
  const big = (key: string): string => `${key}=${"x".repeat(400)}`;

  it("splits a large response into parts that are all marked but the last", () => {
    const { write, open } = bind(new Fixture({ fragmentBytes: 1024 }));
    const reader = open();
    reader.create("a", { to: "z", fragment: true });
    reader.pull();
    write(big("a"), big("b"), big("c"), big("d"), big("e"));
    const parts = reader.pull();
    expect(parts.map(({ fragment }) => fragment)).toEqual([true, true, false]);
    expect(parts.flatMap(({ events }) => events.map(({ kv }) => text(kv.key)))).toEqual(["a", "b", "c", "d", "e"]);
  });

  it("never splits for a watcher that did not ask for it", () => {
    const { write, open } = bind(new Fixture({ fragmentBytes: 1024 }));
    const reader = open();
    reader.create("a", { to: "z" });
    write(big("a"), big("b"), big("c"), big("d"), big("e"));
    expect(reader.pull().map(({ events }) => events.length)).toEqual([0, 5]);
  });

  it("sends one event whole, however large", () => {
    const { write, open } = bind(new Fixture({ fragmentBytes: 64 }));
    const reader = open();
    reader.create("a", { to: "z", fragment: true });
    reader.pull();
    write(big("a"));
    write(big("a"), big("b"));
    expect(reader.pull().map(({ fragment, events }) => [fragment, events.length])).toEqual([
      [false, 1],
      [true, 1],
      [false, 1],
    ]);
  });

  it("counts the previous pairs into the size", () => {
    const { write, open } = bind(new Fixture({ fragmentBytes: 1024 }));
    const reader = open();
    reader.create("a", { to: "z", fragment: true, prevKv: true });
    write(big("a"), big("b"));
    write("a=1", "b=1");
    write(big("a"), big("b"));
    write(big("a"), big("b"));
    expect(reader.pull().map(({ fragment }) => fragment)).toEqual([false, false, false, false, true, false]);
  });
});

describe("a replaced history", () => {
  it("continues every watcher from its next revision, however long ago its last event was", () => {
    const { write, open, hub, history } = bind(new Fixture());
    const reader = open();
    reader.create("a");
    write("a=1");
    write("b=1");
    // The snapshot holds two more writes than this member had applied.
    history.write([[bytes("a"), bytes("2")]]);
    history.write([[bytes("b"), bytes("2")]]);
    hub.reset(history);
    while (hub.catchUp());
    write("a=3");
    expect(reader.lines()).toEqual(["0 r1 created", "0 r2 a=1@2", "0 r5 a=2@4", "0 r6 a=3@6"]);
  });

  it("does not end a watcher that had everything before a compaction", () => {
    const { write, open, hub, history } = bind(new Fixture());
    const reader = open();
    reader.create("a");
    for (let i = 0; i < 9; i++) write(`b=${i}`);
    history.compact(8n);
    hub.reset(history);
    while (hub.catchUp());
    write("a=1");
    expect(reader.lines()).toEqual(["0 r1 created", "0 r11 a=1@11"]);
  });

  it("ends a watcher that missed what the new history no longer has", () => {
    const { write, open, hub, history } = bind(new Fixture());
    const reader = open();
    reader.create("a");
    write("a=1");
    for (let i = 0; i < 5; i++) history.write([[bytes("a"), bytes(`${i}`)]]);
    history.compact(6n);
    hub.reset(history);
    hub.catchUp();
    expect(reader.lines()).toEqual(["0 r1 created", "0 r2 a=1@2", "0 r0 canceled compact=6"]);
  });
});

describe("saying that there is output", () => {
  it("calls back when the empty queue gets a response, not again until it was emptied", () => {
    const { write, open } = bind(new Fixture());
    const reader = open();
    reader.create("a");
    write("a=1");
    expect(reader.outputs).toBe(1);
    reader.pull();
    write("a=2");
    expect(reader.outputs).toBe(2);
  });
});

/** Lets a fixture's methods be used by name. */
function bind(fixture: Fixture): {
  write: (...changes: string[]) => void;
  open: () => Reader;
  hub: WatchHub;
  history: RecordedHistory;
} {
  return {
    write: (...changes) => fixture.write(...changes),
    open: () => fixture.open(),
    hub: fixture.hub,
    history: fixture.history,
  };
}
