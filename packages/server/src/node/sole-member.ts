/**
 * `--force-new-cluster`: a member of a cluster that is lost becomes a cluster of one, with all that it has. Its log is
 * given one more stretch, written and committed as if it had won an election nobody took part in: its own vote if it had
 * none, and the removal of everybody else.
 *
 * All of its log counts, also what it did not know to be committed. An acknowledged write may be among it, for the news
 * that a majority has an entry comes after the entry; etcd throws that away. What was never acknowledged may then take
 * effect, as it may after any failure.
 */
import type { ConfChange } from "../core/apply/command.js";
import { invariant } from "../core/invariant.js";
import type { AppliedAt } from "../core/mvcc/backend.js";
import { changedConfState, isJoint, membersOf } from "../core/raft/conf-change.js";
import type { ConfState, Entry } from "../core/raft/types.js";
import type { RecoveredLog } from "../io/wal/replay.js";
import { decodeConfChange, encodeConfChange } from "../io/wire/command.js";
import type { FirstLog } from "./bootstrap.js";
import { hex, StartRefusedError } from "./start-refused.js";

/**
 * What goes behind the log, durable before anything of it is applied; undefined for a member that is alone already. Errors:
 * `StartRefusedError` for one that has not come to its own admission, and therefore has nothing to keep.
 */
export function soleMemberLog(memberId: bigint, log: RecoveredLog, applied: AppliedAt): FirstLog | undefined {
  const conf = lastConfState(log, applied);
  const others = membersOf(conf).filter((id) => id !== memberId);
  const isVoter = conf.voters.includes(memberId);
  if (!isVoter && !conf.learners.includes(memberId)) {
    throw new StartRefusedError(
      `--force-new-cluster keeps what a member has, and member ${hex(memberId)} has not received its own admission to the ` +
        "cluster: take the data directory of another member",
    );
  }
  if (isVoter && others.length === 0) return undefined;
  const changes: readonly ConfChange[] = [
    ...(isVoter ? [] : [changeOf("add-voter", memberId)]),
    ...others.map((id) => changeOf("remove", id)),
  ];
  const lastIndex = log.entries.at(-1)?.index ?? log.snapshot?.index ?? 0;
  // A term of its own: no other member can have an entry of the same index and term that says something else.
  const term = (log.hardState?.term ?? 0) + 1;
  const entries = changes.map((change, i): Entry => {
    return { type: "conf-change", term, index: lastIndex + 1 + i, data: encodeConfChange(0n, change) };
  });
  return { entries, hardState: { term, vote: memberId, commit: lastIndex + entries.length } };
}

/** There is a log, and it was never written to. */
export function refuseEmptyLog(walDirectory: string): never {
  throw new StartRefusedError(
    `--force-new-cluster keeps what a member has, and the log in ${walDirectory} is still empty: start without it`,
  );
}

/** The configuration once the whole log is applied. */
function lastConfState({ entries }: RecoveredLog, applied: AppliedAt): ConfState {
  let conf = applied.confState;
  for (const { type, index, data } of entries) {
    if (type === "conf-change" && index > applied.index && data.length > 0)
      conf = changedConfState(conf, decodeConfChange(data).content);
  }
  invariant(!isJoint(conf), "members are changed one at a time");
  return conf;
}

/** A learner keeps what is known of it when it becomes a voter, and a removal needs the id alone. */
function changeOf(type: ConfChange["type"], id: bigint): ConfChange {
  return { type, member: { id, name: "", peerUrls: [], clientUrls: [], isLearner: false } };
}
