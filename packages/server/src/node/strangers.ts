/**
 * Members that this one's own list does not have yet. It was away or cut off while they were added, and when
 * one of them leads, its entries come in, but the answers to them need an address. The log would bring it, and the log
 * waits for the answers: so the members that are known are asked for their list. (etcd sends the addresses along with
 * each connection instead.)
 */
import type { Membership } from "../core/apply/membership.js";
import type { Clock, Logger } from "../env.js";
import type { PeerAddress, PeerNetwork } from "../peer-network.js";
import { hex } from "./start-refused.js";

const ASK_TIMEOUT_MS = 1000;
/** Milliseconds between two rounds of questions: a stranger says something at every heartbeat. */
const ASK_PAUSE_MS = 1000;

export interface StrangersOptions {
  readonly clusterId: bigint;
  readonly memberId: bigint;
  readonly membership: () => Membership;
  readonly peers: PeerNetwork;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Members that this one was told of when it began. */
  readonly knownPeers: readonly PeerAddress[];
  /** Those of the settings, member by member; their ids are not known. */
  readonly initialUrls: readonly (readonly string[])[];
  readonly stopped: () => boolean;
  /** `addresses` has changed. */
  readonly onFound: () => void;
}

export class Strangers {
  readonly #options: StrangersOptions;
  #told: readonly PeerAddress[];
  #nextAskMs = Number.NEGATIVE_INFINITY;
  #asking = false;

  constructor(options: StrangersOptions) {
    this.#options = options;
    this.#told = options.knownPeers;
  }

  /** Addresses of members beside those in the list. One that is in it, or was removed from it, is no stranger any more. */
  get addresses(): readonly PeerAddress[] {
    const membership = this.#options.membership();
    return this.#told.filter(({ id }) => membership.member(id) === undefined && !membership.isRemoved(id));
  }

  /** Something came from the member. */
  heard(from: bigint): void {
    const { membership, clock, stopped } = this.#options;
    if (membership().member(from) !== undefined || this.#asking || clock.nowMs() < this.#nextAskMs || stopped()) return;
    if (membership().isRemoved(from) || this.#told.some(({ id }) => id === from)) return;
    this.#asking = true;
    void this.#ask(from).finally(() => {
      this.#asking = false;
      this.#nextAskMs = clock.nowMs() + ASK_PAUSE_MS;
    });
  }

  /** All at once, each under its own addresses: one that is down must not keep the others from answering. */
  async #ask(from: bigint): Promise<void> {
    const { clusterId, memberId, membership, peers, logger, initialUrls, stopped, onFound } = this.#options;
    const others = membership().members.filter(({ id }) => id !== memberId);
    const urls = [...others.map(({ peerUrls }) => peerUrls), ...this.#told.map((it) => it.urls), ...initialUrls];
    const distinct = new Map(urls.map((each) => [each.join(), each]));
    const answers = await Promise.all([...distinct.values()].map((each) => peers.discover(each, ASK_TIMEOUT_MS)));
    if (stopped()) return;
    const found = new Map<bigint, PeerAddress>();
    for (const answer of answers) {
      if (answer?.clusterId !== clusterId) continue;
      for (const { id, peerUrls } of answer.members) if (id !== memberId) found.set(id, { id, urls: peerUrls });
    }
    if (!found.has(from)) {
      logger.warn({ member: hex(from) }, "a member speaks whose address nobody knows; give it in --initial-cluster");
      return;
    }
    this.#told = [...found.values()];
    logger.info({ member: hex(from), urls: found.get(from)?.urls }, "a member was added while this one was away");
    onFound();
  }
}
