/**
 * Places at the end of a line, without a clock. A key is `<line><ticket>-<chance>`; the ticket is a revision that the producer
 * has seen, in sixteen hexadecimal digits, and the key is put only while the line has no key at or behind it. So a new key
 * is behind every key that is there, and by induction the order of the keys of a line is the order of their create
 * revisions. That order is the one in which etcd stores keys, so the first few of a line cost the same however long it is
 * (a list sorted by create revision makes the server read and sort the whole line).
 *
 * A producer whose ticket is too low is refused, learns the present revision with the refusal, and tries again: somebody
 * else was put meanwhile, so of all producers one always gets on. A line that was copied from another cluster may have
 * tickets from the future of this one; the greatest one is learnt as well.
 *
 * Lost answers: a key that was put and already taken looks like one that was never put, so looking for it proves nothing.
 * The put is sent with `retry: "exactly-once"`, which leaves a mark of its own beside it.
 */
import {
  type Compare,
  compare,
  type KeyRange,
  type Op,
  prefix,
  type Store,
  type WriteCallOptions,
} from "@kvorum/client";
import { toBytes } from "../../keys.js";

const TICKET_DIGITS = 16;
const CHANCE_DIGITS = 8;

export interface Appended {
  /** `<ticket>-<chance>`: unique in the line, for ever. */
  readonly id: string;
  readonly revision: bigint;
}

/** What the caller puts beside the place, and on which further conditions. */
export interface Append {
  readonly store: Store<Uint8Array>;
  /** What the keys of the line begin with. */
  readonly line: string;
  readonly write: (id: string) => readonly Op[];
  /** A key that must not exist. When it does, its value is the result instead. */
  readonly unless?: string | undefined;
  readonly options?: Pick<WriteCallOptions, "signal" | "timeout"> | undefined;
}

/** Of one process and queue: remembers the highest revision that it has seen. */
export class Tickets {
  #latest = 0n;

  /** Resolves with the place, or with the value of `unless`. Errors: `EtcdError`, `signal.reason`. */
  async append({ store, line, write, unless, options }: Append): Promise<Appended | Uint8Array> {
    for (;;) {
      const id = this.#next(store.world.random);
      const behind = from(`${line}${id}`, line);
      const conditions: Compare[] = [compare.createRevision(behind).eq(0n)];
      if (unless !== undefined) conditions.push(compare.createRevision(unless).eq(0n));
      const last = store.op.list(behind, { limit: 1, sortBy: "key", order: "desc", keysOnly: true });
      const result = await store.txn(
        { if: conditions, then: write(id), else: [last, store.op.get(unless ?? line)] },
        { ...options, retry: "exactly-once" },
      );
      const { revision } = result.header;
      this.#learn(revision);
      if (result.succeeded) return { id, revision };
      const [{ kvs }, blocking] = result.responses;
      if (unless !== undefined && blocking !== undefined) return blocking.value;
      if (kvs[0] !== undefined) this.#learn(ticketOf(kvs[0].key.slice(line.length)) + 1n);
    }
  }

  #next(random: () => number): string {
    const chance = Math.floor(random() * 2 ** 32);
    return `${this.#latest.toString(16).padStart(TICKET_DIGITS, "0")}-${chance.toString(16).padStart(CHANCE_DIGITS, "0")}`;
  }

  #learn(revision: bigint): void {
    if (revision > this.#latest) this.#latest = revision;
  }
}

/** 0 for a key that another hand has put there. */
function ticketOf(id: string): bigint {
  return /^[0-9a-f]{16}-/.test(id) ? BigInt(`0x${id.slice(0, TICKET_DIGITS)}`) : 0n;
}

/** The rest of the line, from the key on. */
function from(key: string, line: string): KeyRange {
  return { ...prefix(line), key: toBytes(key) };
}
