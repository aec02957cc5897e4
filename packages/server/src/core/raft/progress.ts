/**
 * What a leader knows of one member's log (paper figure 2, nextIndex and matchIndex). Unknown logs are probed with one
 * message at a time; once the logs have met, appends are streamed ahead of their answers.
 */
import { invariant } from "../invariant.js";

/** Appends on their way to one streaming follower. */
const INFLIGHT_MESSAGES_MAX = 256;

export class Progress {
  /** The highest index known to equal the leader's. */
  match: number;
  /** The next index to send; always above `match`. */
  next: number;
  /** Heard from since the last quorum check (thesis §6.2). */
  recentActive = false;
  /** The newest read round that the member has answered for (thesis §6.4). */
  readRound = 0;
  #state: "probe" | "replicate" = "probe";
  /** In state `probe`: a message is out and unanswered. */
  #probing = false;
  /** In state `replicate`: the last index of every append that is not acknowledged. */
  #inflight: number[] = [];

  constructor(match: number, next: number) {
    this.match = match;
    this.next = next;
  }

  get state(): "probe" | "replicate" {
    return this.#state;
  }

  /** True while nothing more may be sent before an answer comes. */
  get paused(): boolean {
    return this.#state === "probe" ? this.#probing : this.#inflight.length >= INFLIGHT_MESSAGES_MAX;
  }

  /** An append with these many entries leaves. */
  sent(entries: number): void {
    if (this.#state === "probe") {
      this.#probing = true;
      return;
    }
    this.next += entries;
    if (entries > 0) this.#inflight.push(this.next - 1);
  }

  /** The member holds everything up to `index`; false when that is no news. */
  acknowledged(index: number): boolean {
    this.#inflight = this.#inflight.filter((last) => last > index);
    if (this.#state === "probe" && index >= this.next - 1) this.#enter("replicate");
    const news = index > this.match;
    if (news) this.match = index;
    this.next = Math.max(this.next, this.match + 1);
    invariant(this.match < this.next, "match reached next");
    return news;
  }

  /** The member refused an append after `prevIndex`; its log may meet ours at `meet`. False for a stale refusal. */
  refused(prevIndex: number, meet: number): boolean {
    // While probing only the answer to the probe counts; while streaming anything above `match` does.
    const stale = this.#state === "probe" ? prevIndex !== this.next - 1 : prevIndex <= this.match;
    if (stale) return false;
    this.#enter("probe");
    this.next = Math.max(this.match, Math.min(prevIndex - 1, meet)) + 1;
    return true;
  }

  /** The member answered a heartbeat: whatever was probed may have been lost, so probing may go on. */
  resume(): void {
    if (this.#state === "probe") this.#probing = false;
    else if (this.paused) this.#inflight.shift();
  }

  /** Messages to the member may have been lost: send from what is known. */
  unreachable(): void {
    if (this.#state !== "replicate") return;
    this.#enter("probe");
    this.next = this.match + 1;
  }

  #enter(state: "probe" | "replicate"): void {
    this.#state = state;
    this.#probing = false;
    this.#inflight = [];
  }
}
