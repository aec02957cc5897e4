/**
 * Random writes, watchers with random starts, slow pulls, cancels, compactions and replaced histories: what each watcher
 * received is held against the plain list of all changes (the watch checks of etcd's robustness suite: ordered, unique,
 * atomic, reliable, bookmarkable, previous pair, creation).
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MemoryBackend } from "../../io/backend/memory-backend.js";
import { compareBytes, EMPTY_BYTES, equalBytes, isFromKey } from "../bytes.js";
import type { WatchHistory } from "../mvcc/history.js";
import type { Event, KeyValue } from "../mvcc/key-value.js";
import type { Operation } from "../mvcc/operations.js";
import { Store } from "../mvcc/store.js";
import { WriteBuffer } from "../mvcc/write-buffer.js";
import { WatchHub } from "./hub.js";
import { type Change, RecordedHistory } from "./recorded-history.js";
import type { WatchCreate, WatchResponse, WatchStream } from "./types.js";

const STREAMS = 3;
const RESPONSES_MAX = 4;
const key = (number: number): Uint8Array => Uint8Array.of(97 + number);

type Action =
  | { readonly do: "write"; readonly keys: readonly number[]; readonly deleteMask: number; readonly size: number }
  | {
      readonly do: "create";
      readonly stream: number;
      readonly from: number;
      readonly form: "key" | "range" | "from-key";
      readonly span: number;
      readonly start: number;
      readonly filter: "none" | "no-put" | "no-delete";
      readonly prevKv: boolean;
      readonly fragment: boolean;
    }
  | { readonly do: "pull"; readonly stream: number; readonly count: number }
  | { readonly do: "cancel"; readonly stream: number; readonly id: number }
  | { readonly do: "progress"; readonly stream: number }
  | { readonly do: "compact"; readonly behind: number }
  | { readonly do: "catch-up" | "retry" | "tick" | "reset" };

const stream = fc.nat(STREAMS - 1);
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant("write"),
      keys: fc.uniqueArray(fc.nat(4), { minLength: 1, maxLength: 4 }),
      deleteMask: fc.nat(31),
      size: fc.nat(120),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("create"),
      stream,
      from: fc.nat(4),
      form: fc.constantFrom("key", "range", "from-key"),
      span: fc.integer({ min: 1, max: 4 }),
      start: fc.integer({ min: -30, max: 6 }),
      filter: fc.constantFrom("none", "none", "no-put", "no-delete"),
      prevKv: fc.boolean(),
      fragment: fc.boolean(),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("pull"), stream, count: fc.integer({ min: 1, max: 8 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cancel"), stream, id: fc.nat(6) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("progress"), stream }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("compact"), behind: fc.nat(15) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("catch-up", "retry", "tick") }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("reset") }) },
) as fc.Arbitrary<Action>;

interface WritableHistory extends WatchHistory {
  /** Empty when the changes change nothing. */
  write(changes: readonly Change[]): readonly Event[];
  compact(revision: bigint): void;
}

/** The real store; compactions are left half done, as they are between two steps. */
function storeHistory(): WritableHistory {
  const leases = { exists: () => false, attach: () => {}, detach: () => {} };
  const store = Store.open({ buffer: new WriteBuffer(new MemoryBackend()), leases });
  const operation = ([key, value]: Change): Operation =>
    value === undefined
      ? { kind: "delete-range", key, rangeEnd: EMPTY_BYTES, prevKv: false }
      : { kind: "put", key, value, lease: 0n, prevKv: false, ignoreValue: false, ignoreLease: false };
  return {
    get currentRevision() {
      return store.currentRevision;
    },
    get compactRevision() {
      return store.compactRevision;
    },
    events: (from, to, limit) => store.events(from, to, limit),
    previous: (key, modRevision) => store.previous(key, modRevision),
    write: (changes) => {
      store.txn({ kind: "txn", compare: [], success: changes.map(operation), failure: [] });
      return store.takeEvents();
    },
    compact: (revision) => {
      store.compact(revision);
      store.compactStep(2);
    },
  };
}

/** What one watcher asked for and got. */
class Observed {
  readonly responses: WatchResponse[] = [];
  readonly request: WatchCreate;
  readonly firstRevision: bigint;
  ended: "no" | "canceled" | "compacted" = "no";

  constructor(request: WatchCreate, currentRevision: bigint) {
    this.request = request;
    this.firstRevision = request.startRevision === 0n ? currentRevision + 1n : request.startRevision;
  }

  wants({ type, kv }: Event): boolean {
    const { key: from, rangeEnd, noPut, noDelete } = this.request;
    if (kv.modRevision < this.firstRevision || (type === "put" ? noPut : noDelete)) return false;
    if (rangeEnd.length === 0) return equalBytes(from, kv.key);
    return compareBytes(from, kv.key) <= 0 && (isFromKey(rangeEnd) || compareBytes(kv.key, rangeEnd) < 0);
  }
}

class World {
  readonly history: WritableHistory;
  readonly hub: WatchHub;
  /** Every change ever made, whatever was compacted since. */
  readonly all: Event[] = [];
  readonly observed: Observed[] = [];
  readonly #streams: WatchStream[] = [];
  /** Watchers by id, and those whose created response has not come yet, for each stream. */
  readonly #byId: Map<number, Observed>[] = [];
  readonly #asked: Observed[][] = [];

  constructor(history: WritableHistory) {
    this.history = history;
    this.hub = new WatchHub(history, { responsesMax: RESPONSES_MAX, fragmentBytes: 250 });
    for (let i = 0; i < STREAMS; i++) {
      this.#streams.push(this.hub.openStream(() => {}));
      this.#byId.push(new Map());
      this.#asked.push([]);
    }
  }

  run(step: Action): void {
    switch (step.do) {
      case "write":
        this.#write(step);
        break;
      case "create":
        this.#create(step);
        break;
      case "pull":
        for (let i = 0; i < step.count; i++) this.#pull(step.stream);
        break;
      case "cancel":
        this.#streams[step.stream]?.cancel(step.id);
        break;
      case "progress":
        this.#streams[step.stream]?.requestProgress();
        break;
      case "compact": {
        const revision = this.history.currentRevision - BigInt(step.behind);
        if (revision > this.history.compactRevision && revision > 0n) this.history.compact(revision);
        break;
      }
      case "catch-up":
        this.hub.catchUp();
        break;
      case "retry":
        this.hub.retryVictims();
        break;
      case "tick":
        this.hub.progressTick();
        break;
      case "reset":
        this.hub.reset(this.history);
    }
  }

  /** Pulls until nothing more can come. */
  settle(): void {
    for (let quiet = false; !quiet; ) {
      quiet = !this.hub.catchUp();
      for (let i = 0; i < STREAMS; i++) while (this.#pull(i)) quiet = false;
    }
    const watchers = this.observed.filter(({ ended }) => ended === "no").length;
    expect(this.hub.counts).toEqual({
      streams: STREAMS,
      watchers,
      slowWatchers: 0,
      pendingResponses: 0,
      pendingEvents: 0,
    });
  }

  #write({ keys, deleteMask, size }: Extract<Action, { do: "write" }>): void {
    const revision = this.history.currentRevision + 1n;
    const events = this.history.write(
      keys.map((number) => [key(number), (deleteMask >> number) & 1 ? undefined : new Uint8Array(size).fill(number)]),
    );
    this.all.push(...events);
    if (events.length > 0) this.hub.notify(revision, events);
  }

  #create(step: Extract<Action, { do: "create" }>): void {
    const { currentRevision } = this.history;
    const start = currentRevision + BigInt(step.start);
    const rangeEnd = { key: EMPTY_BYTES, range: key(step.from + step.span), "from-key": Uint8Array.of(0) }[step.form];
    const request: WatchCreate = {
      watchId: 0,
      key: key(step.from),
      rangeEnd,
      startRevision: step.start === 0 || start < 0n ? 0n : start,
      prevKv: step.prevKv,
      progressNotify: true,
      noPut: step.filter === "no-put",
      noDelete: step.filter === "no-delete",
      fragment: step.fragment,
    };
    const watcher = new Observed(request, currentRevision);
    this.observed.push(watcher);
    this.#asked[step.stream]?.push(watcher);
    this.#streams[step.stream]?.create(request);
  }

  #pull(number: number): boolean {
    const response = this.#streams[number]?.next();
    const byId = this.#byId[number];
    if (response === undefined || byId === undefined) return false;
    if (response.watchId === -1) {
      for (const watcher of byId.values()) if (watcher.ended === "no") watcher.responses.push(response);
      return true;
    }
    if (response.created) {
      expect(byId.has(response.watchId)).toBe(false);
      byId.set(response.watchId, this.#asked[number]?.shift() as Observed);
      return true;
    }
    const watcher = byId.get(response.watchId) as Observed;
    if (response.canceled) {
      const compacted = response.compactRevision !== 0n;
      // The client may cancel what a compaction has ended; nothing else may come after an end.
      expect(watcher.ended).toBe(compacted ? "no" : watcher.ended === "compacted" ? "compacted" : "no");
      if (watcher.ended === "no") watcher.ended = compacted ? "compacted" : "canceled";
      if (compacted) this.#checkCompacted(watcher, response);
      return true;
    }
    expect(watcher.ended).toBe("no");
    watcher.responses.push(response);
    return true;
  }

  #checkCompacted(watcher: Observed, response: WatchResponse): void {
    expect(response.revision).toBe(0n);
    const last = watcher.responses.findLast(({ events }) => events.length > 0)?.events.at(-1)?.kv.modRevision ?? 0n;
    expect(response.compactRevision).toBeGreaterThan(last);
    expect(response.compactRevision).toBeGreaterThan(watcher.firstRevision);
  }
}

function shown({ type, kv }: Event): string {
  return `${type} ${shownPair(kv)}`;
}

/** Everything of a pair; a value is a number of equal bytes. */
function shownPair(kv: KeyValue): string {
  const {
    createRevision,
    modRevision,
    version,
    key: [first],
    value,
  } = kv;
  return `${first} = ${value.length} of ${value[0]}, ${createRevision}/${modRevision}/${version}`;
}

function check(watcher: Observed, all: readonly Event[]): void {
  const expected = all.filter((event) => watcher.wants(event));
  const received = watcher.responses.flatMap(({ events }) => events);
  // Ordered, unique, reliable: exactly the wanted changes; for one that was ended, those up to a point.
  const promised = watcher.ended === "no" ? expected : expected.slice(0, received.length);
  expect(received.map(shown)).toEqual(promised.map(shown));

  let last = 0n;
  let progress = 0n;
  let open = false;
  for (const { events, revision, fragment } of watcher.responses) {
    const first = events[0]?.kv.modRevision;
    if (first === undefined) {
      // Bookmarkable: everything up to a progress revision was delivered, and it never goes back.
      const due = expected.filter(({ kv }) => kv.modRevision <= revision).length;
      expect(received.filter(({ kv }) => kv.modRevision <= last).length).toBe(due);
      expect(revision).toBeGreaterThanOrEqual(progress);
      expect(revision).toBeGreaterThanOrEqual(watcher.request.startRevision);
      progress = revision;
      continue;
    }
    // Atomic: only a fragment may end inside a revision.
    if (!open) expect(first).toBeGreaterThan(last);
    expect(first).toBeGreaterThan(progress);
    if (!watcher.request.fragment) expect(fragment).toBe(false);
    last = events.at(-1)?.kv.modRevision ?? last;
    expect(revision).toBeGreaterThanOrEqual(last);
    open = fragment;
  }
  expect(open).toBe(false);

  for (const { kv, prevKv } of received) {
    const before = all.findLast((event) => event.kv.modRevision < kv.modRevision && equalBytes(event.kv.key, kv.key));
    if (!watcher.request.prevKv) expect(prevKv).toBeUndefined();
    else if (prevKv !== undefined) expect(shownPair(prevKv)).toBe(before?.type === "put" ? shownPair(before.kv) : "");
  }
}

describe.each<[string, () => WritableHistory]>([
  ["the plain list", () => new RecordedHistory()],
  ["the store", storeHistory],
])("random runs over %s", (_, open) => {
  it("give every watcher exactly the changes it wants, in order, whole, once, or end it as compacted", () => {
    let compacted = 0;
    let complete = 0;
    fc.assert(
      fc.property(fc.array(action, { minLength: 20, maxLength: 150, size: "max" }), (steps) => {
        const world = new World(open());
        for (const step of steps) {
          world.run(step);
          // Everything that may wait: a full queue on each stream, two answers for each watcher, parts of one response.
          const bound = STREAMS * (RESPONSES_MAX + 200) + 3 * world.observed.length;
          if (world.hub.counts.pendingResponses >= bound) expect.fail(`more than ${bound} responses wait`);
        }
        world.settle();
        for (const watcher of world.observed) {
          check(watcher, world.all);
          if (watcher.ended === "compacted") compacted++;
          else if (watcher.responses.length > 0) complete++;
        }
      }),
      { numRuns: 100 },
    );
    // The runs are worth something only if both ends occur often.
    expect(compacted).toBeGreaterThan(20);
    expect(complete).toBeGreaterThan(100);
  });
});
