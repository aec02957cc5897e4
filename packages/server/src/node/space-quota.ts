/** The quota of the backend: what would exceed it is refused before it is proposed, and makes every member refuse such writes. */
import type { Command } from "../core/apply/command.js";
import { spaceCost } from "../core/apply/space.js";
import type { StateMachine } from "../core/apply/state-machine.js";
import { ServerError } from "../core/errors.js";
import type { BackendWriter } from "./backend-writer.js";
import type { Proposals } from "./propose.js";

export interface SpaceQuotaOptions {
  /** Negative: none. */
  readonly quotaBytes: number;
  readonly memberId: bigint;
  readonly machine: Pick<StateMachine, "alarms">;
  readonly backendWriter: Pick<BackendWriter, "size">;
  readonly proposals: Pick<Proposals, "propose">;
}

export class SpaceQuota {
  readonly #options: SpaceQuotaOptions;

  constructor(options: SpaceQuotaOptions) {
    this.#options = options;
  }

  hasRoomFor(command: Command): boolean {
    const { quotaBytes, backendWriter } = this.#options;
    const cost = spaceCost(command);
    return cost === 0 || quotaBytes < 0 || backendWriter.size.bytes + cost < quotaBytes;
  }

  /** Raises the alarm, if it is not raised. Errors: `noSpace`, always; what a proposal has. */
  async refuse(): Promise<never> {
    const { memberId, machine, proposals } = this.#options;
    if (!machine.alarms.some((raised) => raised.alarm === "no-space" && raised.memberId === memberId)) {
      await proposals.propose({ kind: "alarm", action: "activate", memberId, alarm: "no-space" });
    }
    throw new ServerError("noSpace");
  }
}
