/**
 * Histories made by hand: calls run one after the other against a model and are right, then a case bends what it wants to
 * have wrong. Time runs in steps of ten; each call takes the first five.
 */
import type {
  Acknowledged,
  Compare,
  Dump,
  Feed,
  History,
  HistoryEvent,
  KeyValue,
  Operation,
  Request,
  Response,
  TxnOp,
} from "../history.js";
import { deletedPair } from "../history.js";
import { KeySpace } from "../key-space.js";
import { evaluate } from "../model.js";
import type { Rule } from "../violation.js";

/** What a case may set otherwise; the client is 0 and the time the next step. */
export interface CallOptions {
  readonly client?: number;
  readonly invoke?: number;
  readonly return?: number;
}

/**
 * The rule that must reject what the function tells; it returns the operations that must be named as witnesses, in order.
 */
export type BadHistory = readonly [Rule, (story: Story) => readonly Operation[]];

export class Story {
  readonly operations: Operation[] = [];
  events: HistoryEvent[] = [];
  readonly dumps: Dump[] = [];
  readonly otherFeeds: Feed[] = [];
  readonly #space = new KeySpace();
  #revision = 1;
  #now = 0;

  put(key: string, value: string, options: CallOptions & { lease?: bigint; prevKv?: boolean } = {}): Acknowledged {
    const { lease, prevKv, ...call } = options;
    const extra = { ...(lease !== undefined && { lease }), ...(prevKv !== undefined && { prevKv }) };
    return this.call({ kind: "put", key, value, ...extra }, call);
  }

  get(key: string, options: CallOptions = {}): Acknowledged {
    return this.call({ kind: "range", key }, options);
  }

  list(options: CallOptions = {}): Acknowledged {
    return this.call({ kind: "range", key: "a", rangeEnd: "z" }, options);
  }

  delete(key: string, options: CallOptions = {}): Acknowledged {
    return this.call({ kind: "delete", key, prevKv: true }, options);
  }

  txn(
    compare: readonly Compare[],
    success: readonly TxnOp[],
    failure: readonly TxnOp[] = [],
    options: CallOptions = {},
  ): Acknowledged {
    return this.call({ kind: "txn", compare, success, failure }, options);
  }

  call(request: Request, options: CallOptions = {}): Acknowledged {
    const { events, response } = evaluate(this.#space, request, this.#revision + 1);
    this.write(events);
    const outcome = { status: "acknowledged", revision: this.#revision, response } as const;
    const operation = { ...this.#when(options), request, outcome };
    this.operations.push(operation);
    return operation;
  }

  /** A call whose answer never came. It takes effect now, or not at all. */
  unknown(request: Request, effect: "applied" | "not applied", options: CallOptions = {}): Operation {
    if (effect === "applied") this.write(evaluate(this.#space, request, this.#revision + 1).events);
    const operation: Operation = { ...this.#when(options), request, outcome: { status: "unknown" } };
    this.operations.push(operation);
    return operation;
  }

  refused(request: Request): Operation {
    const operation: Operation = { ...this.#when({}), request, outcome: { status: "refused" } };
    this.operations.push(operation);
    return operation;
  }

  /** Events of a new revision that no call is recorded for. */
  write(events: readonly HistoryEvent[]): void {
    if (events.length === 0) return;
    this.#revision += 1;
    for (const event of events) this.#space.apply(event);
    this.events.push(...events);
  }

  writeDelete(...keys: string[]): void {
    this.write(keys.map((key) => ({ type: "delete", kv: deletedPair(key, this.#revision + 1) })));
  }

  /** Puts a changed copy of the call in its place and returns it. */
  change<T extends Operation>(operation: T, changes: Partial<T>): T {
    const changed = { ...operation, ...changes };
    this.operations[this.operations.indexOf(operation)] = changed;
    return changed;
  }

  changeAnswer(operation: Acknowledged, revision: number, response: Response): Acknowledged {
    return this.change(operation, { outcome: { status: "acknowledged", revision, response } });
  }

  /** Gives each pair of an answer to a read, a deletion or a put a changed copy. */
  bendPairs(operation: Acknowledged, changes: Partial<KeyValue>): Acknowledged {
    const { revision, response } = operation.outcome;
    const bend = (kv: KeyValue): KeyValue => ({ ...kv, ...changes });
    if (response.kind === "range") {
      return this.changeAnswer(operation, revision, { ...response, kvs: response.kvs.map(bend) });
    }
    if (response.kind === "delete") {
      return this.changeAnswer(operation, revision, { ...response, prevKvs: response.prevKvs.map(bend) });
    }
    if (response.kind === "put" && response.prevKv !== undefined) {
      return this.changeAnswer(operation, revision, { ...response, prevKv: bend(response.prevKv) });
    }
    throw new Error("this answer holds no pairs");
  }

  /** Changes the pairs of the events of a revision. */
  bendEvents(revision: number, changes: Partial<KeyValue>): void {
    this.events = this.events.map((event) =>
      event.kv.modRevision === revision ? { ...event, kv: { ...event.kv, ...changes } } : event,
    );
  }

  dump(source: string): void {
    this.dumps.push({ source, revision: this.#revision, kvs: this.#space.range("\0", "\0") });
  }

  history(): History {
    const feeds = [{ source: "a", events: this.events }, ...this.otherFeeds];
    return { operations: this.operations, feeds, dumps: this.dumps };
  }

  #when({ client = 0, invoke, return: returned }: CallOptions) {
    this.#now += 10;
    return { client, invoke: invoke ?? this.#now, return: returned ?? this.#now + 5 };
  }
}
