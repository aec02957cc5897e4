/** An `Env` without a world: memory for the disk, a clock by hand, nobody else in the network, and silence. */
import type { Message } from "../src/core/raft/types.js";
import type { Env, Failpoints, Logger } from "../src/env.js";
import { MemoryDisk } from "../src/io/disk/memory-disk.js";
import { NO_PEERS } from "../src/io/peers/no-peers.js";
import { SeededRandom } from "../src/simulation/seeded-random.js";
import { ManualClock } from "./manual-clock.js";

export const SILENT_LOGGER: Logger = { debug() {}, info() {}, warn() {}, error() {} };

export interface TestEnv extends Env {
  readonly clock: ManualClock;
  readonly disk: MemoryDisk;
  /** What was sent to other members. */
  readonly sent: Message[];
}

export interface TestEnvOptions {
  readonly disk?: MemoryDisk;
  readonly seed?: number;
  readonly failpoints?: Failpoints;
}

export function testEnv({ disk, seed = 1, failpoints }: TestEnvOptions = {}): TestEnv {
  const sent: Message[] = [];
  return {
    clock: new ManualClock(),
    random: new SeededRandom(seed),
    disk: disk ?? new MemoryDisk(),
    peers: { ...NO_PEERS, send: (messages) => sent.push(...messages) },
    failpoints: failpoints ?? { hit() {} },
    logger: SILENT_LOGGER,
    sent,
  };
}
