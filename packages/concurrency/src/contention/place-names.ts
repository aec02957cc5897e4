/**
 * Names for places of locks that may have several contenders in one session: a key of its own for each acquisition. So whatever
 * answer gets lost, a key with this name is this acquisition's, and taking it away needs no condition.
 */
import type { ClientWorld } from "@kvorum/client";
import type { Session } from "../session.js";

/** Bits of chance that tell one process's names from another's on the same lease. */
const LIFE_SPAN = 2 ** 48;

export class PlaceNames {
  readonly #life: string;
  #count = 0;

  constructor({ random }: ClientWorld) {
    this.#life = Math.floor(random() * LIFE_SPAN).toString(16);
  }

  /** `<lease in hex>-<this process>-<number>`. */
  next({ leaseId }: Session): string {
    this.#count += 1;
    return `${leaseId.toString(16)}-${this.#life}-${this.#count.toString(16)}`;
  }

  /**
   * Whether the place belongs to the session's lease and not to this process: then it is of the process before, whose lease the
   * session has adopted, and nobody will ever give it up.
   */
  isLeftover(key: string, lease: bigint, { leaseId }: Session): boolean {
    return lease === leaseId && !key.slice(key.lastIndexOf("/")).startsWith(`/${leaseId.toString(16)}-${this.#life}-`);
  }
}

// Of each client, as in local-queue.ts.
const makers = new WeakMap<object, PlaceNames>();

export function placeNamesOf(client: object, world: ClientWorld): PlaceNames {
  const names = makers.get(client) ?? new PlaceNames(world);
  makers.set(client, names);
  return names;
}
