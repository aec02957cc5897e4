/**
 * What had been promised when the power went: to clients, which got their answers, and to other members, which got votes and
 * acknowledgements. And the most that may be there: what had been asked for.
 */
import type { Message } from "../../src/core/raft/types.js";

/** A write that a client asked for; the revision once it was answered. */
export interface ClientWrite {
  readonly key: string;
  /** Undefined for a delete. */
  readonly value: string | undefined;
  revision: bigint | undefined;
}

/** To other members. */
export interface MemberPromise {
  readonly term: number;
  /** Whom it gave its vote in that term, itself too; undefined for nobody that we know of. */
  readonly vote: bigint | undefined;
  /** Up to where the log was acknowledged in that term. */
  readonly lastIndex: number;
}

export interface Promises {
  /** Every entry up to here has been applied somewhere, so its proposer may have been told. */
  readonly committedIndex: number;
  /** Nothing behind this was ever in a log. */
  readonly askedIndex: number;
  readonly compactRevision: bigint;
  readonly members: ReadonlyMap<bigint, MemberPromise>;
  /** In the order in which they were asked for. */
  readonly writes: readonly Readonly<ClientWrite>[];
  /** Names of members that were, or may have been, removed. */
  readonly removed: ReadonlySet<string>;
}

/** Follows a story. */
export class PromiseBook {
  committedIndex = 0;
  askedIndex = 0;
  /** -1 is never. */
  compactRevision = -1n;
  readonly members: Map<bigint, MemberPromise> = new Map();
  readonly writes: ClientWrite[] = [];
  readonly removed: Set<string> = new Set();

  /** @param founders members of the first log, which every one of them writes by itself */
  constructor(founders: number) {
    this.askedIndex = founders;
  }

  /** The promises as they stand; later ones do not change them. */
  copy(): Promises {
    return {
      committedIndex: this.committedIndex,
      askedIndex: this.askedIndex,
      compactRevision: this.compactRevision,
      members: new Map(this.members),
      writes: this.writes.map((write) => ({ ...write })),
      removed: new Set(this.removed),
    };
  }

  /** A message that may only leave when what it says is durable. */
  noteSent(message: Message): void {
    const { from, term, type } = message;
    if (type === "vote") this.#note(from, { term, vote: from, lastIndex: 0 });
    else if (type === "vote-response" && !message.reject) this.#note(from, { term, vote: message.to, lastIndex: 0 });
    else if (type === "append-response" && !message.reject) {
      this.#note(from, { term, vote: undefined, lastIndex: message.index });
    }
  }

  #note(id: bigint, { term, vote, lastIndex }: MemberPromise): void {
    const known = this.members.get(id) ?? { term: 0, vote: undefined, lastIndex: 0 };
    if (term < known.term) return;
    const same = term === known.term;
    this.members.set(id, {
      term,
      vote: vote ?? (same ? known.vote : undefined),
      lastIndex: same ? Math.max(known.lastIndex, lastIndex) : lastIndex,
    });
  }
}
