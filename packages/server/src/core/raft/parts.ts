/** What the parts of one member share: each works on the same log, standing and configuration. */
import type { RaftConfig } from "./config.js";
import type { Configuration } from "./configuration.js";
import type { RaftLog } from "./log.js";
import type { Outbox } from "./outbox.js";
import type { Standing } from "./standing.js";
import type { Message } from "./types.js";

export interface RaftParts {
  readonly config: RaftConfig;
  readonly log: RaftLog;
  readonly outbox: Outbox;
  readonly standing: Standing;
  readonly conf: Configuration;
}

/** `to` is told that this member holds everything up to `index`; written out, for there is one for every append. */
export function acknowledgement({ config, standing }: RaftParts, to: bigint, index: number): Message {
  const { id: from } = config;
  const { term } = standing;
  return { type: "append-response", from, to, term, index, reject: false, rejectHint: 0, rejectTerm: 0 };
}
