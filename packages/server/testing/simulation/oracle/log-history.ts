/**
 * The logs of a run as one history: S3 (an index and a term name one entry and one past), S4 (what is committed stays), S5 (every
 * later leader has it), S6 (it is on the disks of a quorum). Fed with what the disks hold (`durable-log.ts`) and with the
 * commit indexes that members claim.
 */
import { isQuorum } from "../../../src/core/raft/testing/cluster-conf.js";
import type { ConfState, RaftStatus } from "../../../src/core/raft/types.js";
import { violated } from "../violation.js";
import type { DurableLog, DurablePosition } from "./durable-log.js";

/** Keeps (index, term) in one number. */
const TERM_SPAN = 2 ** 20;

interface Seen {
  readonly content: number;
  prefix: number | undefined;
  readonly by: string;
}

interface Committed {
  readonly term: number;
  /** Undefined where no disk that is known holds the entry any more. */
  readonly prefix: number | undefined;
  /** The term of the member that first said so. */
  readonly byTerm: number;
  readonly by: string;
}

export type Claim = Pick<RaftStatus, "id" | "role" | "term" | "commitIndex" | "confState">;

export class LogHistory {
  readonly #positions: Map<number, Seen> = new Map();
  readonly #committed: Committed[] = [{ term: 0, prefix: 0, byTerm: 0, by: "the beginning" }];

  /** The highest index that any member has ever known to be committed. */
  get committed(): number {
    return this.#committed.length - 1;
  }

  /** Prefix hash of what is committed up to an index. */
  readonly prefixAt = (index: number): number | undefined => this.#committed[index]?.prefix;

  /** Prefix hash of an entry that some disk has held. */
  readonly prefixOf = (index: number, term: number): number | undefined =>
    this.#positions.get(index * TERM_SPAN + term)?.prefix;

  /** S3: an entry is durable on a machine. */
  durable(name: string, { index, term, content, prefix }: DurablePosition): void {
    const key = index * TERM_SPAN + term;
    const seen = this.#positions.get(key);
    if (seen === undefined) {
      this.#positions.set(key, { content, prefix, by: name });
      return;
    }
    const differs = seen.content !== content ? "another entry" : "another past";
    if (seen.content !== content || (prefix !== undefined && seen.prefix !== undefined && seen.prefix !== prefix)) {
      violated("S3", `the log of ${name} has ${differs} at index ${index}, term ${term}, than that of ${seen.by}`);
    }
    seen.prefix ??= prefix;
  }

  /**
   * S4 and S6: a member knows of a commit index. What is new must be on the disks of a quorum, and a leader commits by an entry
   * of its own term. `confBefore` is the member's configuration before the event: the new one may come from the commit itself.
   */
  claimed(
    name: string,
    claim: Claim,
    confBefore: ConfState | undefined,
    logOf: (id: bigint) => DurableLog | undefined,
  ): void {
    const { commitIndex, term, role, confState } = claim;
    if (commitIndex <= this.committed) return;
    const confs = confBefore === undefined || confBefore === confState ? [confState] : [confBefore, confState];
    const own = logOf(claim.id);
    for (const conf of confs) {
      for (const id of [...conf.voters, ...conf.votersOutgoing]) {
        const position = logOf(id)?.at(commitIndex);
        if (position === undefined || (role === "leader" && position.term !== term)) continue;
        const holds = (other: bigint): boolean => logOf(other)?.holds(commitIndex, position.prefix) === true;
        if (!isQuorum(conf, holds)) continue;
        this.#commit(name, claim, logOf(id) as DurableLog);
        return;
      }
    }
    // The entries that found a cluster are committed by every member alone.
    if (this.committed === 0 && own?.termAt(commitIndex) === 1 && commitIndex <= own.commit) {
      this.#commit(name, claim, own);
      return;
    }
    const disks = [...confState.voters, ...confState.votersOutgoing].map((id) => {
      const log = logOf(id);
      return `${id.toString(16)} ${log?.at(commitIndex)?.term ?? "-"}/${commitIndex} of ${log?.lastIndex ?? "nothing"}`;
    });
    violated("S6", `${name}, ${role} in term ${term}, commits ${commitIndex}; on the disks: ${disks.join(", ")}`);
  }

  /** S4: a member's disk holds something as committed: what the others hold must be the same. */
  holdsCommitted(name: string, log: DurableLog, index: number): void {
    const known = this.#committed[index];
    const position = log.at(index);
    if (known?.prefix === undefined || position?.prefix === undefined) return;
    if (known.prefix !== position.prefix || known.term !== position.term) {
      violated(
        "S4",
        `the log of ${name} holds ${position.term}/${index} as committed, ${known.by} committed ${known.term}/${index}`,
      );
    }
  }

  /** S5: a member leads a new term. */
  elected(name: string, term: number, log: DurableLog): void {
    let index = this.committed;
    while ((this.#committed[index] as Committed).byTerm >= term) index -= 1;
    const { term: entryTerm, prefix, by } = this.#committed[index] as Committed;
    if (log.holds(index, prefix)) return;
    const own = log.at(index);
    const has = own === undefined ? `ends with ${log.lastIndex}` : `has ${own.term}/${index}`;
    violated("S5", `${name} leads term ${term} and its log ${has}; ${by} committed ${entryTerm}/${index} before`);
  }

  #commit(name: string, { commitIndex, term }: Claim, log: DurableLog): void {
    for (let index = this.#committed.length; index <= commitIndex; index++) {
      const position = log.at(index);
      this.#committed.push({ term: position?.term ?? 0, prefix: position?.prefix, byTerm: term, by: name });
    }
  }
}
