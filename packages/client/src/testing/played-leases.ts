/** Leases kept alive over streams that a test plays, on a clock that it moves. */

import type { Lease } from "../lease/lease.js";
import { Leases, type LeasesOptions } from "../lease/lease-api.js";
import { Balancer } from "../net/balancer.js";
import { Caller } from "../net/caller.js";
import { Credentials } from "../net/credentials.js";
import { Endpoint } from "../net/endpoint.js";
import { Streams } from "../net/streams.js";
import { FakeTransport } from "./fake-transport.js";
import { ManualClock } from "./manual-clock.js";

/** Seconds, of the leases that `keep` gives. */
export const TTL = 9;

export interface PlayedLeases {
  readonly transport: FakeTransport;
  readonly clock: ManualClock;
  readonly leases: Leases;
  keep(id: bigint): Promise<Lease>;
  /** How many keepalives each stream has been sent. */
  sent(): number[];
  /** How often a method was called. */
  calls(method: string): number;
}

export function playedLeases(
  addresses: string[] = ["http://a"],
  options: Partial<Pick<LeasesOptions, "onClose" | "random" | "timeoutMs">> = {},
): PlayedLeases {
  const transport = new FakeTransport();
  const clock = new ManualClock();
  const endpoints = addresses.map((address) => new Endpoint(address, transport.factory, {}));
  const balancer = new Balancer(endpoints, "pick-first");
  const credentials = new Credentials(undefined, balancer, clock);
  const shared = { clock, random: () => 0.5, ...options };
  const caller = new Caller({ balancer, credentials, ...shared, closed: new AbortController().signal });
  const leases = new Leases({ caller, streams: new Streams(balancer, credentials, clock), ...shared });
  transport.answer = ({ request }) => ({ ID: request["ID"], TTL: request["TTL"] });
  return {
    transport,
    clock,
    leases,
    keep: (id: bigint) => leases.keep({ ttl: TTL, id }),
    sent: () => transport.streams.map((stream) => stream.requests.length),
    calls: (method) => transport.calls.filter((call) => call.method === method).length,
  };
}

/** The answer to a keepalive. */
export const alive = (ID: bigint, ttl: number = TTL): Record<string, unknown> => ({ ID, TTL: BigInt(ttl) });
