/** What is going to happen in the simulated cluster, earliest first; at equal times in the order of planning. */

import type { TimedQueue } from "../../seeded/timed-queue.js";
import type { Message } from "../types.js";

/** `snapshot-report` tells the sender what became of a snapshot; `drain` is the driver coming round to ask Raft. */
export type EventKind =
  | "tick"
  | "deliver"
  | "disk"
  | "apply"
  | "drain"
  | "start"
  | "snapshot-report"
  | "client"
  | "fault";

export interface PlannedEvent {
  readonly time: number;
  readonly kind: EventKind;
  /** The member it happens to; 0 for clients and faults. */
  readonly to: bigint;
  /** The life of the member it was planned for; undefined where any will do. */
  readonly life: number | undefined;
  readonly message: Message | undefined;
  /** For a report: whether the snapshot arrived. */
  readonly arrived: boolean;
}

export type EventQueue = TimedQueue<PlannedEvent>;
