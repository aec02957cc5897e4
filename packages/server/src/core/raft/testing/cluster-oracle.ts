/**
 * What must hold in the simulated cluster after every event, whatever went wrong: the safety properties of Raft, read off
 * the simulated disks, the messages and the state machines rather than off what Raft says of itself. It keeps the history
 * of a whole run, so that "never" means never and not just "not now".
 */
import type { AppendTask, ConfState, Entry, Message, RaftStatus, ReadState, SnapshotMark } from "../types.js";
import { describeConf, isJoint, isQuorum } from "./cluster-conf.js";
import type { HashedLog } from "./cluster-log.js";
import type { Machine, SimulatedMember } from "./cluster-member.js";
import type { Plan } from "./cluster-plan.js";
import { check } from "./cluster-violation.js";

/** Bytes that an entry counts for in Raft's limits beside its data; `log.ts` says the same. */
const ENTRY_OVERHEAD_BYTES = 16;

/** Keeps (index, term) in one number. */
const TERM_SPAN = 2 ** 20;

interface Committed {
  readonly term: number;
  readonly hash: number;
  /** The term of the leader that first said so. */
  readonly byTerm: number;
}

type Find = (id: bigint) => SimulatedMember | undefined;

export class Oracle {
  readonly #plan: Plan;
  readonly #find: Find;
  readonly #leaders: Map<number, bigint> = new Map();
  readonly #positions: Map<number, number> = new Map();
  readonly #committed: Committed[] = [{ term: 0, hash: 0, byTerm: 0 }];
  readonly #confs: { readonly index: number; readonly text: string }[] = [];
  readonly #grants: Map<string, bigint> = new Map();
  readonly #ballots: Map<bigint, { readonly term: number; readonly vote: bigint }> = new Map();
  /** For each open read the index that it must reach. */
  readonly #reads: Map<number, number> = new Map();
  #highestCommit = 0;

  constructor(plan: Plan, find: Find, first: Machine, log: HashedLog) {
    this.#plan = plan;
    this.#find = find;
    for (let index = 1; index <= first.index; index++) {
      this.#committed.push({ term: 1, hash: log.hashAt(index) ?? 0, byTerm: 1 });
      this.#positions.set(index * TERM_SPAN + 1, log.hashAt(index) ?? 0);
    }
    this.#confs.push({ index: first.index, text: describeConf(first.confState) });
    this.#highestCommit = first.index;
  }

  /** The highest index that any member has ever known to be committed. */
  get highestCommit(): number {
    return this.#highestCommit;
  }

  /** Terms that have had a leader. */
  get terms(): number {
    return this.#leaders.size;
  }

  /** The term of a committed entry. */
  committedTerm(index: number): number {
    const committed = this.#committed[index];
    check(committed !== undefined, "S7", () => `nobody has committed ${index}`);
    return committed.term;
  }

  /** The rolling hash of a snapshot's content, which is the only content there can be at that index. */
  readonly contentAt = (index: number): number => {
    const committed = this.#committed[index];
    check(committed !== undefined, "S7", () => `a snapshot is at ${index}, which nobody has committed`);
    return committed.hash;
  };

  /** Some member knows that everything up to `index` is committed. To be told before it tells others. */
  knowsCommit(index: number): void {
    this.#highestCommit = Math.max(this.#highestCommit, index);
  }

  /** Says whether the member believes that it leads, and a later leader has been elected. */
  readAsked(requestId: number, { term, role }: RaftStatus): boolean {
    this.#reads.set(requestId, this.#highestCommit);
    return role === "leader" && Math.max(...this.#leaders.keys()) > term;
  }

  /** False when the read has been answered already. */
  readAnswered(member: SimulatedMember, { requestId, index }: ReadState): boolean {
    const atLeast = this.#reads.get(requestId);
    if (atLeast === undefined) return false;
    this.#reads.delete(requestId);
    check(
      index >= atLeast,
      "S10",
      () => `member ${member.id} reads at ${index}, but ${atLeast} was committed when it asked`,
    );
    check(
      index <= this.#highestCommit,
      "S10",
      () => `member ${member.id} reads at ${index}, which nobody has committed`,
    );
    return true;
  }

  /** A task has been handed to the disk. Says whether it takes entries back that an earlier one wrote. */
  handed(member: SimulatedMember, task: AppendTask, status: RaftStatus): boolean {
    const { entries, snapshot, hardState, mustSync } = task;
    if (snapshot !== undefined) this.#checkMark(member, snapshot);
    const before =
      member.disk.pending.findLast((write) => write.hardState !== undefined)?.hardState ?? member.disk.hardState;
    const ballotMoves =
      hardState !== undefined && (hardState.term !== (before?.term ?? 0) || hardState.vote !== (before?.vote ?? 0n));
    const matters = entries.length > 0 || snapshot !== undefined || ballotMoves;
    check(mustSync || !matters, "S2", () => `member ${member.id} writes what matters without a sync`);
    if (snapshot !== undefined) {
      const { index, term } = snapshot;
      member.handed.restart({ index, term, hash: this.contentAt(index) });
    }
    let truncates = false;
    for (const entry of entries) {
      const isConflict = entry.index <= member.handed.lastIndex;
      check(
        !isConflict || entry.index > member.commitChecked,
        "S4",
        () => `member ${member.id} replaces entry ${entry.index}, committed`,
      );
      if (member.handed.put(entry)) truncates = true;
      this.#checkPosition(member, entry);
      if (entry.type === "conf-change") this.#checkSingleConfChange(member, entry, status);
    }
    return truncates;
  }

  /** The disk of a member has changed. */
  durable(member: SimulatedMember): void {
    const { term, vote } = member.disk.ballot;
    const before = this.#ballots.get(member.id) ?? { term: 0, vote: 0n };
    check(
      term >= before.term,
      "S2",
      () => `member ${member.id}'s term on disk goes back from ${before.term} to ${term}`,
    );
    const keeps = term > before.term || before.vote === 0n || before.vote === vote;
    check(keeps, "S2", () => `member ${member.id}'s vote of term ${term} on disk goes from ${before.vote} to ${vote}`);
    this.#ballots.set(member.id, { term, vote });
  }

  /** A message is about to leave its sender. */
  leaves(member: SimulatedMember, message: Message): void {
    const { disk } = member;
    const current = disk.ballot.term === message.term;
    switch (message.type) {
      case "vote-response":
        if (!message.reject) this.#checkGrant(member, message.term, message.to);
        break;
      case "vote": {
        check(
          disk.ballot.term >= message.term,
          "S2",
          () => `member ${member.id} asks for votes of a term that it may forget`,
        );
        const named =
          !current ||
          message.lastIndex < disk.log.base.index ||
          disk.log.termAt(message.lastIndex) === message.lastTerm;
        check(named, "S2", () => `member ${member.id} asks for votes for a log that it may lose`);
        break;
      }
      case "append-response": {
        const held = message.reject || !current || message.index <= disk.log.lastIndex;
        check(
          held,
          "S6",
          () => `member ${member.id} acknowledges ${message.index}, its disk ends at ${disk.log.lastIndex}`,
        );
        break;
      }
      case "append":
        this.#checkAppend(member, message);
        break;
      case "snapshot":
        this.#checkMark(member, message.snapshot);
        break;
    }
  }

  /** An entry has gone through the state machine. */
  applied(member: SimulatedMember, entry: Entry, confChanged: boolean): void {
    const { index, hash, confState } = member.machine;
    const committed = this.#committed[index];
    check(
      index <= this.#highestCommit && committed !== undefined,
      "S7",
      () => `member ${member.id} applies ${index}, not committed`,
    );
    check(hash === committed.hash, "S7", () => `member ${member.id} has another history than the rest at ${index}`);
    check(committed.term === entry.term, "S7", () => `member ${member.id} applies ${index} of term ${entry.term}`);
    const { log } = member.disk;
    const onDisk = log.base.index > index || log.hashAt(index) === hash;
    check(onDisk, "S8", () => `member ${member.id} applies ${index}, which its own disk does not have`);
    if (!confChanged) return;
    const text = describeConf(confState);
    const known = this.#confs.find((conf) => conf.index === index);
    if (known === undefined) this.#confs.push({ index, text });
    check(
      (known?.text ?? text) === text,
      "S9",
      () => `member ${member.id} has ${text} at ${index}, others ${known?.text}`,
    );
  }

  /** The steps that a configuration may take (thesis §4.1, §4.3): every majority of the old meets every one of the new. */
  confStep(member: SimulatedMember, before: ConfState, after: ConfState): void {
    const overlap = [...after.learners, ...after.learnersNext].filter((id) => after.voters.includes(id));
    check(overlap.length === 0, "S9", () => `member ${member.id} counts ${overlap} as voter and as learner`);
    const [old, now] = [new Set(before.voters), new Set(after.voters)];
    const moved = [...old].filter((id) => !now.has(id)).length + [...now].filter((id) => !old.has(id)).length;
    const sameAs = (ids: readonly bigint[]): boolean => ids.length === old.size && ids.every((id) => old.has(id));
    const enters = !isJoint(before) && isJoint(after) && sameAs(after.votersOutgoing);
    const leaves = isJoint(before) && !isJoint(after) && moved === 0;
    const simple = !isJoint(before) && !isJoint(after) && moved <= 1;
    check(
      enters || leaves || simple,
      "S9",
      () => `member ${member.id} goes from ${describeConf(before)} to ${describeConf(after)}`,
    );
  }

  /** After every event, for the member that it touched. True when the member has just become leader. */
  after(member: SimulatedMember, status: RaftStatus, drained: boolean): boolean {
    const { commitIndex, appliedIndex, lastIndex, firstIndex } = status;
    const installs = !drained || member.disk.pending.some((task) => task.snapshot !== undefined);
    const based = firstIndex - 1 <= appliedIndex || installs;
    const inOrder = based && appliedIndex <= commitIndex && commitIndex <= lastIndex;
    check(
      inOrder,
      "S8",
      () =>
        `member ${member.id}: first ${firstIndex}, applied ${appliedIndex}, commit ${commitIndex}, last ${lastIndex}`,
    );
    check(
      commitIndex >= member.commitSeen,
      "S4",
      () => `member ${member.id}'s commit index goes back to ${commitIndex}`,
    );
    check(
      !drained || lastIndex === member.handed.lastIndex,
      "S8",
      () => `member ${member.id} keeps entries from its disk`,
    );
    const elected = status.role === "leader" && this.#checkLeader(member, status);
    if (commitIndex > member.commitSeen) member.quorumChecked = false;
    member.commitSeen = commitIndex;
    // Until then Raft's log may differ from what was handed out, which is all that can be seen of it.
    if (drained) this.#checkLog(member, status);
    return elected;
  }

  #checkLog(member: SimulatedMember, status: RaftStatus): void {
    this.#checkCommitted(member, status);
    if (status.role === "leader") {
      if (!member.quorumChecked) this.#checkDurableQuorum(member, status);
      if (!member.leaderLogChecked) this.#checkLeaderLog(member, status);
    }
    member.quorumChecked = true;
    member.leaderLogChecked = true;
  }

  #checkLeader(member: SimulatedMember, { term, confState }: RaftStatus): boolean {
    if (member.ledTerm === term) return false;
    const other = this.#leaders.get(term);
    check(other === undefined, "S1", () => `members ${other} and ${member.id} both lead term ${term}`);
    this.#leaders.set(term, member.id);
    member.ledTerm = term;
    member.leaderLogChecked = false;
    const voted = (id: bigint): boolean => this.#votedFor(id, term, member.id);
    check(
      isQuorum(confState, voted),
      "S2",
      () => `member ${member.id} leads term ${term} without a quorum's votes on disk`,
    );
    return true;
  }

  #votedFor(id: bigint, term: number, candidate: bigint): boolean {
    if (id !== candidate) return this.#grants.get(`${id} ${term}`) === candidate;
    const ballot = this.#ballots.get(id);
    return ballot !== undefined && (ballot.term > term || (ballot.term === term && ballot.vote === candidate));
  }

  #checkGrant(member: SimulatedMember, term: number, candidate: bigint): void {
    const { ballot } = member.disk;
    const written = ballot.term > term || (ballot.term === term && ballot.vote === candidate);
    check(
      written,
      "S2",
      () => `member ${member.id} votes for ${candidate} in term ${term}, its disk says ${ballot.term}/${ballot.vote}`,
    );
    const before = this.#grants.get(`${member.id} ${term}`) ?? candidate;
    check(before === candidate, "S2", () => `member ${member.id} votes for ${before} and ${candidate} in term ${term}`);
    this.#grants.set(`${member.id} ${term}`, candidate);
  }

  #checkPosition(member: SimulatedMember, entry: Entry): void {
    const key = entry.index * TERM_SPAN + entry.term;
    const hash = member.handed.hashAt(entry.index) as number;
    const known = this.#positions.get(key) ?? hash;
    check(
      known === hash,
      "S3",
      () => `member ${member.id} has another log up to ${entry.term}/${entry.index} than an earlier one`,
    );
    this.#positions.set(key, hash);
  }

  #checkSingleConfChange(member: SimulatedMember, { index, term }: Entry, status: RaftStatus): void {
    const own = status.role === "leader" && term === status.term;
    const settled = own ? status.appliedIndex : this.#highestCommit;
    for (const earlier of member.handed.entries) {
      const open = earlier.type === "conf-change" && earlier.index > settled && earlier.index < index;
      check(
        !open,
        "S9",
        () => `member ${member.id} has conf changes ${earlier.index} and ${index}, settled is ${settled}`,
      );
    }
  }

  #checkCommitted(member: SimulatedMember, { commitIndex, term }: RaftStatus): void {
    const { handed } = member;
    if (commitIndex <= member.commitChecked) return;
    for (let index = this.#committed.length; index <= commitIndex; index++) {
      const [entryTerm, hash] = [handed.termAt(index), handed.hashAt(index)];
      check(entryTerm !== undefined && hash !== undefined, "S4", () => `member ${member.id} committed ${index} unseen`);
      this.#committed.push({ term: entryTerm, hash, byTerm: term });
    }
    const [hash, known] = [handed.hashAt(commitIndex), this.#committed[commitIndex]?.hash];
    const same = hash === undefined || hash === known;
    check(same, "S4", () => `member ${member.id} committed something else up to ${commitIndex}`);
    member.commitChecked = commitIndex;
  }

  /** A leader commits entries of its own term only, and only what a power loss of everybody would leave on a quorum. */
  #checkDurableQuorum(member: SimulatedMember, { commitIndex, term, confState }: RaftStatus): void {
    const committed = this.#committed[commitIndex];
    check(
      committed?.term === term,
      "S6",
      () => `leader ${member.id} of term ${term} commits ${committed?.term}/${commitIndex}`,
    );
    const holds = (id: bigint): boolean => {
      const log = this.#find(id)?.disk.log;
      if (log === undefined || log.lastIndex < commitIndex) return false;
      return log.base.index > commitIndex || log.hashAt(commitIndex) === committed?.hash;
    };
    check(
      isQuorum(confState, holds),
      "S6",
      () => `leader ${member.id} commits ${commitIndex}, not on the disks of a quorum`,
    );
  }

  #checkLeaderLog(member: SimulatedMember, { term }: RaftStatus): void {
    let index = this.#committed.length - 1;
    while ((this.#committed[index] as Committed).byTerm >= term) index--;
    const { handed } = member;
    check(
      handed.lastIndex >= index,
      "S5",
      () => `leader ${member.id} of term ${term} ends before ${index}, committed earlier`,
    );
    const same = handed.base.index > index || handed.hashAt(index) === this.#committed[index]?.hash;
    check(same, "S5", () => `leader ${member.id} of term ${term} has another log up to ${index}, committed earlier`);
  }

  #checkAppend(member: SimulatedMember, message: Extract<Message, { type: "append" }>): void {
    const { entries, prevIndex, commit } = message;
    const inRow = entries.every((entry, i) => entry.index === prevIndex + 1 + i);
    check(inRow, "S3", () => `member ${member.id} sends entries that do not follow each other`);
    const bytes = entries.reduce((sum, { data }) => sum + data.length + ENTRY_OVERHEAD_BYTES, 0);
    const fits = entries.length <= 1 || bytes <= this.#plan.messageBytesMax;
    check(
      fits,
      "S19",
      () => `member ${member.id} sends ${bytes} bytes in a message, allowed are ${this.#plan.messageBytesMax}`,
    );
    check(commit <= this.#highestCommit, "S4", () => `member ${member.id} claims ${commit} to be committed`);
  }

  #checkMark(member: SimulatedMember, { index, term, confState }: SnapshotMark): void {
    const committed = this.#committed[index];
    check(
      committed?.term === term,
      "S7",
      () => `member ${member.id} names a snapshot ${term}/${index}, committed is ${committed?.term}`,
    );
    const known = this.#confs.filter((conf) => conf.index <= index).reduce((a, b) => (a.index > b.index ? a : b));
    const text = describeConf(confState);
    check(
      known.text === text,
      "S9",
      () => `member ${member.id} has a snapshot at ${index} with ${text}, not ${known.text}`,
    );
  }
}
