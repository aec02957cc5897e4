/**
 * The configuration of the cluster as this member knows it, at the three positions where it is asked for. They differ
 * only while a change is being applied, and while a snapshot is being installed:
 *
 * - `active`: what elections and commits go by
 * - `#machine`: as of the entry that the state machine is at; its applies of before a snapshot may still be going on
 * - `applied`: as of the applied index; what a snapshot's mark must carry, or the receiver would apply a change twice
 */
import { changedConfState, type JointChange, type MemberChange } from "./conf-change.js";
import type { RaftLog } from "./log.js";
import type { ConfState } from "./types.js";

export class Configuration {
  readonly #log: RaftLog;
  #active: ConfState;
  #machine: ConfState;
  #applied: ConfState;

  constructor(log: RaftLog, conf: ConfState) {
    this.#log = log;
    this.#active = conf;
    this.#machine = conf;
    this.#applied = conf;
  }

  get active(): ConfState {
    return this.#active;
  }

  get applied(): ConfState {
    return this.#applied;
  }

  /** In either half of a joint configuration: a member of the outgoing one may lead until it is left (thesis §4.3). */
  isVoter(id: bigint): boolean {
    return this.#active.voters.includes(id) || this.#active.votersOutgoing.includes(id);
  }

  /** A change is applied; the configuration after it. */
  change(change: MemberChange | JointChange): ConfState {
    this.#machine = changedConfState(this.#machine, change);
    // A snapshot's configuration is newer than any change below its mark.
    if (!this.#log.restoring) this.#active = this.#machine;
    return this.#machine;
  }

  /** A snapshot is accepted. */
  restore(conf: ConfState): void {
    this.#active = conf;
  }

  /** The applied index moved: by applying, or by a snapshot that is in place now. */
  noteApplied(installed: boolean): void {
    if (this.#log.restoring) return;
    if (installed) this.#machine = this.#active;
    this.#applied = this.#machine;
  }

  inspect(): unknown {
    return { active: this.#active, machine: this.#machine, applied: this.#applied };
  }
}
