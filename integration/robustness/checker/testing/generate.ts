/**
 * Good histories from a seed: clients with overlapping calls against one store that takes effect at a single moment
 * within each of them. Some answers are lost; of those some calls take effect late and some never.
 */
import { seeded } from "../../../support/random.js";
import { Traffic } from "../../traffic.js";
import {
  deletedPair,
  type History,
  type HistoryEvent,
  isReadOnly,
  type KeyValue,
  type Operation,
  type Request,
  type Response,
} from "../history.js";
import { KeySpace } from "../key-space.js";
import { evaluate } from "../model.js";

export interface GenerateOptions {
  readonly seed: number;
  readonly operations: number;
  readonly clients: number;
  /** The share of calls whose answer is lost. */
  readonly lost: number;
}

/** A call whose moment is fixed and has not come. */
interface Pending {
  readonly client: number;
  readonly request: Request;
  readonly invoke: number;
  readonly moment: number;
  readonly return: number;
  readonly outcome: "acknowledged" | "applied, answer lost" | "never applied";
}

export function generateHistory(options: GenerateOptions): History {
  return new Generator(options).run();
}

const KEYS = 12;

class Generator {
  readonly #options: GenerateOptions;
  readonly #random: () => number;
  readonly #traffic: readonly Traffic[];
  readonly #space = new KeySpace();
  /** All pairs at each revision, for reads that look back. */
  readonly #snapshots: KeyValue[][] = [[], []];
  readonly #events: HistoryEvent[] = [];
  readonly #operations: Operation[] = [];
  readonly #pending: Pending[] = [];
  #leases = 0n;

  constructor(options: GenerateOptions) {
    this.#options = options;
    this.#random = seeded(options.seed);
    this.#traffic = Array.from(
      { length: options.clients },
      (_, client) => new Traffic({ client, random: this.#random, keys: KEYS, mayDelete: () => true }),
    );
  }

  run(): History {
    for (const client of this.#traffic.keys()) this.#begin(client, this.#random());
    while (this.#operations.length < this.#options.operations) this.#takeEffect(this.#takeNext());
    const end = { revision: this.#revision, kvs: this.#space.range("\0", "\0") };
    return {
      operations: this.#operations,
      feeds: ["a", "b", "c"].map((source) => ({ source, events: this.#events })),
      dumps: ["a", "b", "c"].map((source) => ({ source, ...end })),
    };
  }

  get #revision(): number {
    return this.#snapshots.length - 1;
  }

  #takeNext(): Pending {
    let next = 0;
    for (let at = 1; at < this.#pending.length; at++) {
      if ((this.#pending[at] as Pending).moment < (this.#pending[next] as Pending).moment) next = at;
    }
    return this.#pending.splice(next, 1)[0] as Pending;
  }

  /** Invokes the client's next call. The answer of a lost one is never waited for longer than a timeout. */
  #begin(client: number, invoke: number): void {
    const traffic = this.#traffic[client] as Traffic;
    let action = traffic.next();
    for (; action.kind !== "call"; action = traffic.next()) {
      if (action.kind === "grant") traffic.granted(++this.#leases);
      else this.#record(this.#endOfLease(action.lease));
    }
    const moment = invoke + this.#random() * 5;
    const lost = this.#random() < this.#options.lost && !isReadOnly(action.request);
    const outcome = !lost ? "acknowledged" : this.#random() < 0.5 ? "applied, answer lost" : "never applied";
    const late = outcome === "applied, answer lost" ? this.#random() * 100 : 0;
    this.#pending.push({
      ...{ client, request: action.request, invoke, outcome },
      ...{ moment: moment + late, return: moment + this.#random() * 5 },
    });
    // Who got no answer goes on; the call may take effect while the next one runs.
    if (lost) this.#begin(client, moment + 10);
  }

  #takeEffect(pending: Pending): void {
    const { client, request, invoke, outcome } = pending;
    const operation = { client, request, invoke, return: pending.return };
    if (outcome !== "acknowledged") {
      if (outcome === "applied, answer lost") this.#record(evaluate(this.#space, request, this.#revision + 1).events);
      this.#operations.push({ ...operation, outcome: { status: "unknown" } });
      return;
    }
    const acknowledged: Operation = { ...operation, outcome: { status: "acknowledged", ...this.#answer(request) } };
    this.#operations.push(acknowledged);
    this.#traffic[client]?.observe(acknowledged);
    this.#begin(client, pending.return + this.#random());
  }

  #answer(request: Request): { readonly revision: number; readonly response: Response } {
    if (request.kind === "range" && request.revision !== undefined) {
      return { revision: this.#revision, response: this.#readAt(request, request.revision) };
    }
    if (request.kind === "range" && request.serializable === true) {
      const behind = Math.max(1, this.#revision - Math.floor(this.#random() * 3));
      return { revision: behind, response: this.#readAt(request, behind) };
    }
    const { events, response } = evaluate(this.#space, request, this.#revision + 1);
    this.#record(events);
    return { revision: this.#revision, response };
  }

  #readAt(request: Request, revision: number): Response {
    const past = new KeySpace();
    for (const kv of this.#snapshots[revision] ?? []) past.apply({ type: "put", kv });
    return evaluate(past, request, revision + 1).response;
  }

  #endOfLease(lease: bigint): HistoryEvent[] {
    const keys = [...this.#space.keysOf(lease)].sort();
    return keys.map((key) => ({ type: "delete", kv: deletedPair(key, this.#revision + 1) }));
  }

  #record(events: readonly HistoryEvent[]): void {
    if (events.length === 0) return;
    for (const event of events) this.#space.apply(event);
    this.#events.push(...events);
    this.#snapshots.push(this.#space.range("\0", "\0"));
  }
}
