/**
 * What a leader knows of one member's log (paper figure 2, nextIndex and matchIndex), and whether it may send now:
 *
 * - `probe`: where the logs meet is unknown; one message at a time
 * - `replicate`: they have met; appends are streamed ahead of their answers, within the in-flight limits
 * - `snapshot`: what the member needs is compacted away; a snapshot is out, and nothing else until its outcome is known
 *
 * A saturated stream is not silent for ever: each answer to a heartbeat lets one empty append through. If what filled the
 * window was lost, the member refuses it and probing starts; if not, its answer empties the window.
 */
import { invariant } from "../invariant.js";
import { type InflightLimits, Inflights } from "./inflights.js";
import type { MemberProgress } from "./types.js";

export class Progress {
  /** The highest index known to equal the leader's. */
  match = 0;
  /** The next index to send; always above `match`. */
  next: number;
  /** Heard from since the last quorum check (thesis §6.2). */
  recentActive = false;
  /** The newest read round that the member has answered for (thesis §6.4). */
  readRound = 0;
  /** The commit index that the newest message to the member carried; a lost one is made good by the next heartbeat. */
  sentCommit = 0;
  /** Something has happened that the member is to be told, as soon as the leader hands out its messages. */
  hasNews = false;
  #state: MemberProgress["state"] = "probe";
  /** Nothing may leave before an answer: a probe is out, or the window is full. */
  #waiting = false;
  readonly #inflights: Inflights;
  /** In state `snapshot`: the index of the mark that is out. */
  #snapshotIndex = 0;

  constructor(next: number, limits: InflightLimits) {
    this.next = next;
    this.#inflights = new Inflights(limits);
  }

  get state(): MemberProgress["state"] {
    return this.#state;
  }

  /** True while nothing more may be sent before an answer comes. */
  get paused(): boolean {
    return this.#state === "snapshot" || this.#waiting;
  }

  /** True when a message that may leave has no room for entries. */
  get saturated(): boolean {
    return this.#state === "replicate" && this.#inflights.full;
  }

  /** An append with these many entries leaves. */
  sent(entries: number, bytes: number): void {
    if (this.#state === "probe") {
      this.#waiting = true;
      return;
    }
    invariant(this.#state === "replicate", "an append left while a snapshot is out");
    this.next += entries;
    if (entries > 0) this.#inflights.add(this.next - 1, bytes);
    this.#waiting = this.#inflights.full;
  }

  /** A snapshot up to `index` leaves. */
  snapshotSent(index: number): void {
    this.#enter("snapshot");
    this.#snapshotIndex = index;
    this.sentCommit = index;
    this.next = index + 1;
  }

  /** The member holds everything up to `index`, the leader what lies above `baseIndex`; false when that is no news. */
  acknowledged(index: number, baseIndex: number): boolean {
    const news = index > this.match;
    if (news) this.match = index;
    this.#inflights.freeTo(index);
    if (this.#state === "replicate") this.#waiting = this.#inflights.full;
    if (this.#state === "probe" && index >= this.next - 1) this.#enter("replicate");
    // Whichever message brought the member here: what it needs next is in the leader's log again.
    if (this.#state === "snapshot" && news && this.match >= baseIndex) {
      this.#enter("replicate");
      this.next = this.match + 1;
    }
    this.next = Math.max(this.next, this.match + 1);
    return news;
  }

  /** The member refused an append after `prevIndex`; its log may meet ours at `meet`. False for a stale refusal. */
  refused(prevIndex: number, meet: number): boolean {
    if (this.#state === "snapshot") return false;
    // While probing only the answer to the probe counts; while streaming anything above `match` does.
    const stale = this.#state === "probe" ? prevIndex !== this.next - 1 : prevIndex <= this.match;
    if (stale) return false;
    this.#enter("probe");
    this.next = Math.max(this.match, Math.min(prevIndex - 1, meet)) + 1;
    return true;
  }

  /** The member answered a heartbeat: what it did not answer may have been lost, so one message may leave. */
  resume(): void {
    this.#waiting = false;
  }

  /** Messages to the member may have been lost: send from what is known. A snapshot's outcome is reported separately. */
  unreachable(): void {
    if (this.#state !== "replicate") return;
    this.#enter("probe");
    this.next = this.match + 1;
  }

  /** The transfer ended. Either way the next message waits for a sign of life, an acknowledgement or a heartbeat's answer. */
  snapshotReported(result: "finished" | "failed"): void {
    if (this.#state !== "snapshot") return;
    const reached = result === "finished" ? Math.max(this.match, this.#snapshotIndex) : this.match;
    this.#enter("probe");
    this.next = reached + 1;
    this.#waiting = true;
  }

  summary(): MemberProgress {
    return { match: this.match, next: this.next, state: this.#state, recentActive: this.recentActive };
  }

  inspect(): unknown {
    const { readRound, sentCommit, hasNews } = this;
    const sending = { waiting: this.#waiting, inflights: this.#inflights.inspect(), snapshot: this.#snapshotIndex };
    return { ...this.summary(), ...sending, readRound, sentCommit, hasNews };
  }

  #enter(state: MemberProgress["state"]): void {
    this.#state = state;
    this.#waiting = false;
    this.#inflights.clear();
    this.#snapshotIndex = 0;
  }
}
