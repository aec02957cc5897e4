/**
 * What tells a repeated write from a new one: a lease, a key under it that holds the smallest number that is still open, and
 * a number for each write. The server refuses every number below the one in the key, and all of them once the key is gone.
 * So a copy of a request that was held up somewhere has no effect however late it arrives, although markers are removed.
 *
 * The idea is that of client sessions in Ongaro's thesis on Raft (§6.3), built from a txn instead of a state machine's own
 * table of answers.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { TxnRequestSchema } from "@kvorum/proto";
import { concatBytes, toBytes } from "../keys.js";
import type { Lease } from "../lease/lease.js";
import { doesNotExist, openBelow, sequenceText, type Ticket } from "./once-marks.js";

type TxnInit = MessageInitShape<typeof TxnRequestSchema>;

/** Writes that are over, after which their markers are removed in one request. */
const SETTLED_MAX = 64;

export class OnceSession {
  readonly #lease: Lease;
  readonly #key: Uint8Array;
  /** In the order of their numbers, because a set keeps the order in which its members came. */
  readonly #open = new Set<number>();
  #next = 0;
  #settled = 0;
  #ended = false;

  constructor(prefix: Uint8Array, lease: Lease) {
    this.#lease = lease;
    this.#key = concatBytes(prefix, toBytes(lease.id.toString(16).padStart(16, "0")));
  }

  /** May new writes use it? */
  get usable(): boolean {
    return !this.#ended && !this.#lease.signal.aborted;
  }

  take(): Ticket {
    const sequence = this.#next++;
    this.#open.add(sequence);
    return {
      sequence,
      sessionKey: this.#key,
      markerKey: concatBytes(this.#key, toBytes(`/${sequenceText(sequence)}`)),
      lease: this.#lease.id,
    };
  }

  /** The write is over, whatever came of it: no further copy of it may take effect. True when it is time to clean. */
  settle(ticket: Ticket): boolean {
    this.#open.delete(ticket.sequence);
    this.#settled += 1;
    return this.#settled >= SETTLED_MAX;
  }

  /** Creates the session's key. Repeatable. */
  openRequest(): TxnInit {
    return { compare: [doesNotExist(this.#key)], success: [this.#putOpen(0)] };
  }

  /** Closes all numbers below the smallest open one and removes their markers. Repeatable, and in any order. */
  cleanRequest(): TxnInit {
    this.#settled = 0;
    const [lowest = this.#next] = this.#open;
    const markers = {
      key: concatBytes(this.#key, toBytes("/")),
      rangeEnd: concatBytes(this.#key, toBytes(`/${sequenceText(lowest)}`)),
    };
    return {
      compare: [openBelow(this.#key, lowest)],
      success: [this.#putOpen(lowest), { request: { case: "requestDeleteRange", value: markers } }],
    };
  }

  /** The session's key is gone on the server, or nobody needs it. */
  async end(timeoutMs: number): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#lease.revoke({ timeout: timeoutMs }).catch(() => undefined);
  }

  #putOpen(lowest: number): NonNullable<TxnInit["success"]>[number] {
    const value = { key: this.#key, value: toBytes(sequenceText(lowest)), lease: this.#lease.id };
    return { request: { case: "requestPut", value } };
  }
}
