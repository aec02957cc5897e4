/**
 * One watch through a bad network, and the judgement on it: what it reported must be what happened, each event once and in
 * order, whole revisions at a time. A watch of the past must report all of it; one from now on everything after `ready`, and
 * before that the end of what there was or nothing.
 */
import { prefix, type Selector, type Store, type Watch, type WatchOptions } from "@kvorum/client";
import { pause } from "../../robustness/cluster/rpc.js";
import { type ToldEvent, toldLine } from "./history.js";

/** What happened to the keys of a prefix; complete once the verdict is asked for. */
export interface Truth {
  readonly space: string;
  /** The revision from which a watch of the past starts. */
  readonly first: bigint;
  readonly events: readonly ToldEvent[];
  /**
   * etcd looks up what was there before when it sends an event, and leaves it out where that fails, without a word; 3.4 does so
   * under load now and then.
   */
  readonly previousMayBeMissing?: boolean;
}

export interface WatchKind {
  readonly name: string;
  readonly options?: WatchOptions;
  /** From the first change of the history on; else from now on. */
  readonly past?: boolean;
  /** One key of the history only. */
  readonly key?: string;
  /** Iterate by revision. */
  readonly batches?: boolean;
  /** The consumer stops for so long after every event, in milliseconds. */
  readonly slowMs?: number;
}

/** Where an event says what was there before. */
const INSTEAD = / instead of .*$/;

/** A watch that has not reported the last event after this time has lost it. */
const PATIENCE_MS = 20_000;

export class WatchAudit {
  readonly #kind: WatchKind;
  readonly #history: Truth;
  readonly #watch: Watch<string>;
  readonly #lines: string[] = [];
  readonly #running: Promise<void>;
  readonly #problems: string[] = [];
  #ready: bigint | undefined;
  /** Events without what was there before, although the server was asked for it. */
  withoutPrevious = 0;

  constructor(store: Store, kind: WatchKind, history: Truth) {
    this.#kind = kind;
    this.#history = history;
    const selector: Selector = kind.key === undefined ? prefix(history.space) : `${history.space}${kind.key}`;
    this.#watch = store.watch(selector, { ...kind.options, ...(kind.past && { startRevision: history.first }) });
    this.#watch.ready.then(
      (revision) => {
        this.#ready = revision;
      },
      () => undefined,
    );
    this.#running = this.#listen().catch((error: unknown) => {
      this.#problems.push(`ended with ${error}`);
    });
  }

  /** Events reported so far. */
  get events(): number {
    return this.#lines.length;
  }

  /** Has the last event of the history, as far as that is known by now, been reported? */
  get isComplete(): boolean {
    return this.#lines.at(-1) === this.#expected().at(-1)?.line;
  }

  /** Waits for the last event of the history, ends the watch and says what was wrong; nothing where all is well. */
  async verdict(): Promise<string[]> {
    const expected = this.#expected();
    const end = performance.now() + PATIENCE_MS;
    while (!this.isComplete && this.#problems.length === 0 && performance.now() < end) await pause(5);
    await this.#watch.close();
    await this.#running;
    const told = this.#history.previousMayBeMissing ? this.#completed(expected) : this.#lines;
    this.#problems.push(...compareLines(expected, told, this.#kind.past ? 0n : this.#ready));
    return this.#problems.map((problem) => `watch ${this.#kind.name} of ${this.#history.space}: ${problem}`);
  }

  #expected(): { revision: bigint; line: string }[] {
    const { only, prevKv } = this.#kind.options ?? {};
    const wanted = ({ type, key }: ToldEvent): boolean =>
      (only === undefined || only === type) && (this.#kind.key === undefined || this.#kind.key === key);
    return this.#history.events
      .filter(wanted)
      .map(({ revision, line, lineWithPrevious }) => ({ revision, line: prevKv ? lineWithPrevious : line }));
  }

  /** The lines with what the server left out; a wrong value stays wrong. */
  #completed(expected: readonly { readonly line: string }[]): string[] {
    const missing = new Map(expected.map(({ line }) => [line.replace(INSTEAD, ""), line]));
    return this.#lines.map((line) => {
      const whole = missing.get(line) ?? line;
      if (whole !== line) this.withoutPrevious += 1;
      return whole;
    });
  }

  async #listen(): Promise<void> {
    if (this.#kind.batches) await this.#listenToBatches();
    else
      for await (const event of this.#watch) {
        this.#lines.push(this.#line(event));
        if (this.#kind.slowMs !== undefined) await pause(this.#kind.slowMs);
      }
  }

  async #listenToBatches(): Promise<void> {
    let before = 0n;
    for await (const { revision, events } of this.#watch.batches()) {
      // One revision in two pieces would show here, and nowhere in the single events.
      if (revision <= before) this.#problems.push(`revision ${revision} came after ${before}`);
      before = revision;
      for (const event of events) {
        const line = this.#line(event);
        if (!line.startsWith(`${revision} `)) this.#problems.push(`${line} is in the batch of ${revision}`);
        this.#lines.push(line);
      }
    }
  }

  #line(event: Parameters<typeof toldLine>[0]): string {
    return toldLine(event, this.#history.space, this.#kind.options?.prevKv ?? false);
  }
}

/**
 * What is wrong with the lines; nothing where they are the end of what is expected, from behind `ready` on at the latest.
 * Exported for its own test.
 */
export function compareLines(
  expected: readonly { readonly revision: bigint; readonly line: string }[],
  told: readonly string[],
  ready: bigint | undefined,
): string[] {
  const repeated = told.filter((line, index) => told.indexOf(line) !== index);
  if (repeated.length > 0) return [`${repeated.length} repeated, the first is: ${repeated[0]}`];
  const owed = expected.filter(({ revision }) => ready !== undefined && revision > ready).length;
  const offset = expected.length - Math.max(told.length, owed);
  const lines = expected.slice(Math.max(0, offset)).map(({ line }) => line);
  const wrong = lines.findIndex((line, index) => told[index] !== line);
  if (wrong >= 0) {
    return [`event ${wrong} of ${lines.length} is ${told[wrong] ?? "missing"}, expected: ${lines[wrong]}`];
  }
  return told.length > lines.length ? [`${told.length - lines.length} more events than happened`] : [];
}
