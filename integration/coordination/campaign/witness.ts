/**
 * What the servers say happened: a watch of the story's keys by a client that nobody disturbs, in the order of revisions. It knows
 * who stands in which line at present, so that faults can be aimed, and keeps what the verdict needs of the past.
 */
import { type Client, isEtcdError, prefix, type Watch } from "@kvorum/client";
import type { Guard } from "./guarded.js";
import type { RecordValue } from "./work.js";

/** A place in a line. Its create revision is the token of whoever comes first by it. */
export interface Contender {
  readonly name: string;
  readonly key: string;
  readonly token: bigint;
  readonly lease: bigint;
  /** What stands there: of an election the worker's name. */
  readonly value: string;
  /** Undefined while it is there. */
  readonly goneAt?: bigint;
}

export interface StoredWrite extends RecordValue {
  readonly name: string;
  readonly guard: Guard;
  readonly revision: bigint;
}

export class Witness implements AsyncDisposable {
  /** Every place that ever was, by token. */
  readonly places = new Map<bigint, Contender>();
  readonly writes: StoredWrite[] = [];
  /** Tokens of those who have written. */
  readonly wrote = new Set<bigint>();
  /** How many revisions have put something, by the first part of the key. */
  readonly revisions = new Map<string, number>();
  readonly #client: Client;
  readonly #space: string;
  readonly #watch: Watch<string>;
  readonly #lines = new Map<string, Contender[]>();
  readonly #waiting = new Set<() => void>();
  readonly #reading: Promise<void>;
  #last = 0n;

  /** Resolves when nothing that is done from now on will be missed. */
  static async start(client: Client, space: string): Promise<Witness> {
    const witness = new Witness(client, space);
    await witness.#watch.ready;
    return witness;
  }

  private constructor(client: Client, space: string) {
    this.#client = client;
    this.#space = space;
    this.#watch = client.watch(prefix(space));
    this.#reading = this.#read();
  }

  /** Who stands in the line of this name now, the owner first. As old as the network is slow. */
  line(name: string): readonly Contender[] {
    return this.#lines.get(name) ?? [];
  }

  get names(): readonly string[] {
    return [...this.#lines.keys()];
  }

  /** Resolves when everything that has happened so far is known here. */
  async upToDate(): Promise<void> {
    const { header } = await this.#client.put(`${this.#space}mark`, "", { timeout: 60_000 });
    while (this.#watch.revision < header.revision) await this.#change();
  }

  /** Resolves when the condition holds, with false when it does not in time. */
  async until(condition: () => boolean, timeoutMs: number): Promise<boolean> {
    const end = performance.now() + timeoutMs;
    while (!condition()) {
      if (performance.now() > end) return false;
      await this.#change();
    }
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#watch.close();
    await this.#reading;
  }

  /** Resolves with the next event, and after a moment. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, 50);
      this.#waiting.add(done);
    });
  }

  async #read(): Promise<void> {
    for await (const event of this.#watch) {
      if (event.type === "put") this.#put(event.kv);
      if (event.type === "delete") this.#deleted(event.key, event.modRevision);
      for (const wake of [...this.#waiting]) wake();
    }
  }

  #put({ key, value, createRevision, modRevision, lease }: PutPair): void {
    const [kind = "", name = "", last = ""] = key.slice(this.#space.length).split("/");
    if (modRevision > this.#last) this.revisions.set(kind, (this.revisions.get(kind) ?? 0) + 1);
    this.#last = modRevision;
    if (kind === "record") {
      const written = JSON.parse(value) as RecordValue;
      this.wrote.add(BigInt(written.token));
      this.writes.push({ ...written, name, guard: last as Guard, revision: modRevision });
    } else if (lease !== 0n && createRevision === modRevision) {
      const contender = { name, key, token: createRevision, lease, value };
      this.places.set(createRevision, contender);
      this.#lines.set(name, [...this.line(name), contender]);
    }
  }

  #deleted(key: string, revision: bigint): void {
    const name = key.slice(this.#space.length).split("/")[1] ?? "";
    const gone = this.line(name).find((contender) => contender.key === key);
    if (gone === undefined) return;
    this.places.set(gone.token, { ...gone, goneAt: revision });
    this.#lines.set(
      name,
      this.line(name).filter((contender) => contender !== gone),
    );
  }
}

interface PutPair {
  readonly key: string;
  readonly value: string;
  readonly createRevision: bigint;
  readonly modRevision: bigint;
  readonly lease: bigint;
}

/** What an operator does may come too late, and its answer may be lost; both are no concern of the story. */
export async function asOperator(work: () => Promise<unknown>): Promise<void> {
  await work().catch((error: unknown) => {
    if (!isEtcdError(error)) throw error;
  });
}
