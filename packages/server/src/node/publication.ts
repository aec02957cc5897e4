/** A member's first word to its cluster: its name and the URLs at which it serves clients. */
import type { Membership } from "../core/apply/membership.js";
import { ServerError } from "../core/errors.js";
import type { Clock, Logger } from "../env.js";
import type { Proposals } from "./propose.js";
import type { ReadRounds } from "./read.js";
import { sleep } from "./sleep.js";

/** Milliseconds between attempts. */
const RETRY_MS = 50;

export interface PublicationOptions {
  readonly memberId: bigint;
  readonly name: string;
  readonly clientUrls: readonly string[];
  /** What was found of it on disk: it has never told anybody its name. */
  readonly isNew: boolean;
  readonly membership: () => Membership;
  readonly reads: Pick<ReadRounds, "barrier">;
  readonly proposals: Pick<Proposals, "propose">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly stopped: () => boolean;
}

export class Publication {
  readonly #options: PublicationOptions;
  #isNew: boolean;

  constructor(options: PublicationOptions) {
    this.#options = options;
    this.#isNew = options.isNew;
  }

  /** Nobody can know the member's name yet. */
  get isNew(): boolean {
    return this.#isNew;
  }

  /** Ends when the cluster knows what there is to know, or knew it before. Errors: what stops the member. */
  async run(): Promise<void> {
    const { logger, clock, stopped } = this.#options;
    for (;;) {
      try {
        return await this.#publish();
      } catch (error) {
        if (stopped() || !(error instanceof ServerError)) throw error;
        logger.warn({ error: error.message }, "publishing the member's name is tried again");
        await sleep(clock, RETRY_MS);
      }
    }
  }

  async #publish(): Promise<void> {
    const { reads, proposals, membership, memberId, name, clientUrls } = this.#options;
    await reads.barrier();
    // The leader has listened to this member. From here on the others may know its name before it does.
    this.#isNew = false;
    const known = membership().member(memberId);
    if (known?.name === name && sameUrls(known.clientUrls, clientUrls)) return;
    await proposals.propose({ kind: "member-attributes", memberId, name, clientUrls });
  }
}

function sameUrls(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((url) => b.includes(url));
}
