/**
 * S9: who counts is the same wherever the same conf changes are applied; a log never holds two that are not committed; who was
 * removed never comes back; nobody counts as voter and as learner.
 */
import type { ConfState } from "../../../src/core/raft/types.js";
import { violated } from "../violation.js";
import type { DurableLog } from "./durable-log.js";

export class Configurations {
  /** Index of a conf change → the configuration that it made. */
  readonly #known: Map<number, { readonly text: string; readonly by: string }> = new Map();
  #newest = -1;
  #members: ReadonlySet<bigint> = new Set();
  readonly #removed: Map<bigint, number> = new Map();

  /** @param change the last conf change that the member has applied */
  stands(name: string, change: number, conf: ConfState): void {
    const text = describeConf(conf);
    const known = this.#known.get(change);
    if (known !== undefined) {
      if (known.text !== text)
        violated("S9", `after the change at ${change} ${name} has ${text}, ${known.by} ${known.text}`);
      return;
    }
    this.#known.set(change, { text, by: name });
    const twice = [...conf.learners, ...conf.learnersNext].find(
      (id) => conf.voters.includes(id) || conf.learners.includes(id) === conf.learnersNext.includes(id),
    );
    if (twice !== undefined) violated("S9", `${name} counts ${twice.toString(16)} twice: ${text}`);
    if (change > this.#newest) this.#follow(name, change, conf);
  }

  /** A log has new entries on its disk. */
  logged(name: string, log: Pick<DurableLog, "confChanges" | "commit">, committed: number): void {
    const settled = Math.max(committed, log.commit);
    const [first, second] = log.confChanges.slice(-2);
    if (first !== undefined && second !== undefined && first > settled) {
      violated("S9", `the log of ${name} has the conf changes ${first} and ${second}; committed is ${settled}`);
    }
  }

  #follow(name: string, change: number, conf: ConfState): void {
    this.#newest = change;
    const members = new Set([...conf.voters, ...conf.votersOutgoing, ...conf.learners, ...conf.learnersNext]);
    for (const id of this.#members) if (!members.has(id)) this.#removed.set(id, change);
    for (const id of members) {
      const removed = this.#removed.get(id);
      if (removed !== undefined) {
        violated("S9", `${id.toString(16)} was removed by ${removed} and is back by ${change}, says ${name}`);
      }
    }
    this.#members = members;
  }
}

export function describeConf(conf: ConfState): string {
  const list = (ids: readonly bigint[]): string =>
    ids
      .map((id) => id.toString(16))
      .sort()
      .join(" ");
  const { voters, votersOutgoing, learners, learnersNext, autoLeave } = conf;
  return `voters(${list(voters)}) out(${list(votersOutgoing)}) learners(${list(learners)}) next(${list(learnersNext)})${autoLeave ? " auto" : ""}`;
}
