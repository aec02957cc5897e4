/** How a transcript writes down what Raft members say, and reads what a script tells them. Scripts are ASCII. */
import { isJoint, type JointChange, type MemberChange } from "./conf-change.js";
import type { AppendTask, ConfState, Entry, MemberProgress, Message, RaftStatus, Ready } from "./types.js";

export function describeReady(ready: Ready): readonly string[] {
  const lines: string[] = [];
  const { softState, append, apply, reads, send } = ready;
  if (softState !== undefined) lines.push(`${softState.role} lead=${softState.lead} term=${softState.term}`);
  for (const message of send) lines.push(`send ${describeMessage(message)}`);
  if (append !== undefined) lines.push(...describeAppend(append));
  if (apply !== undefined) lines.push(`apply ${describeEntries(apply.entries)}`);
  for (const read of reads) lines.push(`read ${read.requestId} at ${read.index}`);
  return lines;
}

function describeAppend(task: AppendTask): readonly string[] {
  const parts = [`append #${task.token.sequence}`];
  const { hardState, snapshot } = task;
  if (snapshot !== undefined) parts.push(`snapshot ${snapshot.term}/${snapshot.index}`);
  if (task.entries.length > 0) parts.push(describeEntries(task.entries));
  if (hardState !== undefined) {
    parts.push(`hard(term=${hardState.term} vote=${hardState.vote} commit=${hardState.commit})`);
  }
  parts.push(task.mustSync ? "sync" : "no-sync");
  return [parts.join(" "), ...task.afterDurable.map((message) => `  then ${describeMessage(message)}`)];
}

/** `term/index=data`, a conf change in braces, the empty entry without data. */
export function describeEntries(entries: readonly Entry[]): string {
  return entries
    .map(({ type, term, index, data }) => {
      const content = type === "conf-change" ? `{${text(data)}}` : text(data);
      return `${term}/${index}${content === "" ? "" : `=${content}`}`;
    })
    .join(" ");
}

export function describeMessage(message: Message): string {
  const { type, from, to, term } = message;
  return `${from}->${to} ${type} term=${term}${describeFields(message)}`;
}

function describeFields(message: Message): string {
  switch (message.type) {
    case "vote":
    case "pre-vote":
      return ` last=${message.lastTerm}/${message.lastIndex}${message.transfer ? " transfer" : ""}`;
    case "vote-response":
    case "pre-vote-response":
      return message.reject ? " refused" : " granted";
    case "append": {
      const entries = message.entries.length === 0 ? "" : ` ${describeEntries(message.entries)}`;
      return ` after=${message.prevTerm}/${message.prevIndex} commit=${message.commit}${entries}`;
    }
    case "append-response":
      return message.reject
        ? ` refused=${message.index} hint=${message.rejectTerm}/${message.rejectHint}`
        : ` index=${message.index}`;
    case "heartbeat":
      return ` commit=${message.commit} round=${message.context}`;
    case "heartbeat-response":
      return ` round=${message.context}`;
    case "snapshot":
      return ` mark=${message.snapshot.term}/${message.snapshot.index} ${describeConf(message.snapshot.confState)}`;
    case "read-index":
      return ` request=${message.context}`;
    case "read-index-response":
      return ` request=${message.context} index=${message.index}`;
    case "propose":
      return ` ${message.entries.map((entry) => text(entry.data)).join(" ")}`;
    case "timeout-now":
      return "";
  }
}

/** Voters always, the rest where there is some. */
export function describeConf(conf: ConfState): string {
  const parts = [`voters=${conf.voters.join(",")}`];
  if (conf.learners.length > 0) parts.push(`learners=${conf.learners.join(",")}`);
  if (isJoint(conf)) parts.push(`outgoing=${conf.votersOutgoing.join(",")}`);
  if (conf.learnersNext.length > 0) parts.push(`learners-next=${conf.learnersNext.join(",")}`);
  if (conf.autoLeave) parts.push("auto-leave");
  return parts.join(" ");
}

export function describeStatus(status: RaftStatus): string {
  const { id, role, lead, term, commitIndex, appliedIndex, firstIndex, lastIndex, confState, transferee } = status;
  const log = `commit=${commitIndex} applied=${appliedIndex} log=${firstIndex}..${lastIndex}`;
  const transfer = transferee === 0n ? "" : ` transferee=${transferee}`;
  return `${id}: ${role} lead=${lead} term=${term} ${log} ${describeConf(confState)}${transfer}`;
}

export function describeProgress(id: bigint, progress: MemberProgress): string {
  const { match, next, state, recentActive } = progress;
  return `${id}: ${state} match=${match} next=${next}${recentActive ? " active" : ""}`;
}

export function parseAppend(to: bigint, words: readonly string[]): Message {
  const [from, term, previous, commit, ...entries] = words;
  const [prevTerm, prevIndex] = parsePosition(previous);
  const common = { from: BigInt(from ?? "0"), to, term: Number(term) };
  return { ...common, type: "append", prevIndex, prevTerm, commit: Number(commit), entries: entries.map(parseEntry) };
}

export function parseHeartbeat(to: bigint, [from, term, commit]: readonly string[]): Message {
  const common = { from: BigInt(from ?? "0"), to, term: Number(term) };
  return { ...common, type: "heartbeat", commit: Number(commit), context: 0 };
}

/** `add-voter 2`, `joint explicit add-voter 2 remove 1`, and nothing at all for the end of a joint configuration. */
export function parseChange(data: Uint8Array): MemberChange | JointChange {
  const words = text(data).split(" ");
  if (words[0] === "") return { type: "leave-joint" };
  if (words[0] !== "joint") return parseMemberChange(words);
  const changes: MemberChange[] = [];
  for (let i = 2; i < words.length; i += 2) changes.push(parseMemberChange(words.slice(i)));
  return { type: "joint", transition: words[1] as "auto" | "implicit" | "explicit", changes };
}

function parseMemberChange([type, id]: readonly string[]): MemberChange {
  return { type: type as MemberChange["type"], member: { id: BigInt(id ?? "0") } };
}

/** `term/index=data`. */
export function parseEntry(word: string): Entry {
  const [position, data] = word.split("=");
  const [term, index] = parsePosition(position);
  return { type: "command", term, index, data: bytes(data ?? "") };
}

function parsePosition(word: string | undefined): readonly [number, number] {
  const [term, index] = (word ?? "0/0").split("/").map(Number);
  return [term ?? 0, index ?? 0];
}

export function bytes(word: string): Uint8Array {
  return Uint8Array.from(word, (letter) => letter.charCodeAt(0));
}

function text(data: Uint8Array): string {
  return String.fromCharCode(...data);
}
