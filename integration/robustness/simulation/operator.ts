/**
 * What an operator does after the trouble, by the book: a cluster that has run out of its quota refuses writes until old
 * revisions are given up, the space is given back, and the alarm is cleared.
 */
import { AlarmRequest_AlarmAction, AlarmType, KV, Maintenance } from "@kvorum/proto";
import { RpcError } from "@kvorum/transport";
import type { Machine, Simulation } from "../../../packages/server/testing/simulation/simulation.js";
import { violated } from "../../../packages/server/testing/simulation/violation.js";
import type { Environment } from "../environment.js";

const CALL = { timeoutMs: 10_000 };
const RETRY_MS = 100;
/** Between two looks while all is well. */
const WATCH_MS = 1_000;

export class Operator {
  /** Undefined while nothing has gone wrong that repeating does not mend. */
  failure: unknown;
  /** The last refusal, for whoever waits. */
  last = "nothing asked yet";
  /** Whether the last look at the alarms found none. */
  clear = false;
  /** Whether it has come to its end, after `stop`. */
  gone = false;
  #stopped = false;
  readonly #simulation: Simulation;
  readonly #environment: Environment;
  readonly #compactable: () => number;

  /** @param compactable the newest revision that every witness has been told of */
  constructor(simulation: Simulation, environment: Environment, compactable: () => number) {
    this.#simulation = simulation;
    this.#environment = environment;
    this.#compactable = compactable;
  }

  /** Clears alarms until `stop`: while clients write, the next one may come at any moment. */
  async watchOver(members: readonly Machine[]): Promise<void> {
    while (!this.#stopped && this.failure === undefined) {
      try {
        this.clear = await this.#attempt(members);
      } catch (error) {
        if (error instanceof RpcError) this.last = error.message;
        else this.failure = error;
      }
      await this.#environment.pause(this.clear ? WATCH_MS : RETRY_MS);
    }
    this.gone = true;
  }

  stop(): void {
    this.#stopped = true;
  }

  async #attempt(members: readonly Machine[]): Promise<boolean> {
    const [asked] = members;
    if (asked === undefined) return false;
    const channel = this.#environment.connect(asked.name);
    const { alarms } = await channel.unary(Maintenance.method.alarm, { action: AlarmRequest_AlarmAction.GET }, CALL);
    if (alarms.length === 0) return true;
    const corrupt = alarms.find(({ alarm }) => alarm === AlarmType.CORRUPT);
    if (corrupt !== undefined && !this.#simulation.plan.faults.has("damage")) {
      violated("S18", `member ${corrupt.memberID.toString(16)} is said to be corrupt, though nothing was damaged`);
    }
    this.#simulation.trace.note("world", `the operator clears ${alarms.length} alarms`);
    await this.#giveUpHistory(asked.name);
    for (const { name } of members) {
      await this.#environment.connect(name).unary(Maintenance.method.defragment, {}, CALL);
    }
    for (const { memberID, alarm } of alarms) {
      await channel.unary(
        Maintenance.method.alarm,
        { action: AlarmRequest_AlarmAction.DEACTIVATE, memberID, alarm },
        CALL,
      );
    }
    return false;
  }

  async #giveUpHistory(name: string): Promise<void> {
    const revision = this.#compactable();
    const compacted = Number(this.#simulation.machine(name).node?.stats.compactRevision ?? 0n);
    if (revision <= compacted) return;
    await this.#environment
      .connect(name)
      .unary(
        KV.method.compact,
        { revision: BigInt(revision), physical: true },
        { timeoutMs: CALL.timeoutMs + this.#simulation.scrubMs },
      );
  }
}
