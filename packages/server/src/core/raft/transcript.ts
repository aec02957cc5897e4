/**
 * Plays a script against Raft members and writes down what they answer; the recorded scripts stand in `testdata/`.
 *
 * A script is blocks of commands, each followed by `----` and the answers. The network, every disk and every state machine
 * are queues that move only on command, so each interleaving can be told step by step:
 *
 *     members 1 2 3          a fresh cluster of voters; options after the ids: `no-pre-vote`, `no-check-quorum`,
 *                            `learner=4`, and limits by the name they have in `RaftOptions`: `inflightMessagesMax=2`
 *     log 3 7 1/1 2/2=x      before anything else: member 3 starts in term 7 with these entries on its disk
 *     join 4                 a new member that knows no configuration yet
 *     tick 1 5 · campaign 1 · propose 1 hello · read 1 7 · compact 1 10 · transfer 1 2 · forget 2
 *     propose-conf 1 add-voter 4 · propose-conf 1 joint auto add-voter 4 remove 1 · propose-conf 1 (leaves a joint one)
 *     unreachable 1 3 · report-snapshot 1 3 finished
 *     append-from 2 1 3 1/4 5 3/5=x   member 2 gets an append of leader 1, term 3, after 1/4, commit 5, with one entry
 *     heartbeat-from 2 1 3 5          … a heartbeat of leader 1, term 3, commit 5
 *     ready 1                takes one `Ready`: sends go to the network, the append to the disk's queue, the apply likewise
 *     durable 1 [n]          the disk finishes its oldest n writes (all): tokens first, then the messages that waited
 *     again 1                hands the last append token back a second time
 *     applied 1              the state machine finishes what it was given
 *     install 1              the state machine puts the snapshot in place that the disk has not written yet
 *     deliver [1-2 [type]] · drop [1-2 [type]]   network messages: all, those from 1 to 2, of one type (`all append`)
 *     keep [1-2 [type]] · replay   copies what is on the network; hands the copies over, as often as wanted
 *     settle [quiet]         everything, until nothing moves; `quiet` forgets the block's answers so far
 *     cut 3 · heal           nothing reaches member 3 or leaves it, until the network is healed
 *     stall 1 disk|apply · resume 1   `settle` does not move that queue of member 1
 *     restart 1              forgets what the disk and the state machine have not finished
 *     wipe 1                 restarts with an empty disk
 *     status 1 · progress 1 · entries 1 · inspect 1
 */
import { EMPTY_CONF_STATE } from "./conf-change.js";
import type { RaftOptions } from "./config.js";
import { Machine, type MachineWorld } from "./transcript-machine.js";
import {
  bytes,
  describeEntries,
  describeMessage,
  describeProgress,
  describeStatus,
  parseAppend,
  parseEntry,
  parseHeartbeat,
} from "./transcript-text.js";
import type { ConfState, Message } from "./types.js";

export class Transcript {
  readonly #machines: Map<bigint, Machine> = new Map();
  #network: Message[] = [];
  #kept: readonly Message[] = [];
  #cut: Set<bigint> = new Set();
  #initial: ConfState = EMPTY_CONF_STATE;
  #world: MachineWorld = this.#worldOf({});
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
    const [verb = "", ...words] = line.split(" ");
    if (this.#clusterCommand(verb, words)) return;
    const machine = this.#machine(words[0]);
    const rest = words.slice(1);
    machine.attempt(() => {
      const known = this.#raftCommand(verb, machine, rest) || this.#worldCommand(verb, machine, rest);
      if (!known) throw new Error(`the transcript has no command ${verb}`);
    });
  }

  #clusterCommand(verb: string, words: readonly string[]): boolean {
    switch (verb) {
      case "members":
        this.#start(words);
        return true;
      case "log":
        this.#addMachine(BigInt(words[0] ?? "0"), this.#initial, words.slice(1));
        return true;
      case "join":
        this.#addMachine(BigInt(words[0] ?? "0"), EMPTY_CONF_STATE);
        return true;
      case "deliver":
        this.#deliver(this.#takeMessages(words));
        return true;
      case "drop":
        for (const message of this.#takeMessages(words)) this.#print(`lost: ${describeMessage(message)}`);
        return true;
      case "keep":
        this.#kept = this.#network.filter((message) => matches(message, words));
        return true;
      case "replay":
        this.#deliver(this.#kept);
        return true;
      case "cut":
        this.#cut = new Set([...this.#cut, ...words.map(BigInt)]);
        return true;
      case "heal":
        this.#cut = new Set();
        return true;
      case "settle":
        this.#settle();
        if (words[0] === "quiet") this.#output = [];
        return true;
      case "restart":
        this.#machine(words[0]).restart();
        this.#print(describeStatus(this.#machine(words[0]).raft.status));
        return true;
      case "wipe":
        this.#machine(words[0]).wipe();
        return true;
      default:
        return false;
    }
  }

  #raftCommand(verb: string, { id, raft }: Machine, rest: readonly string[]): boolean {
    switch (verb) {
      case "tick":
        for (let n = Number(rest[0] ?? 1); n > 0; n--) raft.tick();
        return true;
      case "campaign":
        raft.campaign();
        return true;
      case "propose":
        this.#print(raft.propose(rest.map((word) => ({ type: "command", data: bytes(word) }))));
        return true;
      case "propose-conf":
        this.#print(raft.proposeConfChange(bytes(rest.join(" "))));
        return true;
      case "read":
        raft.readIndex(Number(rest[0]));
        return true;
      case "transfer":
        this.#print(raft.transferLeadership(BigInt(rest[0] ?? "0")));
        return true;
      case "forget":
        raft.forgetLeader();
        return true;
      case "unreachable":
        raft.reportUnreachable(BigInt(rest[0] ?? "0"));
        return true;
      case "report-snapshot":
        raft.reportSnapshot(BigInt(rest[0] ?? "0"), rest[1] === "finished" ? "finished" : "failed");
        return true;
      case "append-from":
        raft.step(parseAppend(id, rest));
        return true;
      case "heartbeat-from":
        raft.step(parseHeartbeat(id, rest));
        return true;
      case "status":
        this.#print(describeStatus(raft.status));
        return true;
      case "progress":
        for (const [member, progress] of raft.progress ?? []) this.#print(describeProgress(member, progress));
        return true;
      case "inspect":
        this.#print(JSON.stringify(raft.inspect()));
        return true;
      default:
        return false;
    }
  }

  #worldCommand(verb: string, machine: Machine, rest: readonly string[]): boolean {
    switch (verb) {
      case "ready":
        machine.ready();
        return true;
      case "durable":
        machine.durable(rest[0] === undefined ? undefined : Number(rest[0]));
        return true;
      case "again":
        machine.again();
        return true;
      case "applied":
        machine.apply();
        return true;
      case "install":
        machine.install();
        return true;
      case "compact":
        machine.compact(Number(rest[0]));
        return true;
      case "stall":
        if (rest[0] === "disk") machine.diskStalls = true;
        else machine.appliesStall = true;
        return true;
      case "resume":
        machine.diskStalls = false;
        machine.appliesStall = false;
        return true;
      case "entries":
        this.#print(`${machine.id}: ${describeEntries(machine.durableEntries)}`);
        return true;
      default:
        return false;
    }
  }

  #start(words: readonly string[]): void {
    const ids = words.filter((word) => /^\d+$/.test(word)).map(BigInt);
    const settings = words.flatMap((word) => (word.includes("=") ? [word.split("=") as [string, string]] : []));
    const learners = settings.filter(([name]) => name === "learner").map(([, id]) => BigInt(id));
    const limits = settings.filter(([name]) => name !== "learner").map(([name, value]) => [name, Number(value)]);
    const switches = { preVote: !words.includes("no-pre-vote"), checkQuorum: !words.includes("no-check-quorum") };
    this.#world = this.#worldOf({ ...switches, ...Object.fromEntries(limits) });
    this.#initial = { ...EMPTY_CONF_STATE, voters: ids, learners };
    for (const id of [...ids, ...learners]) this.#addMachine(id, this.#initial);
  }

  #worldOf(options: Partial<RaftOptions>): MachineWorld {
    return {
      options,
      print: (line) => this.#print(line),
      send: (messages) => this.#network.push(...messages),
      joined: (id) => {
        if (!this.#machines.has(id)) this.#addMachine(id, this.#initial);
      },
    };
  }

  #addMachine(id: bigint, confState: ConfState, [term, ...entries]: readonly string[] = []): void {
    const disk = term === undefined ? undefined : { term: Number(term), entries: entries.map(parseEntry) };
    this.#machines.set(id, new Machine(id, confState, this.#world, disk));
  }

  #settle(): void {
    for (let moved = true; moved; ) {
      moved = false;
      for (const machine of this.#machines.values()) {
        machine.attempt(() => {
          if (machine.raft.hasReady()) moved = true;
          while (machine.raft.hasReady()) {
            machine.ready();
            this.#finish(machine);
          }
          this.#finish(machine);
          if (machine.raft.hasReady()) moved = true;
        });
      }
      const messages = this.#takeMessages([]);
      moved ||= messages.length > 0;
      this.#deliver(messages);
    }
  }

  #finish(machine: Machine): void {
    if (!machine.diskStalls) machine.durable();
    if (!machine.appliesStall) machine.apply();
  }

  #takeMessages(filter: readonly string[]): readonly Message[] {
    const taken = this.#network.filter((message) => matches(message, filter));
    this.#network = this.#network.filter((message) => !matches(message, filter));
    return taken;
  }

  #deliver(messages: readonly Message[]): void {
    for (const message of messages) {
      const machine = this.#machines.get(message.to);
      const isLost = this.#cut.has(message.from) || this.#cut.has(message.to) || machine?.stopped !== false;
      this.#print(`${isLost ? "lost: " : ""}${describeMessage(message)}`);
      if (!isLost) machine.attempt(() => machine.raft.step(message));
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

/** `1-2` for who says it to whom, and optionally the type. */
function matches(message: Message, [route, type]: readonly string[]): boolean {
  const isOnRoute = route === undefined || route === "all" || `${message.from}-${message.to}` === route;
  return isOnRoute && (type === undefined || message.type === type);
}
