/** What the parts of one member share: each works on the same log, standing and configuration. */
import type { RaftConfig } from "./config.js";
import type { Configuration } from "./configuration.js";
import type { RaftLog } from "./log.js";
import type { Outbox } from "./outbox.js";
import type { Standing } from "./standing.js";

export interface RaftParts {
  readonly config: RaftConfig;
  readonly log: RaftLog;
  readonly outbox: Outbox;
  readonly standing: Standing;
  readonly conf: Configuration;
}

/** What an acknowledgement says beside its index. */
export const NOT_REJECTED = { reject: false, rejectHint: 0, rejectTerm: 0 } as const;
