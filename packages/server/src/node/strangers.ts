/**
 * Members that this one's own list does not have yet. It was away or cut off while they were added, and when one of them
 * leads, its entries come in, but the answers to them need an address. The log would bring it, and the log waits for the
 * answers: so every member says where it is reached when it connects (as etcd's do).
 */
import type { Membership } from "../core/apply/membership.js";
import type { Logger } from "../env.js";
import type { PeerAddress } from "../peer-network.js";
import { hex } from "./start-refused.js";

/** Larger than any cluster; what comes beyond it is not remembered. */
const STRANGERS_MAX = 64;

export interface StrangersOptions {
  readonly membership: () => Membership;
  readonly logger: Logger;
  /** Members that this one was told of when it began. */
  readonly knownPeers: readonly PeerAddress[];
  /** `addresses` has changed. */
  readonly onFound: () => void;
}

export class Strangers {
  readonly #options: StrangersOptions;
  readonly #met: Map<bigint, PeerAddress>;

  constructor(options: StrangersOptions) {
    this.#options = options;
    this.#met = new Map(options.knownPeers.map((peer) => [peer.id, peer]));
  }

  /** Addresses of members beside those in the list. One that is in it, or was removed from it, is no stranger any more. */
  get addresses(): readonly PeerAddress[] {
    return [...this.#met.values()].filter(({ id }) => this.#isStranger(id));
  }

  /** The member has connected to this one. */
  met(peer: PeerAddress): void {
    const { logger, onFound } = this.#options;
    const { id, urls } = peer;
    if (!this.#isStranger(id) || urls.length === 0 || String(this.#met.get(id)?.urls) === String(urls)) return;
    if (!this.#met.has(id) && this.addresses.length >= STRANGERS_MAX) return;
    this.#met.set(id, peer);
    logger.info({ member: hex(id), urls }, "a member that is not known here yet has connected");
    onFound();
  }

  #isStranger(id: bigint): boolean {
    const membership = this.#options.membership();
    return membership.member(id) === undefined && !membership.isRemoved(id);
  }
}
