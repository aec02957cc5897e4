/**
 * The network between simulated members: every message takes its own time, some get lost, some come twice, cut links carry
 * nothing, and a few old messages are kept to turn up again much later.
 */

import { Chance } from "../../seeded/chance.js";
import type { Message } from "../types.js";
import type { Plan } from "./cluster-plan.js";

/** Old messages kept for a replay. */
const KEPT_MESSAGES_MAX = 40;

/** Time units that a snapshot may take on its way when snapshots are slow. */
const SLOW_SNAPSHOT_UNITS = 400;

export interface Delivery {
  readonly message: Message;
  /** When it arrives. */
  readonly time: number;
}

export class SimulatedNetwork {
  readonly #plan: Plan;
  readonly #chance: Chance;
  readonly #cut: Set<string> = new Set();
  readonly #lastArrivals: Map<string, number> = new Map();
  #kept: Message[] = [];
  #healed = false;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#chance = Chance.of(plan.seed, "network");
  }

  /** When and how often the message arrives; an empty answer means it is lost. Links keep the order unless they reorder. */
  send(message: Message, now: number): readonly Delivery[] {
    const chance = this.#chance;
    const { faults, delayMax, dropPercent } = this.#plan;
    const reordered = chance.percent(10);
    const [dropped, duplicated] = [chance.percent(dropPercent), chance.percent(10)];
    const [delay, late] = [chance.between(1, delayMax), chance.between(1, 4 * delayMax)];
    const snapshotDelay = chance.int(SLOW_SNAPSHOT_UNITS);
    const slot = chance.int(KEPT_MESSAGES_MAX);
    if (this.#healed) return [{ message, time: this.#inOrder(message, now + 1 + (delay % 3)) }];
    if (faults.has("replay")) this.#kept[slot] = message;
    if (faults.has("drop") && dropped) return [];
    // A snapshot takes a stream of its own.
    const slow = message.type === "snapshot" && faults.has("slow snapshot");
    const aside = slow ? snapshotDelay : faults.has("reorder") && reordered ? late : undefined;
    const time = aside === undefined ? this.#inOrder(message, now + delay) : now + aside;
    const once = { message, time };
    return faults.has("duplicate") && duplicated ? [once, { message, time: time + late }] : [once];
  }

  /** Whether a message that arrives now gets through. */
  connects(from: bigint, to: bigint): boolean {
    return !this.#cut.has(`${from}-${to}`);
  }

  /** An old message, if there is one. */
  takeKept(): Message | undefined {
    const kept = this.#kept.filter((message) => message !== undefined);
    return kept.length === 0 ? undefined : this.#chance.pick(kept);
  }

  #inOrder({ from, to }: Message, time: number): number {
    const link = `${from}-${to}`;
    const ordered = Math.max(time, this.#lastArrivals.get(link) ?? 0);
    this.#lastArrivals.set(link, ordered);
    return ordered;
  }

  /** One of the shapes in which networks fail; `one` is the member that it happens to where it happens to one. */
  cut(ids: readonly bigint[], one: bigint): void {
    const chance = this.#chance;
    this.#cut.clear();
    const half = new Set(ids.filter(() => chance.percent(50)));
    const shape = chance.weighted({ isolate: 5, split: 3, "one way": 2, ring: 1, deaf: 1 });
    for (const from of ids) {
      for (const to of ids) {
        const [a, b] = [ids.indexOf(from), ids.indexOf(to)];
        const cuts = {
          isolate: from === one || to === one,
          split: half.has(from) !== half.has(to),
          "one way": half.has(from) && !half.has(to),
          ring: Math.abs(a - b) !== 1 && Math.abs(a - b) !== ids.length - 1,
          deaf: to === one,
        };
        if (from !== to && cuts[shape]) this.#cut.add(`${from}-${to}`);
      }
    }
  }

  reconnect(): void {
    this.#cut.clear();
  }

  /** From now on everything arrives, once and soon. */
  heal(): void {
    this.reconnect();
    this.#kept = [];
    this.#healed = true;
  }
}
