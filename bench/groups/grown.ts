/** A server that is filled with keys, one put each, and with watchers. */
import { replay } from "../load/replay.js";
import { counting, numberedKey, puts } from "../load/requests.js";
import { Watchers } from "../load/watchers.js";
import type { Readings } from "../readings.js";
import type { Server } from "../servers.js";

export const PREFIX = "bench/grow/";
const FILL = { connections: 10, callersPerConnection: 100, requests: "fresh" } as const;

/** How far one server has got. */
export class Grown {
  readonly #server: Server;
  #keys = 0;
  #fillReadings: Readings = {};
  #watchers: Watchers | undefined;

  constructor(server: Server) {
    this.#server = server;
  }

  /** After the last filling: its rate, memory, and what each of its puts took on the disk. */
  get fillReadings(): Readings {
    return this.#fillReadings;
  }

  async growTo(keys: number): Promise<void> {
    const [from, members] = [this.#keys, this.#server.members];
    if (keys <= from) return;
    const [member] = members;
    const before = await member?.storedBytes();
    const number = counting();
    const source = () => puts(PREFIX, () => from + number());
    const { perSecond } = await replay(this.#server.endpoint, { ...FILL, source }, { calls: keys - from });
    this.#keys = keys;
    const stored = ((await member?.storedBytes()) ?? Number.NaN) - (before ?? Number.NaN);
    this.#fillReadings = { perSecond, ...(await member?.memory()), storedBytes: stored / (keys - from) };
  }

  /** They watch keys that nobody writes. */
  async watchWith(watchers: number): Promise<void> {
    this.close();
    const shape = { connections: 10, streamsPerConnection: 10, watchers };
    this.#watchers = await Watchers.open(this.#server.endpoint, {
      ...shape,
      key: (watcher) => numberedKey("bench/idle/", watcher),
    });
  }

  close(): void {
    this.#watchers?.close();
    this.#watchers = undefined;
  }
}
