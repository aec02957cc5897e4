/**
 * What clients and witnesses of a run stand in: connections, time and pauses. Real clusters and simulated ones are recorded
 * by the very same code, so that what is shown about the recorder in one world holds in the other.
 */
import { type Channel, niceChannel } from "@kvorum/transport";
import { pause } from "./cluster/rpc.js";

export interface Environment {
  /** A connection to the member at the endpoint. `lasting`: it carries a stream, and a silent loss must be noticed. */
  connect(endpoint: string, lasting?: boolean): Channel;
  /** Milliseconds of one monotonic clock that everybody in the run shares. */
  nowMs(): number;
  pause(ms: number): Promise<void>;
}

/** A leader that is cut off does not end a stream: without this it would wait for keep-alive pings of the system. */
const KEEP_ALIVE = { intervalMs: 5_000, timeoutMs: 2_000 };

/** Processes, sockets and the machine's own clock. */
export const REAL: Environment = {
  connect: (endpoint, lasting = false) =>
    niceChannel(endpoint, { connectTimeoutMs: 1_000, ...(lasting && { keepAlive: KEEP_ALIVE }) }),
  nowMs: () => performance.now(),
  pause,
};
