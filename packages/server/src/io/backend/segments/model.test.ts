/** Random work on a backend of segments and on a plain one: batches, ranges, snapshots, cleaning, restarts and power cuts. */
import { describe, expect, it } from "vitest";
import type { BackendEntry, BackendSnapshot, BatchChange, Table } from "../../../core/mvcc/backend.js";
import { encodeRevision } from "../../../core/mvcc/revision.js";
import { Chance } from "../../../core/seeded/chance.js";
import { MemoryDisk } from "../../disk/memory-disk.js";
import { bytes, markAt } from "../contract.js";
import { MemoryBackend, MemoryStore } from "../memory-backend.js";
import { SegmentBackend } from "./segment-backend.js";

const SEED = Number(process.env["SEED"] ?? 7);
const STEPS = Number(process.env["STEPS"] ?? 1000);
const TABLES_USED: readonly Table[] = ["key", "key", "key", "meta", "lease", "auth"];

class Work {
  readonly #chance: Chance;
  readonly #disk = new MemoryDisk();
  readonly #options: { segmentBytes: number; slackBytes: number; cacheBytes: number };
  #backend!: SegmentBackend;
  /** The model after every commit that a crash may bring back. */
  #models: { readonly index: number; readonly store: MemoryStore }[] = [];
  #store = new MemoryStore();
  #model = new MemoryBackend(this.#store);
  #index = 0;
  #main = 1;
  #snapshots: { readonly found: BackendSnapshot; readonly wanted: BackendSnapshot }[] = [];
  #under: Promise<void> = Promise.resolve();
  readonly counts: Record<string, number> = {};

  constructor(seed: number) {
    this.#chance = Chance.of(seed, "work");
    this.#options = {
      segmentBytes: this.#chance.pick([600, 3000, 20_000]),
      slackBytes: this.#chance.pick([0, 5000]),
      cacheBytes: this.#chance.pick([0, 40_000, 2 ** 20]),
    };
  }

  async run(steps: number): Promise<void> {
    await this.#start();
    for (let i = 0; i < steps; i++) {
      const step = this.#chance.weighted({
        ...{ commit: 60, flush: 12, look: 20, snapshot: 3, compare: 4, close: 3, defragment: 2, turn: 15 },
        ...{ restart: 1, crash: 2, replace: 1 },
      });
      this.counts[step] = (this.counts[step] ?? 0) + 1;
      await this.#step(step);
    }
    await this.#under;
    this.#compareAll();
  }

  async #step(step: string): Promise<void> {
    switch (step) {
      case "commit":
        return this.#commit();
      case "flush":
        await this.#backend.flush();
        return;
      case "look":
        return this.#look();
      case "snapshot":
        if (this.#snapshots.length < 3) {
          this.#snapshots.push({ found: this.#backend.snapshot(), wanted: this.#model.snapshot() });
        }
        return;
      case "compare":
        return this.#compareAll();
      case "close": {
        const closed = this.#snapshots.shift();
        closed?.found.close();
        return;
      }
      case "defragment":
        this.#under = Promise.all([this.#under, this.#backend.defragment()]).then(() => {});
        return;
      case "turn":
        await new Promise((resolve) => setImmediate(resolve));
        return;
      case "restart":
        await this.#backend.close();
        return this.#start();
      case "crash":
        return this.#crash();
      default:
        return this.#replace();
    }
  }

  #commit(): void {
    const chance = this.#chance;
    const batch: BatchChange[] = [];
    for (let left = chance.int(12); left > 0; left--) {
      const table = chance.pick(TABLES_USED);
      const key = table === "key" ? this.#revision() : bytes(`k${chance.int(40)}`);
      const value = new Uint8Array(chance.percent(3) ? chance.int(30_000) : chance.int(200)).fill(chance.int(256));
      if (chance.percent(30)) batch.push({ type: "delete", table, key });
      else batch.push({ type: "put", table, key, value });
    }
    this.#index++;
    this.#backend.commit(batch, markAt(this.#index));
    this.#model.commit(batch, markAt(this.#index));
    this.#models.push({ index: this.#index, store: this.#store.clone() });
  }

  /** Mostly the next one, as writes make them; sometimes an old one, and sometimes none at all. */
  #revision(): Uint8Array {
    const chance = this.#chance;
    if (chance.percent(4)) return bytes(chance.pick(["", "\0", "zz"]) + chance.int(30));
    const main = chance.percent(60) ? this.#main++ : chance.int(this.#main);
    return encodeRevision(main, chance.int(3), chance.percent(20));
  }

  #look(): void {
    const chance = this.#chance;
    const table = chance.pick(TABLES_USED);
    const place = (): Uint8Array => (table === "key" ? this.#revision() : bytes(`k${chance.int(40)}`));
    const key = place();
    expect(shown(this.#backend.get(table, key))).toBe(shown(this.#model.get(table, key)));
    const to = chance.percent(50) ? place() : undefined;
    const limit = chance.percent(50) ? chance.int(20) : undefined;
    expect(lines(this.#backend.range(table, key, to, limit))).toBe(lines(this.#model.range(table, key, to, limit)));
  }

  #compareAll(): void {
    expect(this.#backend.appliedAt()).toEqual(this.#model.appliedAt());
    const [found, wanted] = [this.#backend.snapshot(), this.#model.snapshot()];
    this.#compare(found, wanted);
    found.close();
    for (const { found, wanted } of this.#snapshots) this.#compare(found, wanted);
    const { bytes: all, bytesInUse } = this.#backend.size();
    expect(bytesInUse).toBeLessThanOrEqual(all);
  }

  #compare(found: BackendSnapshot, wanted: BackendSnapshot): void {
    expect(found.at).toEqual(wanted.at);
    for (const table of new Set(TABLES_USED)) expect(lines(found.entries(table))).toBe(lines(wanted.entries(table)));
  }

  async #crash(): Promise<void> {
    const durable = this.#backend.durableAt().index;
    const percent = this.#chance.pick([0, 50, 100]);
    this.#disk.crash({
      sectorSurvives: () => this.#chance.percent(percent),
      namesSurvive: (names) => this.#chance.int(names + 1),
    });
    // Whatever goes on in the dead process fails on its closed files.
    await this.#under.catch(() => {});
    this.#under = Promise.resolve();
    await this.#backend.close().catch(() => {});
    await this.#start();
    const { index } = this.#backend.appliedAt();
    expect(index).toBeGreaterThanOrEqual(durable);
    const survived = this.#models.findLast((model) => model.index === index);
    this.#store = survived?.store.clone() ?? new MemoryStore();
    this.#model = new MemoryBackend(this.#store);
    this.#models = this.#models.filter((model) => model.index <= index);
    this.#index = index;
    this.#compareAll();
  }

  async #replace(): Promise<void> {
    const content = Array.from({ length: this.#chance.int(200) }, () => {
      return { table: "key", key: this.#revision(), value: bytes("r".repeat(this.#chance.int(300))) } as const;
    });
    this.#index += this.#chance.int(100);
    await this.#backend.replaceWith(markAt(this.#index), content);
    await this.#model.replaceWith(markAt(this.#index), content);
    this.#models.push({ index: this.#index, store: this.#store.clone() });
  }

  async #start(): Promise<void> {
    this.#snapshots = [];
    const chance = this.#chance;
    this.#backend = await SegmentBackend.open({
      ...{ disk: this.#disk, directory: "/backend", ...this.#options },
      salt: () => chance.int(2 ** 32),
    });
    // Old states cannot come back once they are overwritten by a durable one.
    const { index } = this.#backend.durableAt();
    this.#models = this.#models.filter((model) => model.index >= index);
  }
}

/** One text is compared much faster than many arrays. */
function lines(entries: Iterable<BackendEntry>): string {
  return [...entries].map(({ key, value }) => `${shown(key)}=${shown(value)}`).join("\n");
}

function shown(part: Uint8Array | undefined): string {
  return part === undefined ? "nothing" : Buffer.from(part).toString("latin1");
}

describe("random work on segments", () => {
  it.each([0, 1, 2, 3].map((i) => SEED + i))(
    "leaves what a plain model leaves (seed %i)",
    async (seed) => {
      const work = new Work(seed);
      await work.run(STEPS);
      expect(Object.keys(work.counts).length).toBe(11);
    },
    120_000,
  );
});
