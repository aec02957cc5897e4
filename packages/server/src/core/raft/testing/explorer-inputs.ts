/** What may happen to a member in a given state, within the bounds of an exploration. */
import { encodeChange } from "./cluster-conf.js";
import type { Input, MachineOptions } from "./explorer-machine.js";
import type { MemberState } from "./explorer-states.js";

/** How often something may happen in a run, all members taken together. */
export interface Budgets {
  readonly proposals: number;
  readonly confChanges: number;
  readonly crashes: number;
  /** Messages that arrive and are on their way still. */
  readonly duplicates: number;
  readonly compactions: number;
}

export interface ExplorerBounds extends MachineOptions, Budgets {
  /** Nobody starts an election beyond this term. */
  readonly termMax: number;
  /** Entries of a log, those included that new leaders begin with. */
  readonly entriesMax: number;
  /** Messages on their way at once. */
  readonly messagesMax: number;
  /** Writes of a member on their way at once. */
  readonly writesMax: number;
  /** Time passes in ticks, and leases count. Otherwise elections start whenever they like, and nothing else takes time. */
  readonly ticks: boolean;
  /** Changes that a leader may be asked for, and their number's budget is `confChanges`. */
  readonly changes: readonly Parameters<typeof encodeChange>[0][];
  /** Begin with member 1 leading and everybody at rest, instead of with nothing. */
  readonly startElected: boolean;
  readonly statesMax: number;
}

export interface PossibleInput {
  readonly input: Input;
  /** Names the input among all that the member may get in this state. */
  readonly name: string;
  readonly budgets: Budgets;
}

const COMMAND = Uint8Array.of(1);

export function inputsOf(member: MemberState, budgets: Budgets, bounds: ExplorerBounds): readonly PossibleInput[] {
  const result: PossibleInput[] = [];
  const add = (name: string, input: Input, left: Budgets = budgets): void => {
    result.push({ name, input, budgets: left });
  };
  const { pendingWrites } = member;
  const writable = pendingWrites < bounds.writesMax;
  if (pendingWrites > 0) add("completes a write", { type: "write" });
  const mayTick = member.term < bounds.termMax || member.role === "leader";
  if (bounds.ticks && mayTick) add("ticks", { type: "tick" });
  if (!bounds.ticks && writable && member.mayCampaign && member.term < bounds.termMax) {
    add("times out", { type: "timeout" });
  }
  if (member.role === "leader" && writable && member.lastIndex < bounds.entriesMax) {
    if (budgets.proposals > 0) {
      const left = { ...budgets, proposals: budgets.proposals - 1 };
      add("proposes", { type: "propose", conf: false, data: COMMAND }, left);
    }
    bounds.changes.forEach((change, i) => {
      if (budgets.confChanges === 0) return;
      const left = { ...budgets, confChanges: budgets.confChanges - 1 };
      add(`proposes change ${i}`, { type: "propose", conf: true, data: encodeChange(change) }, left);
    });
  }
  if (budgets.compactions > 0 && member.applied > member.baseIndex) {
    add("compacts", { type: "compact" }, { ...budgets, compactions: budgets.compactions - 1 });
  }
  if (budgets.crashes > 0) {
    const left = { ...budgets, crashes: budgets.crashes - 1 };
    for (let survivors = 0; survivors <= pendingWrites; survivors++) {
      add(`crashes, ${survivors} writes done`, { type: "crash", survivors, loseUnsynced: false }, left);
    }
    if (member.hasUnsynced) add("loses power", { type: "crash", survivors: 0, loseUnsynced: true }, left);
  }
  return result;
}
