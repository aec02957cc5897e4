/**
 * Plays a script against Raft members and writes down what they answer; the recorded scripts stand in `testdata/`.
 *
 * A script is blocks of commands, each followed by `----` and the answers. The network, every disk and every state machine
 * are queues that move only on command, so each interleaving can be told step by step:
 *
 *     members 1 2 3          a fresh cluster of voters; options after the ids: `no-pre-vote`, `no-check-quorum`
 *     tick 1 5 · campaign 1 · propose 1 hello · propose-conf 1 add-voter 4 · read 1 7 · compact 1 10
 *     append-from 2 1 3 1/4 5 3/5=x   member 2 gets an append of leader 1, term 3, after 1/4, commit 5, with one entry
 *     ready 1                takes one `Ready`: sends go to the network, the append to the disk's queue, the apply likewise
 *     durable 1 [n]          the disk finishes its oldest n writes (all): tokens first, then the messages that waited
 *     again 1                hands the last append token back a second time
 *     applied 1              the state machine finishes what it was given
 *     deliver [1-2] · drop [1-2]   network messages, all or those from 1 to 2
 *     settle [quiet]         everything, until nothing moves; `quiet` forgets the block's answers so far
 *     restart 1              forgets what the disk and the state machine have not finished
 *     status 1
 */
import { EMPTY_CONF_STATE, type MemberChange } from "./conf-change.js";
import { Raft } from "./raft.js";
import type { AppendTask, ApplyTask, ConfState, Entry, HardState, Message, Ready } from "./types.js";

interface Machine {
  readonly id: bigint;
  raft: Raft;
  writes: AppendTask[];
  applies: ApplyTask[];
  lastToken: AppendTask["token"] | undefined;
  // What survives a restart:
  entries: Entry[];
  hardState: HardState | undefined;
  base: { index: number; term: number };
  applied: { index: number; confState: ConfState };
}

export class Transcript {
  readonly #machines: Map<bigint, Machine> = new Map();
  #network: Message[] = [];
  #options: { preVote: boolean; checkQuorum: boolean } = { preVote: true, checkQuorum: true };
  #output: string[] = [];

  /** Runs every block of the script and returns it with the answers that were given now. */
  replay(script: string): string {
    const blocks = script.trimEnd().split(/\n{2,}/);
    return `${blocks.map((block) => this.#replayBlock(block)).join("\n\n")}\n`;
  }

  #replayBlock(block: string): string {
    const lines = block.split("\n");
    const end = lines.indexOf("----");
    const head = end === -1 ? lines : lines.slice(0, end);
    const commands = head.filter((line) => line !== "" && !line.startsWith("#"));
    if (commands.length === 0) return block;
    this.#output = [];
    for (const command of commands) this.#command(command);
    const answers = this.#output.length === 0 ? ["ok"] : this.#output;
    return [...head, "----", ...answers].join("\n");
  }

  #command(line: string): void {
    const [verb, ...words] = line.split(" ");
    switch (verb) {
      case "members":
        this.#start(words);
        return;
      case "deliver":
        this.#deliver(this.#takeMessages(words[0]));
        return;
      case "drop":
        for (const message of this.#takeMessages(words[0])) this.#print(`lost: ${describeMessage(message)}`);
        return;
      case "settle":
        this.#settle();
        if (words[0] === "quiet") this.#output = [];
        return;
    }
    const machine = this.#machine(words[0]);
    const rest = words.slice(1);
    switch (verb) {
      case "tick":
        for (let n = Number(rest[0] ?? 1); n > 0; n--) machine.raft.tick();
        break;
      case "campaign":
        machine.raft.campaign();
        break;
      case "propose":
        this.#print(machine.raft.propose(rest.map((word) => ({ type: "command", data: bytes(word) }))));
        break;
      case "propose-conf":
        this.#print(machine.raft.proposeConfChange(bytes(rest.join(" "))));
        break;
      case "read":
        machine.raft.readIndex(Number(rest[0]));
        break;
      case "compact":
        this.#compact(machine, Number(rest[0]));
        break;
      case "append-from":
        machine.raft.step(parseAppend(machine.id, rest));
        break;
      case "ready":
        this.#ready(machine);
        break;
      case "durable":
        this.#durable(machine, Number(rest[0] ?? machine.writes.length));
        break;
      case "again":
        if (machine.lastToken !== undefined) machine.raft.appended(machine.lastToken);
        break;
      case "applied":
        this.#applied(machine);
        break;
      case "restart":
        this.#restart(machine);
        break;
      case "status":
        this.#print(describeStatus(machine.raft));
        break;
      default:
        throw new Error(`the transcript has no command ${verb}`);
    }
  }

  #start(words: readonly string[]): void {
    const ids = words.filter((word) => /^\d+$/.test(word)).map(BigInt);
    this.#options = { preVote: !words.includes("no-pre-vote"), checkQuorum: !words.includes("no-check-quorum") };
    const confState: ConfState = { ...EMPTY_CONF_STATE, voters: ids };
    for (const id of ids) this.#addMachine(id, confState);
  }

  #addMachine(id: bigint, confState: ConfState): void {
    const disk = { entries: [], hardState: undefined, base: { index: 0, term: 0 }, applied: { index: 0, confState } };
    this.#machines.set(id, {
      id,
      ...disk,
      raft: this.#build({ id, ...disk }),
      writes: [],
      applies: [],
      lastToken: undefined,
    });
  }

  #build(disk: Pick<Machine, "id" | "entries" | "hardState" | "base" | "applied">): Raft {
    // The spread of timeouts is the member's id, so that a script can say who is first.
    const random = (): number => Number(disk.id) - 1;
    return new Raft({ ...disk, electionTicks: 10, heartbeatTicks: 4, random, ...this.#options });
  }

  #ready(machine: Machine): void {
    if (!machine.raft.hasReady()) {
      this.#print(`${machine.id}: nothing to do`);
      return;
    }
    const ready = machine.raft.ready();
    for (const line of describeReady(ready)) this.#print(`${machine.id}: ${line}`);
    this.#network.push(...ready.send);
    if (ready.append !== undefined) machine.writes.push(ready.append);
    if (ready.apply !== undefined) machine.applies.push(ready.apply);
  }

  #durable(machine: Machine, count: number): void {
    for (const task of machine.writes.splice(0, count)) {
      const first = task.entries[0];
      if (first !== undefined) {
        machine.entries = [...machine.entries.filter((entry) => entry.index < first.index), ...task.entries];
      }
      if (task.hardState !== undefined) machine.hardState = task.hardState;
      machine.lastToken = task.token;
      machine.raft.appended(task.token);
      for (const message of task.afterDurable) {
        if (message.to === machine.id) machine.raft.step(message);
        else this.#network.push(message);
      }
    }
  }

  #applied(machine: Machine): void {
    for (const task of machine.applies.splice(0)) {
      for (const entry of task.entries) {
        if (entry.type !== "conf-change") continue;
        const [type, id] = text(entry.data).split(" ");
        const change = { type: type as MemberChange["type"], member: { id: BigInt(id ?? "0") } };
        const before = machine.applied.confState;
        const confState = machine.raft.applyConfChange(change);
        machine.applied = { ...machine.applied, confState };
        this.#print(`${machine.id}: voters=${confState.voters.join(",")} learners=${confState.learners.join(",")}`);
        if (change.type !== "remove" && !this.#machines.has(change.member.id)) {
          this.#addMachine(change.member.id, before);
        }
      }
      machine.applied = { ...machine.applied, index: task.token.lastIndex };
      machine.raft.applied(task.token);
    }
  }

  #compact(machine: Machine, index: number): void {
    machine.raft.compact(index);
    const term = machine.entries.find((entry) => entry.index === index)?.term ?? machine.base.term;
    machine.base = { index, term };
    machine.entries = machine.entries.filter((entry) => entry.index > index);
  }

  #restart(machine: Machine): void {
    machine.writes = [];
    machine.applies = [];
    machine.raft = this.#build(machine);
    this.#print(describeStatus(machine.raft));
  }

  #settle(): void {
    for (let moved = true; moved; ) {
      moved = false;
      for (const machine of this.#machines.values()) {
        while (machine.raft.hasReady()) {
          moved = true;
          this.#ready(machine);
          this.#durable(machine, machine.writes.length);
          this.#applied(machine);
        }
      }
      const messages = this.#takeMessages(undefined);
      moved ||= messages.length > 0;
      this.#deliver(messages);
    }
  }

  #takeMessages(route: string | undefined): readonly Message[] {
    const matches = (message: Message): boolean => route === undefined || `${message.from}-${message.to}` === route;
    const taken = this.#network.filter(matches);
    this.#network = this.#network.filter((message) => !matches(message));
    return taken;
  }

  #deliver(messages: readonly Message[]): void {
    for (const message of messages) {
      this.#print(describeMessage(message));
      this.#machines.get(message.to)?.raft.step(message);
    }
  }

  #machine(word: string | undefined): Machine {
    const machine = this.#machines.get(BigInt(word ?? "0"));
    if (machine === undefined) throw new Error(`the transcript has no member ${word}`);
    return machine;
  }

  #print(line: string): void {
    this.#output.push(line);
  }
}

function describeReady(ready: Ready): readonly string[] {
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
  if (task.entries.length > 0) parts.push(describeEntries(task.entries));
  const { hardState } = task;
  if (hardState !== undefined) {
    parts.push(`hard(term=${hardState.term} vote=${hardState.vote} commit=${hardState.commit})`);
  }
  parts.push(task.mustSync ? "sync" : "no-sync");
  return [parts.join(" "), ...task.afterDurable.map((message) => `  then ${describeMessage(message)}`)];
}

/** `term/index=data`, a conf change in braces, the empty entry without data. */
function describeEntries(entries: readonly Entry[]): string {
  return entries
    .map(({ type, term, index, data }) => {
      const content = type === "conf-change" ? `{${text(data)}}` : text(data);
      return `${term}/${index}${content === "" ? "" : `=${content}`}`;
    })
    .join(" ");
}

function describeMessage(message: Message): string {
  const { type, from, to, term } = message;
  return `${from}->${to} ${type} term=${term}${describeFields(message)}`;
}

function describeFields(message: Message): string {
  switch (message.type) {
    case "vote":
    case "pre-vote":
      return ` last=${message.lastTerm}/${message.lastIndex}`;
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
    case "read-index":
      return ` request=${message.context}`;
    case "read-index-response":
      return ` request=${message.context} index=${message.index}`;
    case "propose":
      return ` ${message.entries.map((entry) => text(entry.data)).join(" ")}`;
    default:
      return "";
  }
}

function describeStatus(raft: Raft): string {
  const { id, role, lead, term, commitIndex, appliedIndex, firstIndex, lastIndex, confState } = raft.status;
  const log = `commit=${commitIndex} applied=${appliedIndex} log=${firstIndex}..${lastIndex}`;
  return `${id}: ${role} lead=${lead} term=${term} ${log} voters=${confState.voters.join(",")}`;
}

function parseAppend(to: bigint, words: readonly string[]): Message {
  const [from, term, previous, commit, ...entries] = words;
  const [prevTerm, prevIndex] = (previous ?? "0/0").split("/").map(Number);
  return {
    type: "append",
    from: BigInt(from ?? "0"),
    to,
    term: Number(term),
    prevIndex: prevIndex ?? 0,
    prevTerm: prevTerm ?? 0,
    commit: Number(commit),
    entries: entries.map(parseEntry),
  };
}

function parseEntry(word: string): Entry {
  const [position, data] = word.split("=");
  const [term, index] = (position ?? "").split("/").map(Number);
  return { type: "command", term: term ?? 0, index: index ?? 0, data: bytes(data ?? "") };
}

// `core/` has no TextEncoder; scripts are ASCII.
function bytes(word: string): Uint8Array {
  return Uint8Array.from(word, (letter) => letter.charCodeAt(0));
}

function text(data: Uint8Array): string {
  return String.fromCharCode(...data);
}
