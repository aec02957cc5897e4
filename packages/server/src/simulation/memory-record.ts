/**
 * What has been sent over the network in memory, so that it can arrive once more much later: of each type of message the
 * newest few in each direction. By type, because heartbeats would otherwise push out the rare ones within a second, and
 * those (votes, offers of office, answers to reads) are the ones whose late arrival has brought down clusters.
 */
import type { Message } from "../core/raft/types.js";
import type { Random } from "../env.js";
import type { Running } from "../io/peers/handshake.js";

export interface RecordedMessage {
  /** The sender's life that has sent it. */
  readonly sender: Running;
  readonly to: bigint;
  /** Where the receiver was reached. */
  readonly urls: readonly string[];
  readonly type: Message["type"];
  readonly bytes: Uint8Array;
}

/** Messages kept of one type in one direction. */
const KEPT_MAX = 16;

interface Ring {
  readonly kept: RecordedMessage[];
  noted: number;
}

export class MemoryRecord {
  readonly #rings = new Map<string, Ring>();

  note(message: RecordedMessage): void {
    const name = `${message.sender.identity.memberId}>${message.to} ${message.type}`;
    const ring = this.#rings.get(name) ?? { kept: [], noted: 0 };
    if (ring.noted === 0) this.#rings.set(name, ring);
    ring.kept[ring.noted++ % KEPT_MAX] = message;
  }

  /** One of them; every direction and type is as likely as another. Undefined before anything was sent. */
  pick(random: Pick<Random, "int">): RecordedMessage | undefined {
    const rings = [...this.#rings.values()];
    const kept = rings[random.int(rings.length)]?.kept ?? [];
    return kept[random.int(kept.length)];
  }
}

/**
 * Whether the message may arrive more than once. A forwarded proposal may not: it carries no mark by which the leader could
 * know it again, so a copy within the term would be carried out twice, and the connection (TCP) is trusted to hand it over
 * once at most. All others say what is so in a term or ask about it; Raft has to bear their copies at any time. Snapshots
 * are streams and never come here.
 */
export function isRepeatable({ type }: Message): boolean {
  return type !== "propose";
}
