/**
 * Raft with one mistake each, to prove that the simulation and the explorer would notice. A mistake is a replacement in
 * the text of the core; a text that does not stand there exactly once any more fails the campaign, so the list cannot rot.
 */

/** @type {readonly { name: string, edits: readonly (readonly [file: string, from: string, to: string])[] }[]} */
export const MUTANTS = [
  {
    name: "a vote leaves before it is on disk",
    edits: [["election.ts", "outbox.sendAfterDurable({\n      type: type", "outbox.send({\n      type: type"]],
  },
  {
    name: "an acknowledgement leaves before the entries are on disk",
    edits: [["follower.ts", "outbox.sendAfterDurable(acknowledgement(", "outbox.send(acknowledgement("]],
  },
  {
    name: "a change of the vote is written without a sync",
    edits: [["storage-tasks.ts", "entries.length > 0 || ballotMoved,", "entries.length > 0,"]],
  },
  {
    name: "a member votes twice in a term",
    edits: [["election.ts", "const mayVote = free || ", "const mayVote = true || "]],
  },
  {
    name: "a candidate's log is not compared",
    edits: [["election.ts", "const grant = mayVote && this.#isUpToDate(message);", "const grant = mayVote;"]],
  },
  {
    name: "an entry of an older term is committed by counting copies (paper, figure 8)",
    edits: [["leader.ts", " || log.termAt(index) !== this.#term) return false;", ") return false;"]],
  },
  {
    name: "the leader counts its own copy before its disk has it",
    edits: [
      [
        "leader.ts",
        "(id) => this.#progress.get(id)?.match ?? 0)",
        "(id) => (id === this.#id ? log.lastIndex : (this.#progress.get(id)?.match ?? 0)))",
      ],
    ],
  },
  {
    name: "a stale append truncates what matches",
    edits: [
      [
        "log.ts",
        "entries.findIndex((entry) => this.termAt(entry.index) !== entry.term)",
        "entries.findIndex((entry) => entry.index > this.#committed)",
      ],
    ],
  },
  {
    name: "the entry before an append is not compared",
    edits: [["log.ts", "if (this.termAt(prevIndex) !== prevTerm) return", "if (prevIndex > this.lastIndex) return"]],
  },
  {
    name: "a heartbeat tells a follower to commit what it may not have",
    edits: [["follower.ts", "    log.commitTo(commit);\n    outbox", "    log.commitTo(log.lastIndex);\n    outbox"]],
  },
  {
    name: "a write that ends after a truncation speaks for the new entries",
    edits: [["log.ts", "write.lastIndex = Math.min(write.lastIndex, index - 1);", "void write;"]],
  },
  {
    name: "entries are applied that the own disk does not have",
    edits: [
      [
        "log.ts",
        "return this.#applying < Math.min(this.#committed, this.#durable);",
        "return this.#applying < this.#committed;",
      ],
      ["log.ts", "const available = Math.min(this.#committed, this.#durable)", "const available = this.#committed"],
    ],
  },
  {
    name: "a read is answered without asking a majority",
    edits: [
      ["leader.ts", "id === this.#id ? round : (this.#progress.get(id)?.readRound ?? 0),", "id === 0n ? 0 : round,"],
    ],
  },
  {
    name: "a new leader answers reads before it knows what is committed",
    edits: [["leader.ts", "if (log.termAt(log.committed) !== this.#term) {", "if (this.#term < 0) {"]],
  },
  {
    name: "a second membership change is taken before the first is applied",
    edits: [
      ["leader.ts", "if (changes.length > 1 || this.#confChangePending()) return", "if (changes.length > 1) return"],
    ],
  },
  {
    name: "a new leader changes members before it has committed anything (Ongaro, 2015)",
    edits: [["leader.ts", "this.#pendingConfIndex = log.lastIndex + 1;", "this.#pendingConfIndex = 0;"]],
  },
  {
    name: "learners are counted",
    edits: [["quorum.ts", "? [conf.voters] :", "? [[...conf.voters, ...conf.learners]] :"]],
  },
  {
    name: "a joint configuration asks the new voters only",
    edits: [["quorum.ts", ": [conf.voters, conf.votersOutgoing]", ": [conf.voters]"]],
  },
  {
    name: "a snapshot below the commit index is accepted",
    edits: [
      ["follower.ts", "if (index <= log.committed || log.termAt(index) === term) return false;", ""],
      ["log.ts", "invariant(mark.index > this.#committed,", "invariant(mark.index > 0,"],
    ],
  },
  {
    name: "a snapshot's configuration is not taken over",
    edits: [["follower.ts", "conf.restore(snapshot.confState);", ""]],
  },
  {
    name: "a member whose snapshot failed is forgotten",
    edits: [["leader.ts", "this.#progress.get(id)?.snapshotReported(result);", "void [id, result];"]],
  },
  {
    name: "a transfer is never given up",
    edits: [["leader.ts", "this.#transfer.tick(electionTicks);", ""]],
  },
];

/**
 * @param {(typeof MUTANTS)[number]} mutant
 * @returns {(path: string, text: string) => string}
 */
export function changeOf({ name, edits }) {
  return (path, text) =>
    edits.reduce((changed, [file, from, to]) => {
      if (path !== `raft/${file}`) return changed;
      const parts = changed.split(from);
      if (parts.length !== 2)
        throw new Error(`"${name}": the text stands ${parts.length - 1} times in ${file}: ${from}`);
      return parts.join(to);
    }, text);
}
