/** A world for the contract of networks in which members meet in memory and time passes by hand. */
import type { PeerWorld, Place } from "../src/io/peers/contract-world.js";
import { MemoryNetwork, type MemoryNetworkOptions } from "../src/simulation/memory-network.js";
import { SeededRandom } from "../src/simulation/seeded-random.js";
import { ManualClock } from "./manual-clock.js";

const SEED = 7;
/** After so long what has not happened does not happen. */
const EVENTUALLY_MS = 10_000;

export class MemoryWorld implements PeerWorld {
  readonly clock: ManualClock = new ManualClock();
  readonly network: MemoryNetwork;

  constructor(options: Partial<MemoryNetworkOptions> = {}) {
    this.network = new MemoryNetwork({ clock: this.clock, random: new SeededRandom(SEED), ...options });
  }

  async join(url?: string): Promise<Place> {
    const peers = url === undefined ? this.network.join() : this.network.join(url);
    return { peers, url: peers.urls[0] ?? "", close: () => peers.close() };
  }

  async eventually(condition: () => boolean, what: string): Promise<void> {
    await this.clock.settle();
    for (let passedMs = 0; !condition(); passedMs += 1) {
      if (passedMs > EVENTUALLY_MS) throw new Error(`never happened: ${what}`);
      await this.pass(1);
    }
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
    await this.clock.settle();
  }
}
